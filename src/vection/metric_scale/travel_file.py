"""How far the camera went, as a constant speed, a CSV, KITTI's GPS/IMU packets or a path in metres says."""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from jaxtyping import Float

from vection.data.readers.kitti.oxts import EARTH_RADIUS, read_oxts_speed
from vection.errors import DataError, UsageError
from vection.files import read_text
from vection.formats.camera_path import read_path

SPEED_LEAST = 0.5
"""Metres of a stretch of known speed: shorter ones are slower than what frames show."""
GPS_LEAST = 10.0
"""Metres between two fixes that are compared: a fix is some metres off, the next ones by nearly the same."""
SPEED_ERROR = 0.01
"""Relative standard deviation of a speed or an odometer, common to all frames; speedometers overstate more."""
LONGEST_GAP = 5.0
"""Seconds between two readings; of what happened in a longer time they do not tell enough."""
FOREVER = 1e9
"""Seconds before and after the video that a constant speed holds."""

Times = Float[np.ndarray, " reading"]


@dataclass(frozen=True)
class Travel:
    """Metres between two times: along the way, or (of positions) in a straight line."""

    source: str
    """In words."""
    seconds: Times
    """Increasing, on the clock of the video."""
    along: Times | None = None
    """Metres along the way until each time, from any start."""
    positions: Float[np.ndarray, "reading 3"] | None = None
    """Metres."""
    least: float = SPEED_LEAST
    """Metres of the shortest stretch that says anything."""

    @property
    def is_constant(self) -> bool:
        """Whether it is a speed that holds for ever, for any video."""
        return bool(self.seconds[0] == -FOREVER)

    def between(self, first: float, last: float) -> float | None:
        """Return the metres between two times in seconds; None outside of what is known, and over a gap in it."""
        if first < self.seconds[0] or last > self.seconds[-1] or (not self.is_constant and self._gapes(first, last)):
            return None
        if self.along is not None:
            return float(np.diff(np.interp([first, last], self.seconds, self.along))[0])
        assert self.positions is not None
        ends = [np.interp([first, last], self.seconds, axis) for axis in self.positions.T]
        return float(np.linalg.norm([end[1] - end[0] for end in ends]))

    def _gapes(self, first: float, last: float) -> bool:
        """Whether readings between, or the ones around, lie farther apart than `LONGEST_GAP`."""
        start = int(np.searchsorted(self.seconds, first, side="right")) - 1
        end = int(np.searchsorted(self.seconds, last, side="left"))
        return bool((np.diff(self.seconds[start : end + 1]) > LONGEST_GAP).any())


def read_travel(given: Path | str | float, *, offset: float = 0.0) -> Travel:
    """Read what tells how far the camera went; `offset` is added to its seconds to have them on the video's clock.

    `given` is a speed in metres per second; a CSV whose header names `seconds` and `speed` (m/s), `speed_kmh`,
    `distance` (metres of an odometer) or `latitude` and `longitude` (degrees), the first of these that is there; a
    folder `oxts` of KITTI (`data/*.txt`, `timestamps.txt`); or a path of TUM's format in metres.
    Raises UsageError if it is none of these, DataError for unusable content.

    >>> read_travel("10").between(1.0, 1.5)
    5.0
    """
    number = _number(given)
    if number is not None:
        if not (np.isfinite(number) and number > 0):
            raise UsageError(f"`speed={given}` is no speed; it must be positive metres per second, or a file.")
        seconds = np.array([-FOREVER, FOREVER])
        return Travel(f"constant speed of {number:g} m/s", seconds, along=number * seconds)
    path = Path(str(given))
    if not path.exists():
        raise UsageError(f"There is nothing at {path}; `speed` is metres per second, a CSV, a folder oxts or a path.")
    if path.is_dir():
        return _read_oxts(path, offset=offset)
    if path.suffix.lower() == ".csv":
        return _read_csv(path, offset=offset)
    read = read_path(path)
    if read.seconds is None:
        raise DataError(f"The path {path} says no times; give one in the format of TUM.")
    return Travel(f"path {path.name}", read.seconds + offset, positions=read.poses[:, :3, 3])


def _number(given: Path | str | float) -> float | None:
    try:
        return float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _read_csv(path: Path, *, offset: float) -> Travel:
    lines = list(csv.reader(read_text(path, remedy="give a CSV.").splitlines()))
    header = [word.strip().lower() for word in lines[0]] if lines else []
    wanted = (("speed",), ("speed_kmh",), ("distance",), ("latitude", "longitude"))
    columns = next((names for names in wanted if set(names) <= {*header}), None)
    if "seconds" not in header or columns is None:
        raise DataError(
            f"The first line of {path} names {', '.join(header) or 'no columns'}; it must name 'seconds' and 'speed', "
            "'speed_kmh', 'distance', or 'latitude' and 'longitude'."
        )
    places = [header.index(name) for name in ("seconds", *columns)]
    try:
        rows = np.array([[float(line[place]) for place in places] for line in lines[1:] if any(line)])
    except (ValueError, IndexError) as error:
        raise DataError(f"{path} has a line without numbers where its header says so ({error}).") from error
    seconds, values = _checked(rows, path)
    seconds = seconds + offset
    if columns == ("latitude", "longitude"):
        return Travel(f"positions of {path.name}", seconds, positions=_metres(values), least=GPS_LEAST)
    if columns == ("distance",):
        if (np.diff(values[:, 0]) < 0).any():
            raise DataError(f"The distances of {path} fall; they must be metres since one start.")
        return Travel(f"odometer {path.name}", seconds, along=values[:, 0])
    speeds = values[:, 0] / (3.6 if columns == ("speed_kmh",) else 1.0)
    return Travel(f"speed of {path.name}", seconds, along=_integral(seconds, speeds))


def _checked(rows: Float[np.ndarray, "..."], path: Path) -> tuple[Times, Float[np.ndarray, "reading value"]]:
    if len(rows) < 2 or not np.isfinite(rows).all():
        raise DataError(f"{path} holds fewer than two readings, or numbers that are not finite.")
    if (np.diff(rows[:, 0]) <= 0).any():
        raise DataError(f"The times of {path} do not increase; sort its lines, and leave out those said twice.")
    return rows[:, 0], rows[:, 1:]


def _integral(seconds: Times, speeds: Times) -> Times:
    steps = np.diff(seconds) * (np.abs(speeds[1:]) + np.abs(speeds[:-1])) / 2
    return np.concatenate([[0.0], np.cumsum(steps)])


def _metres(degrees: Float[np.ndarray, "reading 2"]) -> Float[np.ndarray, "reading 3"]:
    """East and north of the first reading on a sphere, which is exact enough within some kilometres."""
    latitude, longitude = np.radians(degrees - degrees[0]).T
    east = EARTH_RADIUS * np.cos(np.radians(degrees[0, 0])) * longitude
    return np.stack([east, EARTH_RADIUS * latitude, np.zeros(len(degrees))], axis=1)


def _read_oxts(folder: Path, *, offset: float) -> Travel:
    packets = sorted((folder / "data").glob("[!.]*.txt"))
    if len(packets) < 2:
        raise UsageError(f"{folder} holds no GPS/IMU packets (data/*.txt); give the folder oxts of a drive of KITTI.")
    stamps = read_text(folder / "timestamps.txt", remedy="restore it; it tells when the packets were taken.")
    lines = [line for line in stamps.splitlines() if line.strip()]
    if len(lines) < len(packets):
        raise DataError(f"{folder}/timestamps.txt has {len(lines)} lines for {len(packets)} packets; restore it.")
    try:
        times = [datetime.fromisoformat(lines[int(packet.stem)][:26]) for packet in packets]
    except (ValueError, IndexError) as error:
        raise DataError(f"{folder} has a packet without a time ({error}); restore timestamps.txt.") from error
    first = datetime.fromisoformat(lines[0][:26])
    seconds = np.array([(time - first).total_seconds() for time in times])
    seconds, _ = _checked(np.stack([seconds, seconds], axis=1), folder / "timestamps.txt")
    speeds = np.array([read_oxts_speed(packet) for packet in packets])
    return Travel(f"GPS/IMU of {folder.resolve().parent.name}", seconds + offset, along=_integral(seconds, speeds))
