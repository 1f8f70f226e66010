"""Whose an output is: what was asked, by which lists and of which source, so that nothing else is mixed into it."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vection.data.clips.folder import CLIP_FILE
from vection.data.prepare.frame import RECORDS
from vection.data.readers.sequences import DataSequence, Listing, PrepareSettings
from vection.errors import DataError, UsageError
from vection.files import json_text, read_json, real_path, visible, write_text
from vection.formats.record import first_place

SETTINGS_FILE = "prepare.json"
REMEDY = "remove the folder or choose another output."
INPUTS = "inputs"


@dataclass(frozen=True)
class Inputs:
    """What an output was made of, without a path of this machine: clips are published."""

    source: str
    """Name of the folder."""
    place: str
    """Digits of the hash of its path: enough to see that it is another one, too few to see where it lies."""
    lists: dict[str, str]
    """SHA-256 of the lists that chose frames, by their names."""
    intrinsics: str | None
    """SHA-256 of the file of the camera that was given."""


def claim(out: Path, *, data_set: str, source: Path, settings: PrepareSettings, listing: Listing) -> None:
    """Write into the output what it is made of; refuse one that is made of something else, or holds other things.

    A source may have been moved or have grown. Of outputs of older versions only the settings are known.
    """
    file = out / SETTINGS_FILE
    asked = json.loads(json_text({"format": 1, "data_set": data_set, **asdict(settings)}))
    inputs = _inputs(source, settings, listing)
    written: dict[str, Any] = {}
    if file.is_file():
        written = read_json(file, remedy=REMEDY)
        stored = dict(written)
        known = _read_inputs(stored.pop(INPUTS, None), file)
        _check_settings(out, asked=asked if known is None else _named(asked), stored=stored)
        if known is not None:
            _check_files(out, known, inputs)
            _check_source(out, known, inputs, source=source, listing=listing)
            inputs = replace(inputs, lists={**known.lists, **inputs.lists})
    elif out.is_dir() and any(out.iterdir()):
        raise UsageError(f"The output {out} holds files that are not of vection prepare; choose another.")
    content = {**_named(asked), INPUTS: asdict(inputs)}
    if content != written:
        write_text(file, json_text(content, indent=1))


def _inputs(source: Path, settings: PrepareSettings, listing: Listing) -> Inputs:
    real = real_path(source)
    place = hashlib.sha256(os.fsencode(real)).hexdigest()[:4]
    camera = _camera_file(settings.intrinsics)
    lists = {file.name: _digest(file) for file in listing.lists}
    return Inputs(real.name, place, lists, None if camera is None else _digest(camera))


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"Cannot read {file}: {error.strerror}; make it readable, or give another.") from error


def _camera_file(given: str | None) -> Path | None:
    """Return the file of a camera ("FILE", "FILE#CAMERA"), None if it is given in words."""
    places = (Path(text) for text in (given or "", (given or "").rpartition("#")[0]))
    return next((place for place in places if place.is_file()), None)


def _named(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what was asked with the names of files in place of their paths."""
    split, intrinsics = asked["split"], asked["intrinsics"]
    return {
        **asked,
        "split": split and (Path(split).name or split),
        "intrinsics": Path(intrinsics).name if _camera_file(intrinsics) else intrinsics,
    }


def _read_inputs(stored: Any, file: Path) -> Inputs | None:
    try:
        return TypeAdapter(Inputs | None).validate_python(stored)
    except ValidationError as error:
        raise DataError(f"{file} is not valid at {INPUTS}.{first_place(error)}; {REMEDY}") from error


def _check_settings(out: Path, *, asked: dict[str, Any], stored: dict[str, Any]) -> None:
    differing = sorted(key for key in asked.keys() | stored.keys() if asked.get(key) != stored.get(key))
    if differing:
        pairs = ", ".join(f"{key} {stored.get(key)} instead of {asked.get(key)}" for key in differing)
        raise UsageError(f"{out} was prepared with {pairs}; use the same settings or another output.")


def _check_files(out: Path, known: Inputs, now: Inputs) -> None:
    """Raise UsageError for a list or camera that changed; a list that came to the others only adds clips."""
    changed = [
        f"the list {name}" for name in known.lists if now.lists.get(name, known.lists[name]) != known.lists[name]
    ]
    changed += ["the file of the intrinsics"] if known.intrinsics != now.intrinsics else []
    if changed:
        raise UsageError(
            f"{out} was prepared with another content of {' and of '.join(changed)}, and its clips would stay as they "
            "are; restore that content, choose another output, or remove this one."
        )


def _check_source(out: Path, known: Inputs, now: Inputs, *, source: Path, listing: Listing) -> None:
    """Raise UsageError if another source was prepared; one that was only moved has all clips that are there.

    Videos are known by their names alone, which may be those of others: their folder has to keep its name.
    """
    if (known.source, known.place) == (now.source, now.place):
        return
    same_name = known.source == now.source
    here = {item.name for item in listing.sequences if same_name or isinstance(item, DataSequence)}
    folders = [file.parent for name in (CLIP_FILE, RECORDS) for file in out.rglob(name)]
    foreign = sorted({folder.relative_to(out).as_posix() for folder in visible(folders, out)} - here)
    if foreign:
        raise UsageError(
            f"{out} was prepared from another folder ({known.source}), and clips of both would be mixed: {foreign[0]} "
            f"in it is none of {source}; choose another output."
        )
