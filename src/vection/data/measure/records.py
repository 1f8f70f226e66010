"""What a run that is stopped keeps of the frames that are done; removed when the clip is whole."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vection.errors import DataError
from vection.files import json_text, read_json, remove_unfinished, write_text
from vection.formats.measured_geometry import REMEDY, MeasuredPair, Row3
from vection.formats.record import checked

FOLDER = "unfinished"
SETTINGS_FILE = "settings.json"


@dataclass(frozen=True)
class KnownBaseline:
    """A pair's baseline in the unit of a frame."""

    first: int
    second: int
    length: float


@dataclass(frozen=True)
class FrameRecord:
    """A frame that is done; if `baselines` is not empty, its map is written."""

    measured_size: tuple[int, int]
    """Height and width of the image that was measured."""
    pairs: tuple[MeasuredPair, ...]
    """Those that begin at this frame."""
    share: float = 0.0
    """Of the pixels whose depth is known."""
    baselines: tuple[KnownBaseline, ...] = ()
    ground: Row3 | None = None
    """In 1 / the frame's unit."""

    @property
    def lengths(self) -> dict[tuple[int, int], float]:
        """Return the baselines by the numbers of their pairs."""
        return {(known.first, known.second): known.length for known in self.baselines}


def open_records(folder: Path, settings: Mapping[str, Any]) -> dict[str, FrameRecord]:
    """Return the records in `measured/` by the frames' names; what was measured otherwise is removed first."""
    place = folder / FOLDER
    stated = json.loads(json_text(settings))
    if place.is_dir() and _settings(place) != stated:
        shutil.rmtree(folder)
    place.mkdir(parents=True, exist_ok=True)
    remove_unfinished(folder)
    remove_unfinished(place)
    write_text(place / SETTINGS_FILE, json_text(stated))
    return {
        path.stem: checked(FrameRecord, read_json(path, remedy=REMEDY, missing=DataError), path=path, remedy=REMEDY)
        for path in sorted(place.glob("*.json"))
        if path.name != SETTINGS_FILE
    }


def write_record(folder: Path, name: str, record: FrameRecord) -> None:
    """Write the record of a frame whose map is there."""
    write_text(folder / FOLDER / f"{name}.json", json_text(asdict(record)))


def remove_records(folder: Path) -> None:
    """Remove the records of a clip that is whole."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _settings(place: Path) -> dict[str, Any] | None:
    path = place / SETTINGS_FILE
    return read_json(path, remedy=REMEDY, missing=DataError) if path.is_file() else None
