"""Targets with their neighbours from clip folders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vection.arrays import DepthMap, PixelMask, RgbImage
from vection.data.clips.folder import ClipInfo, find_clips, read_clip
from vection.data.measure.clip import measured_geometry
from vection.data.sets.measured import read_sample
from vection.data.sets.times import source_seconds
from vection.errors import DataError, UsageError, VectionError
from vection.formats.window import Crop, TrainingWindow, Window
from vection.samples import RawSample, RawStereoView


@dataclass(frozen=True)
class _Target:
    clip: int
    frame: int


class ClipDataset(Dataset[RawSample]):
    """Every frame whose neighbours at `offsets` exist in the same clip, as a `RawSample` of batch size 1.

    `selection` maps a clip's name in `sequences` to the frame indices that may be used, as target or as source; clips
    that it lacks are left out. Without `use_sources` no neighbours are read. `use_measured` adds the geometry measured
    in the clips; frames without any are then left out, unless their sources teach. `clips` are those below `root`,
    where they have been read already. Collate with `samples.stack`.
    Raises DataError where clips do not fit together.
    """

    def __init__(
        self,
        root: Path,
        *,
        offsets: Sequence[int] = (-1, 1),
        selection: Mapping[str, Sequence[int]] | None = None,
        use_sources: bool = True,
        use_stereo: bool = False,
        use_classes: bool = False,
        use_measured: bool = False,
        clips: Sequence[ClipInfo] | None = None,
    ) -> None:
        cv2.setNumThreads(0)  # OpenCV's own threads fight with the loader's processes
        if 0 in offsets or (use_sources and not offsets):
            raise UsageError(f"Source offsets must be whole numbers other than 0, but are {tuple(offsets)}.")
        self.root = root
        self.offsets = tuple(offsets) if use_sources else ()
        self.use_sources = use_sources
        self.use_stereo = use_stereo
        self.use_classes = use_classes
        self.selection = selection
        self.clips = [read_clip(folder) for folder in find_clips(root)] if clips is None else list(clips)
        self.names = [clip_name(root, clip) for clip in self.clips]
        _check_clips(self.clips, use_stereo=use_stereo)
        self._masks = _read_masks(self.clips)
        self._measured = [measured_geometry(clip) for clip in self.clips] if use_measured else None
        self._cameras = number_cameras(self.clips)
        self._targets: list[_Target] = []
        for number, (name, clip) in enumerate(zip(self.names, self.clips, strict=True)):
            frames = range(len(clip)) if selection is None else selection.get(name, ())
            usable = usable_targets(frames, offsets=self.offsets, breaks=clip.breaks)
            self._targets += [
                _Target(number, frame)
                for frame in usable
                if (clip.targets is None or frame in clip.targets) and self._teaches(number, frame)
            ]

    @property
    def sequences(self) -> list[tuple[str, int]]:
        """Each clip's name (its path below the root) with its number of targets."""
        counts = np.bincount([target.clip for target in self._targets], minlength=len(self.clips))
        return [(name, int(count)) for name, count in zip(self.names, counts, strict=True)]

    @property
    def camera_names(self) -> tuple[str | None, ...]:
        """Names of the clips' cameras by their numbers in samples; None of those told apart by their intrinsics."""
        names = dict(zip(self._cameras, (clip.camera for clip in self.clips), strict=True))
        return tuple(names[number] for number in range(len(names)))

    @property
    def windows(self) -> tuple[TrainingWindow, ...]:
        """What the clips that are learned from show of their sources; those that agree stand together."""
        shown: dict[tuple[Window | None, Crop | None], list[str]] = {}
        for number in dict.fromkeys(target.clip for target in self._targets):
            clip = self.clips[number]
            shown.setdefault((clip.window, clip.crop), []).append(self.names[number])
        return tuple(
            TrainingWindow(() if window is None or window.is_whole else tuple(names), window, crop)
            for (window, crop), names in shown.items()
        )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every image."""
        return self.clips[0].height, self.clips[0].width

    @property
    def has_masks(self) -> bool:
        """Whether samples say which pixels are usable."""
        return self._masks is not None

    def target_frame(self, index: int) -> tuple[str, int]:
        """Return the clip's name and the frame's index of a target."""
        target = self._targets[index]
        return self.names[target.clip], target.frame

    def true_depth(self, index: int) -> DepthMap | None:
        """Return the true depth of a target, metres, at its own size, 0 where unknown; None if no file tells it.

        That of Cityscapes is of whole images, of which the clips may show a window, so it is not told.
        """
        place = self._targets[index]
        info = self.clips[place.clip]
        if info.truth_source == "cityscapes-disparity" or not info.has_truth(place.frame):
            return None
        try:
            return info.read_truth(place.frame).depth
        except VectionError:
            return None

    def __len__(self) -> int:
        """Return the number of targets."""
        return len(self._targets)

    def __getitem__(self, index: int) -> RawSample:
        """Read a target and its sources."""
        place = self._targets[index]
        info = self.clips[place.clip]
        frames = [place.frame + offset for offset in self.offsets]
        image = image_tensor(info.read_image(place.frame))
        sources = [image_tensor(info.read_image(frame)) for frame in frames]
        source_K = [camera_matrix(info.frames[frame].intrinsics) for frame in frames]
        taken = [info.frames[frame].seconds for frame in frames]
        times = source_seconds(info.frames[place.frame].seconds, taken, offsets=self.offsets, waits=info.waits)
        mask = self._masks[place.clip] if self._masks is not None else None
        return RawSample(
            target=image,
            sources=torch.stack(sources, dim=1) if sources else image[:, None][:, :0],
            intrinsics=camera_matrix(info.frames[place.frame].intrinsics)[None],
            source_intrinsics=torch.stack(source_K)[None] if source_K else torch.zeros(1, 0, 3, 3),
            seconds=torch.tensor([times], dtype=torch.float32),
            stereo=_read_stereo(info, place.frame) if self.use_stereo else None,
            usable=None if mask is None else torch.from_numpy(mask)[None, None],
            camera=torch.tensor([self._cameras[place.clip]]),
            classes=torch.from_numpy(info.read_classes(place.frame))[None, None] if self.use_classes else None,
            source_classes=self._read_classes(info, frames) if self.use_classes else None,
            measured=None if self._measured is None else read_sample(self._measured[place.clip], place.frame, frames),
        )

    def _teaches(self, clip: int, frame: int) -> bool:
        return self._measured is None or self.use_sources or self._measured[clip].has_depth(frame)

    def _read_classes(self, info: ClipInfo, frames: Sequence[int]) -> Tensor:
        return torch.stack([torch.from_numpy(info.read_classes(frame)) for frame in frames])[None]


def number_cameras(clips: Sequence[ClipInfo]) -> list[int]:
    """Number the clips' cameras from 0; clips with one name of a camera, or else the same intrinsics, share one."""
    numbers: dict[str | tuple[float, ...], int] = {}
    return [numbers.setdefault(clip.camera or clip.frames[0].intrinsics, len(numbers)) for clip in clips]


def usable_targets(frames: Sequence[int], *, offsets: Sequence[int], breaks: Sequence[int] = ()) -> list[int]:
    """Return the frames whose neighbours at every offset are among `frames`, with no break on the way to them."""
    present = set(frames)
    interrupted = set(breaks)
    reach = range(min((0, *offsets)) + 1, max((0, *offsets)) + 1)
    return [
        frame
        for frame in frames
        if all(frame + offset in present for offset in offsets)
        and not any(frame + step in interrupted for step in reach)
    ]


def clip_name(root: Path, clip: ClipInfo) -> str:
    """Return the clip's path below the root, or its own name where it is the root."""
    return clip.name if clip.folder == root else clip.folder.relative_to(root).as_posix()


def image_tensor(image: RgbImage) -> Tensor:
    """Return height x width x 3 as 1 x 3 x height x width."""
    return torch.from_numpy(image).permute(2, 0, 1).contiguous()[None]


def camera_matrix(numbers: Sequence[float]) -> Tensor:
    """Return the 3x3 matrix of fx, fy, cx, cy."""
    fx, fy, cx, cy = numbers
    return torch.tensor([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]], dtype=torch.float32)


def _read_stereo(info: ClipInfo, frame: int) -> RawStereoView:
    image = image_tensor(info.read_stereo_image(frame))
    assert info.stereo is not None  # read_stereo_image has raised otherwise
    return RawStereoView(
        image=image,
        intrinsics=camera_matrix(info.stereo.intrinsics)[None],
        T_target_to_stereo=torch.tensor(info.stereo.T_target_to_stereo, dtype=torch.float32)[None],
    )


def _read_masks(clips: Sequence[ClipInfo]) -> list[PixelMask] | None:
    # A batch may mix clips, so if one clip has a mask all get one.
    masks = [clip.read_usable() for clip in clips]
    if all(mask is None for mask in masks):
        return None
    full = np.ones((clips[0].height, clips[0].width), dtype=np.bool_)
    return [full if mask is None else mask for mask in masks]


def _check_clips(clips: Sequence[ClipInfo], *, use_stereo: bool) -> None:
    first = clips[0]
    for clip in clips:
        if (clip.width, clip.height) != (first.width, first.height):
            sizes = f"{clip.width}x{clip.height} and {first.width}x{first.height}"
            raise DataError(f"{clip.folder} and {first.folder} differ in size ({sizes}); ingest them at one size.")
        if use_stereo and clip.stereo is None:
            raise DataError(f"The clip {clip.folder} has no second camera; train without stereo or leave it out.")
