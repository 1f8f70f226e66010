"""What a trained method sees in a user's frames: the pictures that its training panels show, frame by frame."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vection.arrays import CameraNumbers
from vection.data.clips.folder import ClipInfo
from vection.data.clips.resizing import resize_camera, resize_nearest
from vection.data.measure.clip import measured_geometry
from vection.data.sets.clip_dataset import camera_matrix
from vection.data.sets.measured import read_sample
from vection.data.sets.times import source_seconds
from vection.errors import UsageError
from vection.formats.measured_geometry import MeasuredClip, is_measured
from vection.inference.camera import matching_cameras
from vection.inference.pictures import PictureMap
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame
from vection.methods.method import Method
from vection.methods.pictures import MEASURED, PICTURES
from vection.methods.steps.observation import observe
from vection.samples import Batch, Measured, StereoView


@dataclass(frozen=True)
class ObservedFrame:
    """What a method sees in a frame, at the size that its network sees."""

    name: str
    seconds: float
    pictures: dict[str, PictureMap]
    """By their names in `methods.pictures`; depth and translation in the predictor's unit."""


def picture_names(method: Method) -> tuple[str, ...]:
    """Return the pictures that a trained method can make of any frames; measured ones besides, of measured clips.

    A model whose weights lack parts of the method makes those that need none of them.
    """
    if method.knows == method.settings.knows:
        return method.pictures
    return tuple(name for name in method.pictures if name in ("target", "depth"))


@dataclass
class Observer:
    """Makes pictures of the frames of one camera; no more of them are in memory than are looked at together.

    `names` are the pictures to make; empty: all that the method can make of these frames. `observe` raises UsageError
    for others, and where a frame lacks what the method looks at: intrinsics, or the other camera of a stereo pair.
    """

    predictor: Predictor
    names: Sequence[str] = ()
    _measured: dict[str, MeasuredClip] = field(default_factory=dict)

    @property
    def offsets(self) -> tuple[int, ...]:
        """Frames from a target to each frame that it is compared with."""
        return self.predictor.offsets if self.predictor.method.settings.needs.neighbours else ()

    def observe(self, frames: Iterable[Frame]) -> Iterator[ObservedFrame]:
        """Yield what is seen in every frame that has its neighbours; cuts and the breaks of a clip are not crossed."""
        before, after = -min(0, 0, *self.offsets), max(0, 0, *self.offsets)
        window: deque[Frame] = deque(maxlen=before + after + 1)
        wanted: tuple[str, ...] | None = None
        for frame in frames:
            wanted = wanted or self._checked(frame)
            if window and not frame.continues(window[-1]):
                window.clear()
            window.append(frame)
            if len(window) == window.maxlen:
                target, sources = window[before], [window[before + offset] for offset in self.offsets]
                yield self._observed(target, sources, wanted)

    def check(self, first: Frame, *, count: int | None = None) -> None:
        """Raise the UsageError that `observe` would, before anything is computed, by the first of `count` frames."""
        self._checked(first)
        reach = 1 + max(0, 0, *self.offsets) - min(0, 0, *self.offsets)
        if count is not None and count < reach:
            raise UsageError(
                f"There are no pictures of {count} frames: this model sees a frame together with others, {reach} in "
                "all; give a video, a folder of images that follow each other, or a clip."
            )
        self._camera(first)
        self._stereo(first)

    def _checked(self, frame: Frame) -> tuple[str, ...]:
        """Return the names to make of frames like this one."""
        names = picture_names(self.predictor.method)
        names += MEASURED if self._is_measured(frame.clip) else ()
        for name in set(self.names) - set(names):
            can = f"it makes {', '.join(names)}"
            if name not in PICTURES:
                raise UsageError(f"There is no picture '{name}'; of these frames this model makes {', '.join(names)}.")
            if name in MEASURED:
                size = f"{self.predictor.width}x{self.predictor.height}"
                can = f"it wants a clip of {size} that was measured (`ingest` with `measure=True`); else {can}"
            raise UsageError(f"This model makes no picture '{name}' of these frames; {can}.")
        return tuple(name for name in names if name in self.names) if self.names else names

    def _is_measured(self, clip: ClipInfo | None) -> bool:
        size = (self.predictor.height, self.predictor.width)
        return clip is not None and (clip.height, clip.width) == size and is_measured(clip.folder)

    def _observed(self, target: Frame, sources: Sequence[Frame], names: Sequence[str]) -> ObservedFrame:
        seen = observe(self.predictor.method, self._batch(target, sources)).pictures
        factors = {"depth": self.predictor.depth_scale, "vectors": self.predictor.depth_scale}
        pictures = {
            name: np.asarray(seen[name][0].float().cpu().numpy() * factors.get(PICTURES[name].drawing, 1.0), np.float32)
            for name in names
        }
        return ObservedFrame(target.name, target.seconds, pictures)

    def _batch(self, target: Frame, sources: Sequence[Frame]) -> Batch:
        image = self.predictor.to_network(target.image)
        others = [self.predictor.to_network(frame.image) for frame in sources]
        stacked = torch.stack(others, dim=1) if others else image[:, None][:, :0]
        K, numbers = zip(*(self._camera(frame) for frame in (target, *sources)), strict=True)
        taken = [frame.seconds for frame in sources]
        clip, device = target.clip, self.predictor.device
        waits = clip is not None and clip.waits
        seconds = source_seconds(target.seconds, taken, offsets=self.offsets, waits=waits)
        classes = self._classes(clip, [target.number, *(frame.number for frame in sources)])
        batch = Batch(
            target=image,
            sources=stacked,
            target_jittered=image,
            sources_jittered=stacked,
            intrinsics=K[0],
            source_intrinsics=torch.stack(K[1:], dim=1) if sources else K[0][:, None][:, :0],
            seconds=torch.tensor([seconds], dtype=torch.float32).reshape(1, len(sources)),
            stored_to_image=torch.eye(3)[None],
            stereo=self._stereo(target),
            usable=self._usable(clip),
            camera=torch.tensor([numbers[0]]),
            classes=None if classes is None else classes[:, :1],
            source_classes=None if classes is None else classes[:, 1:],
            measured=self._read_measured(target, sources),
        )
        return batch.to(device)

    def _camera(self, frame: Frame) -> tuple[Tensor, int]:
        """Return K in pixels of the network's images, and the number of a learned camera.

        A learned one is what it was before it was learned: the method corrects it.
        """
        method, size = self.predictor.method, (self.predictor.height, self.predictor.width)
        given, learned_at = frame.intrinsics, self.predictor.training_size
        if given is not None:
            given = resize_camera(given, from_size=frame.image.shape[:2], to_size=size)
        cameras, needs = method.cameras, method.settings.needs
        if cameras is not None and cameras.learned is not None:
            name = None if frame.clip is None else frame.clip.camera
            names = self.predictor.camera_names
            before = None if given is None else resize_camera(given, from_size=size, to_size=learned_at)
            found = matching_cameras(cameras.learned, learned_at, given=before, name=name, names=names)
            if len(found) != 1:
                raise UsageError(
                    f"This model learned cameras, and which of them took '{frame.name}' is not known; "
                    "give the `intrinsics` that it was trained with."
                )
            number = next(iter(found))
            fx, fy, cx, cy = cameras.learned.given[number].tolist()
            return self._matrix(resize_camera((fx, fy, cx, cy), from_size=learned_at, to_size=size)), number
        predicted = cameras is not None and cameras.source == "per-pair"
        if given is None and (needs.neighbours or needs.stereo) and not predicted:
            raise UsageError(
                f"These pictures compare frames, which needs the camera, and '{frame.name}' has no intrinsics; "
                "give `intrinsics`."
            )
        return self._matrix(given or (float(size[1]), float(size[1]), size[1] / 2, size[0] / 2)), 0

    def _matrix(self, numbers: CameraNumbers | Sequence[float]) -> Tensor:
        return camera_matrix(numbers)[None]

    def _stereo(self, frame: Frame) -> StereoView | None:
        if not self.predictor.method.settings.needs.stereo:
            return None
        if frame.clip is None or frame.clip.stereo is None:
            raise UsageError(
                "This model compares the two cameras of a stereo pair; give clips that hold both (vection prepare)."
            )
        image, size = frame.clip.read_stereo_image(frame.number), (self.predictor.height, self.predictor.width)
        camera = resize_camera(frame.clip.stereo.intrinsics, from_size=image.shape[:2], to_size=size)
        T = torch.tensor(frame.clip.stereo.T_target_to_stereo, dtype=torch.float32)[None]
        other = self.predictor.to_network(image)
        return StereoView(other, other, self._matrix(camera), T)

    def _classes(self, clip: ClipInfo | None, numbers: Sequence[int]) -> Tensor | None:
        if not self.predictor.method.settings.needs.class_maps:
            return None
        if clip is None:
            raise UsageError("This model looks at class maps beside the frames; give clips that hold them.")
        size = (self.predictor.height, self.predictor.width)
        maps = [resize_nearest(clip.read_classes(number), size) for number in numbers]
        return torch.from_numpy(np.stack(maps))[None]

    def _usable(self, clip: ClipInfo | None) -> Tensor | None:
        mask = None if clip is None else clip.read_usable()
        if mask is None:
            return None
        resized = resize_nearest(mask.astype(np.uint8), (self.predictor.height, self.predictor.width))
        return torch.from_numpy(resized > 0)[None, None]

    def _read_measured(self, target: Frame, sources: Sequence[Frame]) -> Measured | None:
        clip = target.clip
        if clip is None or not self._is_measured(clip):
            return None
        place = str(clip.folder)
        if place not in self._measured:
            self._measured[place] = measured_geometry(clip)
        return read_sample(self._measured[place], target.number, [frame.number for frame in sources])
