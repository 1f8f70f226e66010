"""KITTI raw in its real layout: `<date>/<drive>/image_02|03/data/<frame>.png|jpg`, calibration beside the drives."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vection.arrays import CameraNumbers, DepthMap
from vection.data.clips.folder import read_rgb
from vection.data.clips.resizing import resize_image
from vection.data.readers.kitti.cameras import RectifiedCamera, read_raw_cameras, read_timestamps, timing
from vection.data.readers.kitti.lidar import lidar_depth_map, read_lidar_calibration, read_scan
from vection.data.sets.clip_dataset import camera_matrix, image_tensor
from vection.data.splits.list_file import Side, SplitLine
from vection.errors import DataError, UsageError, VectionError
from vection.samples import RawSample, RawStereoView

CAMERAS: dict[Side, str] = {"l": "02", "r": "03"}
NOMINAL_K = (0.58, 1.92, 0.5, 0.5)
"""fx / W, fy / H, cx / W, cy / H of every image, as Monodepth2 trains."""
NOMINAL_BASELINE = 0.1
"""Length of the stereo translation in the published models; 5.4 times it is KITTI's 0.54 m."""
TRUE_BASELINE = 0.54
"""Metres between the two colour cameras, as the papers round it."""
FRAME_SECONDS = 0.1
"""KITTI records at 10 Hz; used where a drive has no timestamps."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KittiSettings:
    """How frames are read; `width` and `height` ignore the aspect ratio, as the published systems do."""

    width: int = 640
    height: int = 192
    offsets: tuple[int, ...] = (-1, 1)
    use_stereo: bool = False
    nominal_intrinsics: bool = False
    """One K for all, 0.58 W, 1.92 H, centre in the middle, as Monodepth2; else each drive's own calibration."""
    stereo_baseline: float | None = None
    """Length given to the stereo translation (Monodepth2: 0.1); None: the true one in metres, about 0.54."""


class KittiRawDataset(Dataset[RawSample]):
    """The lines of a split as raw clips of batch size 1; lines with a missing image are skipped and counted.

    `skipped` is their number. Raises UsageError if the folder is missing, DataError if no line can be used.
    """

    LAYOUT = "<date>/<drive>/image_02/data"

    def __init__(self, root: Path, lines: Sequence[SplitLine], *, settings: KittiSettings | None = None) -> None:
        cv2.setNumThreads(0)  # OpenCV's own threads fight with the loader's processes
        if not root.is_dir():
            raise UsageError(f"The KITTI folder {root} does not exist.")
        self.root = root
        self.settings = settings or KittiSettings()
        self._indices: dict[tuple[str, Side], dict[int, Path]] = {}
        self.lines = [line for line in lines if self._complete(line)]
        self.skipped = len(lines) - len(self.lines)
        if not self.lines:
            raise DataError(
                f"None of the {len(lines)} listed frames lies below {root} with its neighbours; "
                f"the folder must hold {self.LAYOUT}."
            )
        self.cameras = sorted({_camera_of(line) for line in self.lines})
        """Names, by the numbers in samples."""
        if self.skipped:
            logger.warning("%d of %d listed frames lack an image or a neighbour; skipped.", self.skipped, len(lines))

    def __len__(self) -> int:
        """Return the number of usable lines."""
        return len(self.lines)

    def __getitem__(self, index: int) -> RawSample:
        """Read a target, its sources in time and, if asked for, the other camera's image."""
        line = self.lines[index]
        frames = [line.frame + offset for offset in self.settings.offsets]
        target, camera = self._read(line.folder, line.frame, line.side)
        others = [self._read(line.folder, frame, line.side) for frame in frames]
        # without offsets (stereo only) there are no sources in time: batch x 0 x ...
        sources = torch.stack([image for image, _ in others], dim=1) if others else target[:, None][:, :0]
        source_K = torch.stack([K for _, K in others], dim=1) if others else camera[:, None][:, :0]
        return RawSample(
            target=target,
            sources=sources,
            intrinsics=camera,
            source_intrinsics=source_K,
            seconds=self._seconds(line, frames),
            stereo=self._stereo(line) if self.settings.use_stereo else None,
            camera=torch.tensor([self.cameras.index(_camera_of(line))]),
        )

    def true_depth(self, index: int) -> DepthMap | None:
        """Return camera z of the laser points of a target, metres, 0 where none falls; None without a usable scan."""
        line = self.lines[index]
        scan = self.root / line.folder / "velodyne_points" / "data" / f"{line.frame:010d}.bin"
        try:
            calibration = read_lidar_calibration((self.root / line.folder).parent, camera=line.camera)
            return lidar_depth_map(read_scan(scan), calibration, value="camera-z")
        except VectionError:
            return None

    def _stereo(self, line: SplitLine) -> RawStereoView:
        other: Side = "r" if line.side == "l" else "l"
        image, camera = self._read(line.folder, line.frame, other)
        T = torch.eye(4)
        cameras = self._calibrated(line.folder)
        centres = [cameras[CAMERAS[side]].centre for side in (line.side, other)]
        baseline = torch.tensor(centres[1] - centres[0], dtype=torch.float32)
        if self.settings.stereo_baseline is not None:
            baseline = baseline / baseline.norm() * self.settings.stereo_baseline
            baseline[1:] = 0  # the nominal pair is level; its direction is only the side
        T[:3, 3] = -baseline
        return RawStereoView(image=image, intrinsics=camera, T_target_to_stereo=T[None])

    def _read(self, folder: str, frame: int, side: Side) -> tuple[Tensor, Tensor]:
        image = read_rgb(self._images(folder, side)[frame])
        height, width = image.shape[:2]
        small = resize_image(image, (self.settings.height, self.settings.width))
        return image_tensor(small), camera_matrix(self._camera(folder, side, width=width, height=height))[None]

    def _camera(self, folder: str, side: Side, *, width: int, height: int) -> CameraNumbers:
        w, h = self.settings.width, self.settings.height
        if self.settings.nominal_intrinsics:
            fx, fy, cx, cy = NOMINAL_K
            return fx * w, fy * h, cx * w, cy * h
        camera = self._calibrated(folder)[CAMERAS[side]].intrinsics(width=width, height=height)
        return camera.resized(width=w, height=h).numbers

    def _seconds(self, line: SplitLine, frames: Sequence[int]) -> Tensor:
        file = self._time_file(line)
        at = timing(self._read_times(file), interval=FRAME_SECONDS, present=(line.frame, *frames), file=file)
        return torch.tensor([[at(frame) - at(line.frame) for frame in frames]], dtype=torch.float32)

    def _time_file(self, line: SplitLine) -> Path:
        return self.root / line.folder / f"image_{CAMERAS[line.side]}" / "timestamps.txt"

    def _read_times(self, file: Path) -> list[float] | None:
        return _read_timestamps(file)

    def _calibrated(self, folder: str) -> dict[str, RectifiedCamera]:
        return _cameras((self.root / folder).parent)

    def _image_folder(self, folder: str, side: Side) -> Path:
        return self.root / folder / f"image_{CAMERAS[side]}" / "data"

    def _images(self, folder: str, side: Side) -> dict[int, Path]:
        if (folder, side) not in self._indices:
            place = self._image_folder(folder, side)
            files = sorted(place.iterdir()) if place.is_dir() else []
            images = [file for file in files if file.stem.isdecimal() and file.suffix in (".png", ".jpg")]
            self._indices[folder, side] = {int(file.stem): file for file in images}
        return self._indices[folder, side]

    def _complete(self, line: SplitLine) -> bool:
        present = self._images(line.folder, line.side)
        frames = (line.frame, *(line.frame + offset for offset in self.settings.offsets))
        if not all(frame in present for frame in frames):
            return False
        other: Side = "r" if line.side == "l" else "l"
        return not self.settings.use_stereo or line.frame in self._images(line.folder, other)


def _camera_of(line: SplitLine) -> str:
    """Name the camera of a line: those of a day are calibrated together."""
    return f"{Path(line.folder).parts[0]}/{line.side}"


@lru_cache(maxsize=16)
def _cameras(date_folder: Path) -> dict[str, RectifiedCamera]:
    return read_raw_cameras(date_folder, names=tuple(CAMERAS.values()))


_read_timestamps = lru_cache(maxsize=256)(read_timestamps)
