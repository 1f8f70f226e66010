"""A trained method as a function of images: any size in, depth of the same size out, with its unit."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from vection.arrays import AnyArray, CameraNumbers, DepthMap, Pose, RgbImage, Unit
from vection.data.clips.resizing import resize_camera, resize_image, resize_map, resize_nearest
from vection.data.sets.times import source_seconds
from vection.errors import UsageError
from vection.inference.ahead import in_groups
from vection.inference.camera import learned_camera
from vection.inference.motion.measured import MotionMeasurement, SeenFrame
from vection.inference.motion.source import UNKNOWN_CAMERA, MotionChoice, choose_motion
from vection.inference.networks import Networks
from vection.inference.prediction import FramePose, Prediction
from vection.inference.sources import Frame, open_image
from vection.inference.steps import NetworkImage, NetworkMap, PairStep, Seen
from vection.inference.window_rule import WindowRule
from vection.methods.method import Method, Motion
from vection.networks.cameras import camera_matrices
from vection.types import Image

OPEN_SCALE = "none: monocular training leaves the scale open"


class Predictor:
    """Runs a method on one image at a time.

    `height` and `width` are the size the network was trained for. `depth_scale` multiplies depth and path and turns
    them into `unit`; `scale_source` says where it came from. `flip_postprocess` predicts the mirrored image too, for
    twice the time. `bfloat16` computes in that precision where the device gains from it. The method is put on
    `device` and into evaluation mode; at the first prediction a copy is made of it, which predicts the same faster.

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
        scale_source: str = OPEN_SCALE,
    ) -> None:
        self.method = method.to(device).eval()
        self.height = height
        self.width = width
        self.device = torch.device(device)
        self.depth_scale = depth_scale
        self.unit: Unit = unit
        self.scale_source = scale_source
        self.camera_names: tuple[str | None, ...] = ()
        """Names of the cameras that were learned one by one, by number."""
        self.training_size = (height, width)
        """Height and width of the frames of training, in whose pixels cameras were learned."""
        self.rule = WindowRule(height, width)
        """Which part of videos and photos the method shall see; for `open_sources`, because images are seen whole."""
        self.offsets: tuple[int, ...] = (-1, 1)
        self.batch_size = 1
        """How many frames of a stream the depth network sees at once; more are faster, and come that much later."""
        self.networks = Networks(self.method, flip_postprocess=flip_postprocess, bfloat16=bfloat16)

    def predict(self, image: RgbImage | Frame | Path | str) -> Prediction:
        """Predict from one RGB image (uint8, any size), frame or image file alone; DataError if a file is no image.

        Of a file the part is seen that `rule` says, and the prediction's `window` is it, with the camera that lies
        beside it or that it states, as `open_sources` has it; arrays are seen whole.
        """
        if isinstance(image, Frame):
            return self._predict_frame(image)
        if isinstance(image, Path | str):
            return self._predict_frame(open_image(Path(image), rule=self.rule))
        return self._predict_frame(Frame("image", image))

    def stream(self, frames: Iterable[Frame | RgbImage], *, motion: MotionChoice | None = None) -> Iterator[Prediction]:
        """Predict consecutive frames of a camera as they come, with the camera's path and what else the method knows.

        The world is the first frame's camera; T_second_to_world = T_first_to_world inv(T_first_to_second). Motion of a
        frame needs the next one, so a prediction comes one frame late (at once if there is no motion). Images without a
        name are numbered. `motion` says whether the camera's motion is measured in the frames, in the unit of the
        predicted depth, or predicted (None: as the method learned it, else measured); `motion_source` of a prediction
        says which it was; behind a gap of a clip ("cut") the path goes on where it was. UsageError if it cannot be had;
        with "auto" it is then left out.
        """
        chosen, named = self._choose_motion(frames, motion)
        if chosen == "none":
            yield from (replace(prediction, motion_source="none") for prediction in self.each(named))
            return
        T_camera_to_world = np.eye(4)
        waiting: Prediction | None = None
        predicted_camera: CameraNumbers | None = None
        for seen, step in self._steps(named, measures=chosen == "measured", fallback=motion != "measured"):
            if waiting is not None and step is not None:
                values = self._motion_values(step, size=waiting.depth.shape)
                predicted_camera = values.get("intrinsics", predicted_camera)
                yield _with_camera(replace(waiting, **values), predicted_camera if step.source == "cut" else None)
                T_camera_to_world = T_camera_to_world @ np.linalg.inv(step.T_first_to_second)
            prediction = self._predict_frame(seen.frame, network_image=seen.image, inverse_depth=seen.inverse_depth)
            waiting = replace(prediction, T_camera_to_world=T_camera_to_world.copy())
        if waiting is not None:
            yield _with_camera(waiting, predicted_camera)

    def each(self, frames: Iterable[Frame | RgbImage]) -> Iterator[Prediction]:
        """Predict frames that need not follow each other, as they come."""
        for seen in self._see_all(_named(frames), with_depth=True):
            yield self._predict_frame(seen.frame, network_image=seen.image, inverse_depth=seen.inverse_depth)

    def path(self, frames: Iterable[Frame | RgbImage], *, motion: MotionChoice | None = None) -> Iterator[FramePose]:
        """Predict only where the camera was, T_camera_to_world of every frame as in `stream`, without depth maps.

        UsageError if there is no motion.
        """
        chosen, named = self._choose_motion(frames, motion)
        if chosen == "none":
            raise UsageError(f"There is no path: {UNKNOWN_CAMERA}.")
        T_camera_to_world = np.eye(4)
        steps = self._steps(named, measures=chosen == "measured", fallback=motion != "measured", path_only=True)
        for seen, step in steps:
            if step is not None:
                T_camera_to_world = T_camera_to_world @ np.linalg.inv(step.T_first_to_second)
            yield FramePose(seen.frame, T_camera_to_world.copy(), None if step is None else step.source)

    def _choose_motion(
        self, frames: Iterable[Frame | RgbImage], motion: MotionChoice | None
    ) -> tuple[Literal["measured", "network", "none"], Iterator[Frame]]:
        """Return where motion comes from, by the first frame, and all frames."""
        named = _named(frames)
        knows = self.method.knows.ego_motion
        motion = motion or ("network" if knows else "auto")
        first = next(named, None)
        if first is None:
            return "none", iter(())
        return choose_motion(motion, first, camera=self._camera(first), known_to_method=knows), chain([first], named)

    def _steps(
        self, frames: Iterable[Frame], *, measures: bool, fallback: bool, path_only: bool = False
    ) -> Iterator[tuple[Seen, PairStep | None]]:
        """Yield each frame with the step from the one before; None for the first. A gap is a "cut" without motion.

        With `fallback` the method predicts what cannot be measured, if it can, else the step before is repeated. Depth
        is predicted where steps are measured, and unless there is only a path to be had.
        """
        measurement = MotionMeasurement() if measures else None
        knows = self.method.knows
        needs_network = not measures or (not path_only and (knows.object_motion or self._predicts_camera))
        before: Seen | None = None
        first: Seen | None = None
        step: PairStep | None = None
        for second in self._see_all(frames, with_depth=measures or not path_only):
            if first is not None and not second.frame.continues(first.frame):
                step, first = PairStep(np.eye(4), "cut", None), None
            elif first is not None:
                measured = None
                if measurement is not None:
                    measured = measurement.step(self._for_measuring(first), self._for_measuring(second))
                motion = None
                if knows.ego_motion and (needs_network or (measured is None and fallback)):
                    motion = self._network_motion(first, second, before=before)
                if measured is not None:
                    step = PairStep(measured.T_first_to_second, measured.source, motion)
                elif motion is not None and fallback:
                    step = PairStep(self._ego_motion(motion), "network", motion)
                else:
                    step = PairStep(np.eye(4) if step is None else step.T_first_to_second, "repeated", motion)
            yield second, step
            before, first = None if step is not None and step.source == "cut" else first, second

    def _see_all(self, frames: Iterable[Frame], *, with_depth: bool) -> Iterator[Seen]:
        for group in in_groups(frames, self.batch_size):
            images = [self.to_network(frame.image) for frame in group]
            depths = self.networks.inverse_depths(images) if with_depth else [None] * len(group)
            for frame, image, depth in zip(group, images, depths, strict=True):
                yield Seen(frame, image, self._camera(frame), depth)

    def _for_measuring(self, seen: Seen) -> SeenFrame:
        assert seen.inverse_depth is not None  # predicted wherever motion is measured
        return SeenFrame(seen.frame, seen.camera, self.depth_scale / seen.inverse_depth)

    def _predict_frame(
        self, frame: Frame, *, network_image: NetworkImage | None = None, inverse_depth: NetworkMap | None = None
    ) -> Prediction:
        image = self.to_network(frame.image) if network_image is None else network_image
        inverse = self.networks.inverse_depths([image])[0] if inverse_depth is None else inverse_depth
        return Prediction(
            name=frame.name,
            image=frame.image,
            depth=self._depth_at_size(inverse, frame.image),
            unit=self.unit,
            scale_source=self.scale_source,
            seconds=frame.seconds,
            intrinsics=(camera := self._camera(frame)),
            intrinsics_learned=camera is not frame.intrinsics,
            classes=self._classes(image, frame.image.shape[:2]),
            window=frame.window,
        )

    def _depth_at_size(self, inverse_depth: NetworkMap, image: RgbImage) -> DepthMap:
        """Resize inverse depth, not depth: it is what the network is smooth in, and edges keep no far fringe."""
        return np.asarray(self.depth_scale / resize_map(inverse_depth, image.shape[:2]), dtype=np.float32)

    def _motion_values(self, step: PairStep, *, size: tuple[int, ...]) -> dict[str, Any]:
        """Return what is known of a pair's motion, for the prediction of its first frame, at the size of its image."""
        if step.source == "cut":
            return {"motion_source": step.source}
        values: dict[str, Any] = {"T_to_next": step.T_first_to_second, "motion_source": step.source}
        motion, knows_objects = step.motion, self.method.knows.object_motion
        if motion is None:
            return values
        if motion.object_flow is not None and knows_objects:
            flow = self.depth_scale * motion.object_flow[0].float()
            values["object_flow"] = _at_size(flow.permute(1, 2, 0).cpu().numpy(), size)
        if motion.moving is not None and knows_objects:
            values["motion_mask"] = _at_size(motion.moving[0, 0].float().cpu().numpy(), size).clip(0, 1)
        if motion.intrinsics is not None and step.source not in ("measured", "standing"):  # these took the given one
            network = (self.height, self.width)
            K = motion.intrinsics[0].double().cpu().numpy()
            values["intrinsics"] = resize_camera((K[0, 0], K[1, 1], K[0, 2], K[1, 2]), from_size=network, to_size=size)
            values["intrinsics_learned"] = True
        return values

    @property
    def _predicts_camera(self) -> bool:
        return self.method.cameras is not None and self.method.cameras.source == "per-pair"

    def _network_motion(self, first: Seen, second: Seen, *, before: Seen | None) -> Motion:
        intrinsics = None
        if first.camera is not None:
            size = first.frame.image.shape[:2]
            numbers = resize_camera(first.camera, from_size=size, to_size=(self.height, self.width))
            focal, centre = torch.tensor([numbers], device=self.device).split(2, dim=1)
            intrinsics = camera_matrices(focal, centre)
        earlier, now, after = None if before is None else before.image, first.frame.seconds, second.frame.seconds
        ago = 2 * now - after if before is None else before.frame.seconds
        timed = ago < now < after  # images without times are evenly spaced
        waits = first.frame.clip is not None and first.frame.clip.waits
        times = [source_seconds(now, [ago, after], offsets=(-1, 1), waits=waits)] if timed else None
        seconds = None if times is None else torch.tensor(times, device=self.device)
        return self.networks.motion(first.image, second.image, before=earlier, intrinsics=intrinsics, seconds=seconds)

    def _ego_motion(self, motion: Motion) -> Pose:
        """T_first_to_second in `unit`."""
        T_first_to_second: Pose = motion.ego[0].double().cpu().numpy()
        R = T_first_to_second[:3, :3]  # of float32; one step of Newton's, for paths chain many
        T_first_to_second[:3, :3] = R @ (3 * np.eye(3) - R.T @ R) / 2
        T_first_to_second[:3, 3] *= self.depth_scale
        return T_first_to_second

    def _classes(self, image: Image, size: tuple[int, ...]) -> UInt8[np.ndarray, "image_height image_width"] | None:
        """Classes at `size`, nearest pixel; None if the method has not learned them."""
        if not self.method.knows.classes:
            return None
        ids = self.networks.classes(image)[0, 0].cpu().numpy()
        return np.asarray(resize_nearest(ids, size), dtype=np.uint8)

    def _camera(self, frame: Frame) -> CameraNumbers | None:
        """Intrinsics of the frame's image: as learned, if it is known which of the learned cameras took it."""
        size, network = frame.image.shape[:2], self.training_size
        given = None if frame.intrinsics is None else resize_camera(frame.intrinsics, from_size=size, to_size=network)
        name = None if frame.clip is None else frame.clip.camera
        learned = learned_camera(self.method.cameras, network, given=given, name=name, names=self.camera_names)
        return frame.intrinsics if learned is None else resize_camera(learned, from_size=network, to_size=size)

    def to_network(self, image: RgbImage) -> NetworkImage:
        """Return an image as the network sees it, on its device."""
        resized = resize_image(image, (self.height, self.width))
        # Seen as batch x 3 x height x width, the bytes lie channels-last, as convolutions like them.
        return torch.from_numpy(resized)[None].permute(0, 3, 1, 2).to(self.device).float() / 255


def _with_camera(prediction: Prediction, predicted: CameraNumbers | None) -> Prediction:
    """Predicted intrinsics belong to a pair; a frame that begins none takes those before it."""
    return prediction if predicted is None else replace(prediction, intrinsics=predicted, intrinsics_learned=True)


def _named(frames: Iterable[Frame | RgbImage]) -> Iterator[Frame]:
    for index, given in enumerate(frames):
        yield given if isinstance(given, Frame) else Frame(f"{index:06d}", given)


def _at_size(values: Float32[np.ndarray, "height width *channel"], size: tuple[int, ...]) -> AnyArray:
    return np.ascontiguousarray(resize_map(values, size), dtype=np.float32)
