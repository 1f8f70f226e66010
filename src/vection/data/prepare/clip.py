"""From the frames that were written to a clip: its description, its gaps and what was left out."""

import csv
import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from vection.data.clips.folder import ClipInfo, FrameInfo, StereoInfo, write_clip
from vection.data.prepare.frame import RECORDS, FrameRecord
from vection.data.readers.sequences import DataSequence, PrepareSettings, SequenceFrame, SourceFrame, WholeSequence
from vection.errors import DataError
from vection.files import read_json, write_text
from vection.formats.camera_path import TRUE_FILE, kitti_text
from vection.formats.record import first_place
from vection.formats.window import Window

RECORD = TypeAdapter(FrameRecord)
FILES = ("frames", "stereo", "truth", "classes")


@dataclass(frozen=True)
class Skipped:
    """Something that was left out, or a frame that was kept without a part of it."""

    sequence: str
    frame: str
    """Empty: the whole sequence."""
    reason: str
    kept: bool = False


def unfinished(item: DataSequence | WholeSequence, folder: Path) -> list[SequenceFrame]:
    """Return the frames that are not yet whole; a whole sequence counts as one."""
    if isinstance(item, WholeSequence):
        return [SequenceFrame("", 0.0, partial(_unread, item.name))]
    done = {file.stem for file in (folder / RECORDS).glob("[!.]*.json")}
    return [frame for frame in item.frames if frame.name not in done]


def finish_clip(
    item: DataSequence | WholeSequence, folder: Path, *, settings: PrepareSettings, skipped: Sequence[Skipped]
) -> list[Skipped]:
    """Write `clip.json` of a sequence whose frames are all done; return everything that was left out.

    DataError if the record of a frame that was not `skipped` is gone, as another process may cause where none can lock.
    """
    if isinstance(item, WholeSequence):
        return list(skipped)
    records = {frame.name: record for frame in item.frames if (record := _read(folder, frame.name)) is not None}
    lost = {frame.name for frame in item.frames} - {*records, *(one.frame for one in skipped)}
    if lost:
        raise DataError(f"{folder / RECORDS} lacks {len(lost)} frames; does another process work there? Call again.")
    out = list(skipped)
    for part in ("stereo", "classes"):
        lacking = [name for name, record in records.items() if not getattr(record, part)]
        if len(lacking) == len(records):
            continue
        out += [Skipped(item.name, name, f"no {part} though other frames of the sequence have it") for name in lacking]
        records = {name: record for name, record in records.items() if name not in lacking}
    pairs = {name: (record.stereo, record.T_target_to_stereo) for name, record in records.items()}
    other = [name for name, pair in pairs.items() if pair != next(iter(pairs.values()))]
    out += [Skipped(item.name, name, "another stereo camera than that of the sequence's first frame") for name in other]
    records = {name: record for name, record in records.items() if name not in other}
    if not records:
        return [*out, Skipped(item.name, "", f"none of its {len(item.frames)} frames is usable")]
    out += [Skipped(item.name, name, note, kept=True) for name, record in records.items() for note in record.notes]
    write_clip(_describe(item, folder, records, settings=settings, skipped=out))
    remove_records(folder)
    return out


def remembered(clip: ClipInfo, *, name: str) -> list[Skipped]:
    """Return what a finished clip says that it lacks."""
    listed = (clip.ingest or {}).get("skipped", [])
    return [Skipped(name, frame, reason, kept) for frame, reason, kept in listed]


def write_skipped(file: Path, skipped: Sequence[Skipped]) -> None:
    """Write a table of what was left out, also if it is nothing."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["sequence", "frame", "what", "reason"])
    for entry in skipped:
        rows.writerow([entry.sequence, entry.frame, "kept" if entry.kept else "left out", entry.reason])
    write_text(file, text.getvalue())


def _describe(
    item: DataSequence,
    folder: Path,
    records: dict[str, FrameRecord],
    *,
    settings: PrepareSettings,
    skipped: Sequence[Skipped],
) -> ClipInfo:
    kept = [frame for frame in item.frames if frame.name in records]
    first = records[kept[0].name]
    places = {frame.name: place for place, frame in enumerate(item.frames)}
    gaps = [
        index
        for index in range(1, len(kept))
        if places[kept[index].name] != places[kept[index - 1].name] + 1 or not kept[index].follows
    ]
    poses = [records[frame.name].T_camera_to_world for frame in kept]
    if all(pose is not None for pose in poses):
        write_text(folder / TRUE_FILE, kitti_text([np.array(pose) for pose in poses]))
    stereo = None
    if first.stereo is not None and first.T_target_to_stereo is not None:
        stereo = StereoInfo("stereo", first.T_target_to_stereo, first.stereo)
    about: dict[str, Any] = {
        "source_size": list(first.source_size),
        "crop_box": list(first.crop_box),
        "skipped": [[entry.frame, entry.reason, entry.kept] for entry in skipped],
    }
    return ClipInfo(
        folder=folder,
        name=item.name,
        width=settings.width,
        height=settings.height,
        unit=item.unit,
        intrinsics_source=first.intrinsics_source,
        frames=tuple(
            FrameInfo(f"frames/{frame.name}.jpg", round(frame.seconds, 6), records[frame.name].intrinsics)
            for frame in kept
        ),
        mask=_keep_mask(folder, kept[0].name) if first.usable else None,
        stereo=stereo,
        truth="truth" if any(record.truth for record in records.values()) else None,
        truth_source=next((record.truth_source for record in records.values() if record.truth), None),
        classes="classes" if first.classes else None,
        breaks=tuple(gaps),
        targets=None if all(f.target for f in kept) else tuple(i for i, frame in enumerate(kept) if frame.target),
        window=Window.of(first.source_size[::-1], first.crop_box, first.lens),
        crop=settings.crop,
        ingest=about,
    )


def _keep_mask(folder: Path, name: str) -> str:
    shutil.copyfile(folder / RECORDS / f"{name}.mask.png", folder / "mask.png")
    return "mask.png"


def _read(folder: Path, name: str) -> FrameRecord | None:
    file = folder / RECORDS / f"{name}.json"
    if not file.is_file():
        return None
    remedy = f"remove {folder} and prepare again."
    try:
        return RECORD.validate_python(read_json(file, remedy=remedy))
    except ValidationError as error:
        raise DataError(f"{file} is not valid at {first_place(error)}; {remedy}") from error


def remove_records(folder: Path) -> None:
    """Remove the records of a clip that is whole, and what killed workers left half written."""
    if not (folder / RECORDS).is_dir():
        return
    shutil.rmtree(folder / RECORDS, ignore_errors=True)
    for name in FILES:
        for rest in (folder / name).glob(".*"):
            rest.unlink(missing_ok=True)


def _unread(name: str) -> SourceFrame:
    raise DataError(f"{name} is not read by frames.")
