"""A ROS 2 node: depth of a camera's images by an exported network. An example that was not run: it needs ROS 2.

vection export street --to onnx --out exported
python examples/ros2_depth_node.py --ros-args -p network:=exported/depth.onnx -r image:=/camera/image_rect

Subscribes to `image` (rgb8 or bgr8, rectified), publishes `depth` (32FC1, REP 118) with the header of the image, so
that camera_info of the image holds for it too. REP 118 means metres: depth that is up to scale is published as
`depth_up_to_scale` instead. A late image is dropped, not queued.
"""

import json
from array import array

import cv2
import numpy as np
import onnxruntime
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from run_onnx import predict
from sensor_msgs.msg import Image

NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


class DepthNode(Node):
    def __init__(self) -> None:
        super().__init__("vection_depth")
        file = self.declare_parameter("network", "depth.onnx").value
        self.session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        self.about = json.loads(self.session.get_modelmeta().custom_metadata_map["vection"])
        topic = "depth" if self.about["unit"] == "metres" else "depth_up_to_scale"
        self.publisher = self.create_publisher(Image, topic, NEWEST)
        self.create_subscription(Image, "image", self.predict, NEWEST)
        self.get_logger().info(f"{topic} in {self.about['unit']}: {self.about['scale_source']}")

    def predict(self, message: Image) -> None:
        if message.encoding not in ("rgb8", "bgr8"):
            self.get_logger().error(f"images are {message.encoding}, not rgb8 or bgr8", once=True)
            return
        rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
        image = rows[:, : 3 * message.width].reshape(message.height, message.width, 3)
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if message.encoding == "rgb8" else image
        depth = predict(self.session, self.about, bgr).astype("<f4")
        answer = Image(
            header=message.header,
            height=message.height,
            width=message.width,
            encoding="32FC1",
            is_bigendian=0,
            step=4 * message.width,
        )
        answer.data = array("B", depth.tobytes())
        self.publisher.publish(answer)


def main() -> None:
    rclpy.init()
    node = DepthNode()
    try:
        rclpy.spin(node)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
