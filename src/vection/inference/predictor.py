"""A trained method as a function of images: any size in, depth of the same size out, with its unit."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from vection.data.clip_folder import read_rgb
from vection.inference.flip import blend_flipped
from vection.inference.prediction import DepthMap, Prediction, RgbImage
from vection.inference.sources import Frame
from vection.methods.method import Method
from vection.types import Image, InverseDepth

NetworkMap = Float32[np.ndarray, "network_height network_width"]
NetworkImage = Float[Tensor, "1 3 network_height network_width"]


class Predictor:
    """Runs a method on one image at a time.

    `height` and `width` are the size the network was trained for. `depth_scale` multiplies depth and path and turns
    them into `unit`; `scale_source` says where it came from. `flip_postprocess` predicts the mirrored image too, for
    twice the time. `bfloat16` computes in that precision where the device gains from it. The method is put on
    `device` and into evaluation mode.
    """

    def __init__(
        self,
        method: Method[Any],
        *,
        height: int,
        width: int,
        device: str = "cpu",
        flip_postprocess: bool = False,
        bfloat16: bool = False,
        depth_scale: float = 1.0,
        unit: str = "up-to-scale",
        scale_source: str = "none: monocular training leaves the scale open",
    ) -> None:
        self.method = method.to(device).eval()
        self.height = height
        self.width = width
        self.device = torch.device(device)
        self.flip_postprocess = flip_postprocess
        self.bfloat16 = bfloat16
        self.depth_scale = depth_scale
        self.unit = unit
        self.scale_source = scale_source

    def predict(self, image: RgbImage | Path | str) -> Prediction:
        """Predict the depth of an RGB image (uint8, any size) or image file; DataError if a file is no image."""
        if isinstance(image, Path | str):
            path = Path(image)
            return self._predict_frame(Frame(path.stem, read_rgb(path)))
        return self._predict_frame(Frame("image", image))

    def stream(self, frames: Iterable[Frame | RgbImage]) -> Iterator[Prediction]:
        """Predict consecutive frames of a camera as they come, with `T_camera_to_world` if the method knows motion.

        The world is the first frame's camera; T_second_to_world = T_first_to_world inv(T_first_to_second). Images
        without a name are numbered.
        """
        T_camera_to_world = np.eye(4)
        previous: Image | None = None
        for index, given in enumerate(frames):
            frame = given if isinstance(given, Frame) else Frame(f"{index:06d}", given)
            current = self._to_network(frame.image)
            if previous is not None and self.method.knows_ego_motion:
                T_camera_to_world = T_camera_to_world @ np.linalg.inv(self._ego_motion(previous, current))
            previous = current
            prediction = self._predict_frame(frame, network_image=current)
            if self.method.knows_ego_motion:
                prediction = replace(prediction, T_camera_to_world=T_camera_to_world.copy())
            yield prediction

    def _predict_frame(self, frame: Frame, *, network_image: NetworkImage | None = None) -> Prediction:
        image = self._to_network(frame.image) if network_image is None else network_image
        inverse = self._inverse_depth(image)[0, 0].float().cpu().numpy()
        return Prediction(
            name=frame.name,
            image=frame.image,
            depth=self._depth_at_size(inverse, frame.image),
            unit=self.unit,
            scale_source=self.scale_source,
            seconds=frame.seconds,
            intrinsics=frame.intrinsics,
        )

    def _depth_at_size(self, inverse_depth: NetworkMap, image: RgbImage) -> DepthMap:
        """Resize inverse depth, not depth: it is what the network is smooth in, and edges keep no far fringe."""
        height, width = image.shape[:2]
        if inverse_depth.shape != (height, width):
            inverse_depth = cv2.resize(inverse_depth, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(self.depth_scale / inverse_depth, dtype=np.float32)

    def _inverse_depth(self, image: Image) -> InverseDepth:
        with torch.inference_mode(), self._precision():
            inverse: InverseDepth = 1 / self.method.predict_depth(image).float()
            if self.flip_postprocess:
                inverse = blend_flipped(inverse, 1 / self.method.predict_depth(image.flip(-1)).float())
        return inverse

    def _ego_motion(self, first: Image, second: Image) -> np.ndarray:
        with torch.inference_mode(), self._precision():
            motion = self.method.predict_motion(first, second)
        T_first_to_second = motion.ego[0].double().cpu().numpy()
        T_first_to_second[:3, 3] *= self.depth_scale
        return T_first_to_second

    def _to_network(self, image: RgbImage) -> NetworkImage:
        """Resize by area, which keeps thin things when shrinking; enlarge bilinearly."""
        shrinks = image.shape[0] >= self.height and image.shape[1] >= self.width
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        resized = cv2.resize(image, (self.width, self.height), interpolation=method)
        tensor = torch.from_numpy(np.ascontiguousarray(resized.transpose(2, 0, 1)))[None]
        return tensor.to(self.device).float() / 255

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if self.bfloat16 else nullcontext()
