"""Depth of images by an exported network, with nothing but numpy, opencv and onnxruntime.

vection export street --to onnx --out exported
python examples/run_onnx.py exported/depth.onnx photo.jpg another.jpg
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime


def main() -> None:
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["vection"])
    for name in sys.argv[2:]:
        bgr = cv2.imread(name)
        if bgr is None:
            sys.exit(f"{name} is no image.")
        depth = predict(session, about, bgr)
        out = Path(name).with_suffix(".depth.npy")
        np.save(out, depth)
        print(f"{out}: depth {np.percentile(depth, 5):.3g} to {np.percentile(depth, 95):.3g}, {about['unit']}")


def predict(session: onnxruntime.InferenceSession, about: dict, bgr: np.ndarray) -> np.ndarray:
    """Return depth at the size of the image (height x width)."""
    height, width = bgr.shape[:2]
    shrinks = height >= about["height"] and width >= about["width"]
    resized = cv2.resize(
        bgr, (about["width"], about["height"]), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    image = np.ascontiguousarray(resized[None, :, :, ::-1])  # RGB, bytes
    (depth,) = session.run(["depth"], {"image": image})
    # Inverse depth is what the network is smooth in, so it is what is resized.
    return 1 / cv2.resize(1 / depth[0], (width, height), interpolation=cv2.INTER_LINEAR)


if __name__ == "__main__":
    main()
