"""The geometry of a clip folder measured from its stored frames."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vection.data.clips.folder import ClipInfo, read_clip
from vection.data.measure.sequence import StoredFrames, measure_sequence
from vection.data.measure.settings import MeasureSettings
from vection.data.measure.views import read_view
from vection.data.workers import Workers
from vection.errors import DataError, UsageError
from vection.files import json_text
from vection.formats.measured_geometry import FOLDER, REMEDY, MeasuredClip, is_measured, read_measured
from vection.progress import Report

STORED = "stored frames"


def measure_clip(
    folder: Path | str,
    *,
    settings: MeasureSettings | None = None,
    workers: Workers = 0,
    progress: Report | None = None,
) -> MeasuredClip:
    """Measure the stored frames of a clip, or return what was measured with these settings before.

    Geometry that `ingest` measured in the source is returned as it is. Raises UsageError if there is no clip, or if it
    was measured with other settings.

    >>> from vection.data.synthetic import still_street, write_drive
    >>> settings = still_street(width=256, height=96, frames=4, antialias=False)
    >>> _ = write_drive(Path("measured_drive"), settings, seed=3)
    >>> measured = measure_clip("measured_drive")
    >>> len(measured.frames), measured.pair(0, 1).reason, measured.read_depth(1).depth.shape
    (4, None, (96, 256))
    """
    clip = read_clip(Path(folder))
    chosen = settings or MeasureSettings()
    if is_measured(clip.folder):
        measured = read_measured(clip.folder)
        if settings is not None and measured.listed.settings != _as_read(asdict(settings)):
            raise UsageError(
                f"{clip.folder / FOLDER} was measured with other settings; remove that folder to measure anew."
            )
        return measured
    views = [partial(read_view, clip.image_file(index), frame.intrinsics) for index, frame in enumerate(clip.frames)]
    return measure_sequence(
        clip.folder, views, stored_frames(clip), source=STORED, settings=chosen, workers=workers, progress=progress
    )


def measured_geometry(clip: ClipInfo) -> MeasuredClip:
    """Read what was measured in a clip. UsageError if nothing was, DataError unless it is of the frames it has now."""
    measured = read_measured(clip.folder)
    names = [frame.name for frame in measured.frames]
    size = (measured.listed.width, measured.listed.height)
    if names != [frame.stem for frame in clip.frames] or size != (clip.width, clip.height):
        raise DataError(f"{measured.folder} was measured in other frames than the clip has; {REMEDY}")
    if measured.listed.inputs not in (None, _inputs(clip)):
        raise DataError(
            f"{measured.folder} was measured with other intrinsics, breaks or another mask than the clip has; {REMEDY}"
        )
    return measured


def stored_frames(clip: ClipInfo) -> StoredFrames:
    """Return what measuring must know of the frames of a clip."""
    return StoredFrames(
        names=tuple(frame.stem for frame in clip.frames),
        size=(clip.height, clip.width),
        breaks=clip.breaks,
        usable=clip.read_usable(),
        inputs=_inputs(clip),
    )


def _inputs(clip: ClipInfo) -> str:
    """Digest of what measuring depends on beside the images."""
    digest = hashlib.sha256(np.array([frame.intrinsics for frame in clip.frames], np.float64).tobytes())
    digest.update(repr(tuple(clip.breaks)).encode())
    if (usable := clip.read_usable()) is not None:
        digest.update(usable.tobytes())
    return digest.hexdigest()


def _as_read(settings: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it: lists instead of tuples."""
    plain: dict[str, Any] = json.loads(json_text(settings))
    return plain
