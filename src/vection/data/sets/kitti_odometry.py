"""KITTI odometry in its real layout, by published lists of frames: `sequences/NN/image_2|3/NNNNNN.png|jpg`."""

from functools import lru_cache
from pathlib import Path

from vection.data.readers.kitti.cameras import RectifiedCamera, read_odometry_cameras
from vection.data.readers.kitti.odometry import read_times
from vection.data.sets.kitti_raw import CAMERAS, KittiRawDataset
from vection.data.splits.list_file import Side, SplitLine


class KittiOdometryDataset(KittiRawDataset):
    """The lines `NN FRAME l|r` of a split as raw clips, read like those of KITTI raw.

    The sequence's number may lack its zero, as in the published lists.
    """

    LAYOUT = "sequences/NN/image_2"

    def _calibrated(self, folder: str) -> dict[str, RectifiedCamera]:
        return _cameras(self._sequence(folder) / "calib.txt")

    def _time_file(self, line: SplitLine) -> Path:
        return self._sequence(line.folder) / "times.txt"

    def _read_times(self, file: Path) -> list[float] | None:
        return _seconds(file) or None

    def _image_folder(self, folder: str, side: Side) -> Path:
        return self._sequence(folder) / f"image_{int(CAMERAS[side])}"

    def _sequence(self, folder: str) -> Path:
        return self.root / "sequences" / folder.zfill(2)


_cameras = lru_cache(maxsize=32)(read_odometry_cameras)
_seconds = lru_cache(maxsize=32)(read_times)
