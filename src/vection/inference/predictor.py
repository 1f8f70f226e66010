"""A trained method as a function of images: any size in, depth of the same size out, with its unit."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from vection.arrays import AnyArray, CameraNumbers, DepthMap, Pose, RgbImage, Unit
from vection.data.clips.folder import read_rgb
from vection.data.clips.resizing import resize_camera, resize_image, resize_map, resize_nearest
from vection.errors import UsageError
from vection.inference.camera import learned_camera
from vection.inference.flip import blend_flipped
from vection.inference.prediction import Prediction
from vection.inference.sources import Frame
from vection.methods.method import Method, Motion
from vection.networks.cameras import camera_matrices
from vection.types import Image, InverseDepth

NetworkMap = Float32[np.ndarray, "network_height network_width"]
"""A number a pixel, of the size that the network was trained for."""

NetworkImage = Float[Tensor, "1 3 network_height network_width"]
"""RGB in [0, 1], of the size that the network was trained for."""


class Predictor:
    """Runs a method on one image at a time.

    `height` and `width` are the size the network was trained for. `depth_scale` multiplies depth and path and turns
    them into `unit`; `scale_source` says where it came from. `flip_postprocess` predicts the mirrored image too, for
    twice the time. `bfloat16` computes in that precision where the device gains from it. The method is put on
    `device` and into evaluation mode.

    >>> from vection.methods import Monodepth2, Monodepth2Settings
    >>> predictor = Predictor(Monodepth2(Monodepth2Settings(pretrained=False)), height=64, width=96)
    >>> predictor.predict(np.zeros((120, 200, 3), np.uint8)).depth.shape
    (120, 200)
    >>> frames = [np.zeros((120, 200, 3), np.uint8)] * 3
    >>> [prediction.T_camera_to_world.shape for prediction in predictor.stream(frames)]
    [(4, 4), (4, 4), (4, 4)]
    """

    def __init__(
        self,
        method: Method,
        *,
        height: int,
        width: int,
        device: str = "cpu",
        flip_postprocess: bool = False,
        bfloat16: bool = False,
        depth_scale: float = 1.0,
        unit: Unit = "up-to-scale",
        scale_source: str = "none: monocular training leaves the scale open",
    ) -> None:
        self.method = method.to(device).eval()
        self.height = height
        self.width = width
        self.device = torch.device(device)
        self.flip_postprocess = flip_postprocess
        self.bfloat16 = bfloat16
        self.depth_scale = depth_scale
        self.unit: Unit = unit
        self.scale_source = scale_source

    def predict(self, image: RgbImage | Frame | Path | str) -> Prediction:
        """Predict from one RGB image (uint8, any size), frame or image file alone; DataError if a file is no image."""
        if isinstance(image, Frame):
            return self._predict_frame(image)
        if isinstance(image, Path | str):
            path = Path(image)
            return self._predict_frame(Frame(path.stem, read_rgb(path)))
        return self._predict_frame(Frame("image", image))

    def stream(self, frames: Iterable[Frame | RgbImage]) -> Iterator[Prediction]:
        """Predict consecutive frames of a camera as they come, with path and motion if the method knows motion.

        The world is the first frame's camera; T_second_to_world = T_first_to_world inv(T_first_to_second). Motion of a
        frame needs the next one, so a prediction comes one frame late (at once if the method knows no motion). Images
        without a name are numbered.
        """
        if not self.method.knows.ego_motion:
            yield from (self._predict_frame(frame) for frame in _named(frames))
            return
        T_camera_to_world = np.eye(4)
        waiting: Prediction | None = None
        predicted_camera: CameraNumbers | None = None
        before: Image | None = None
        first: Image | None = None
        for frame in _named(frames):
            second = self._to_network(frame.image)
            prediction = self._predict_frame(frame, network_image=second)
            if waiting is not None and first is not None:
                motion = self._motion(waiting, first, second, before=before)
                yield replace(waiting, **motion)
                predicted_camera = motion.get("intrinsics")
                T_camera_to_world = T_camera_to_world @ np.linalg.inv(motion["T_to_next"])
            waiting = replace(prediction, T_camera_to_world=T_camera_to_world.copy())
            before, first = first, second
        if waiting is not None:
            # Predicted intrinsics belong to a pair; the last frame has none of its own and takes those before.
            yield waiting if predicted_camera is None else replace(waiting, intrinsics=predicted_camera)

    def path(self, frames: Iterable[Frame | RgbImage]) -> Iterator[tuple[Frame, Pose]]:
        """Predict only where the camera was, T_camera_to_world of every frame as in `stream`, without its depth.

        UsageError if the method knows no motion.
        """
        if not self.method.knows.ego_motion:
            raise UsageError("This model knows no motion of the camera, so no path; use one that was trained on video.")
        T_camera_to_world = np.eye(4)
        before: Image | None = None
        first: Image | None = None
        last: Frame | None = None
        for frame in _named(frames):
            second = self._to_network(frame.image)
            if first is not None and last is not None:
                size, camera = last.image.shape[:2], self._camera(last)
                motion = self._network_motion(first, second, before=before, size=size, camera=camera)
                T_camera_to_world = T_camera_to_world @ np.linalg.inv(self._ego_motion(motion))
            yield frame, T_camera_to_world.copy()
            before, first, last = first, second, frame

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
            intrinsics=self._camera(frame),
            classes=self._classes(image, frame.image.shape[:2]),
        )

    def _depth_at_size(self, inverse_depth: NetworkMap, image: RgbImage) -> DepthMap:
        """Resize inverse depth, not depth: it is what the network is smooth in, and edges keep no far fringe."""
        return np.asarray(self.depth_scale / resize_map(inverse_depth, image.shape[:2]), dtype=np.float32)

    def _inverse_depth(self, image: Image) -> InverseDepth:
        with torch.inference_mode(), self._precision():
            inverse: InverseDepth = 1 / self.method.predict_depth(image).float()
            if self.flip_postprocess:
                inverse = blend_flipped(inverse, 1 / self.method.predict_depth(image.flip(-1)).float())
        return inverse

    def _motion(self, prediction: Prediction, first: Image, second: Image, *, before: Image | None) -> dict[str, Any]:
        """Return what else is predicted of the first frame: its motion until the second, at the size of its image."""
        size, network = prediction.depth.shape, (self.height, self.width)
        motion = self._network_motion(first, second, before=before, size=size, camera=prediction.intrinsics)
        values: dict[str, Any] = {"T_to_next": self._ego_motion(motion)}
        knows_objects = self.method.knows.object_motion
        if motion.object_flow is not None and knows_objects:
            flow = self.depth_scale * motion.object_flow[0].float()
            values["object_flow"] = _at_size(flow.permute(1, 2, 0).cpu().numpy(), size)
        if motion.moving is not None and knows_objects:
            values["motion_mask"] = _at_size(motion.moving[0, 0].float().cpu().numpy(), size).clip(0, 1)
        if motion.intrinsics is not None:
            K = motion.intrinsics[0].double().cpu().numpy()
            values["intrinsics"] = resize_camera((K[0, 0], K[1, 1], K[0, 2], K[1, 2]), from_size=network, to_size=size)
        return values

    def _network_motion(
        self, first: Image, second: Image, *, before: Image | None, size: tuple[int, ...], camera: CameraNumbers | None
    ) -> Motion:
        """Run the method; `camera` are the intrinsics of the first image at its own `size`, if known."""
        intrinsics = None
        if camera is not None:
            numbers = resize_camera(camera, from_size=size, to_size=(self.height, self.width))
            focal, centre = torch.tensor([numbers], device=self.device).split(2, dim=1)
            intrinsics = camera_matrices(focal, centre)
        with torch.inference_mode(), self._precision():
            return self.method.predict_motion(first, second, before=before, intrinsics=intrinsics)

    def _ego_motion(self, motion: Motion) -> Pose:
        """T_first_to_second in `unit`."""
        T_first_to_second: Pose = motion.ego[0].double().cpu().numpy()
        T_first_to_second[:3, 3] *= self.depth_scale
        return T_first_to_second

    def _classes(self, image: Image, size: tuple[int, ...]) -> UInt8[np.ndarray, "image_height image_width"] | None:
        """Classes at `size`, nearest pixel; None if the method has not learned them."""
        if not self.method.knows.classes:
            return None
        with torch.inference_mode(), self._precision():
            ids = self.method.predict_classes(image)[0, 0].cpu().numpy()
        return np.asarray(resize_nearest(ids, size), dtype=np.uint8)

    def _camera(self, frame: Frame) -> CameraNumbers | None:
        """Intrinsics of the frame's image: as learned, if it is known which of the learned cameras took it."""
        size, network = frame.image.shape[:2], (self.height, self.width)
        given = None
        if frame.intrinsics is not None:
            given = resize_camera(frame.intrinsics, from_size=size, to_size=network)
        learned = learned_camera(self.method.cameras, network, given=given)
        return frame.intrinsics if learned is None else resize_camera(learned, from_size=network, to_size=size)

    def _to_network(self, image: RgbImage) -> NetworkImage:
        resized = resize_image(image, (self.height, self.width))
        tensor = torch.from_numpy(np.ascontiguousarray(resized.transpose(2, 0, 1)))[None]
        return tensor.to(self.device).float() / 255

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if self.bfloat16 else nullcontext()


def _named(frames: Iterable[Frame | RgbImage]) -> Iterator[Frame]:
    for index, given in enumerate(frames):
        yield given if isinstance(given, Frame) else Frame(f"{index:06d}", given)


def _at_size(values: Float32[np.ndarray, "height width *channel"], size: tuple[int, ...]) -> AnyArray:
    return np.ascontiguousarray(resize_map(values, size), dtype=np.float32)
