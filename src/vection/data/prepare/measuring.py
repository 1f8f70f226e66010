"""The geometry of prepared clips, measured in the data set's own images."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from vection.data.clips.folder import CLIP_FILE, ClipInfo, read_clip
from vection.data.ingest.measuring import wide_view
from vection.data.measure.clip import measure_clip, stored_frames
from vection.data.measure.sequence import is_done, measure_sequence
from vection.data.measure.views import ReadView, View
from vection.data.prepare.frame import frame_framing
from vection.data.readers.sequences import DataSequence, PrepareSettings, SequenceFrame, WholeSequence
from vection.data.workers import Workers
from vection.progress import Report

FEWEST_FRAMES = 2


def measure_prepared(
    items: Sequence[DataSequence | WholeSequence],
    out: Path,
    *,
    settings: PrepareSettings,
    workers: Workers = 0,
    progress: Report | None = None,
) -> None:
    """Measure the clips of these sequences below `out`, unless that is done; single frames have no geometry.

    Videos that are written as a whole are measured in their stored frames.
    """
    written = [item for item in items if (out / item.name / CLIP_FILE).is_file()]
    clips = {item.name: read_clip(out / item.name) for item in written}
    total, done = sum(map(len, clips.values())), 0
    for item in written:
        clip = clips[item.name]
        if len(clip) >= FEWEST_FRAMES and not is_done(clip.folder):
            report = None if progress is None else partial(_report, progress, done, total)
            if isinstance(item, WholeSequence):
                measure_clip(clip.folder, workers=workers, progress=report)
            else:
                views = _views(item, clip, settings)
                source = f"the images of {item.name}"
                measure_sequence(
                    clip.folder, views, stored_frames(clip), source=source, workers=workers, progress=report
                )
        done += len(clip)


def _report(progress: Report, before: int, total: int, done: int, _: int | None) -> None:
    progress(before + done, total)


def _views(item: DataSequence, clip: ClipInfo, settings: PrepareSettings) -> list[ReadView]:
    frames = {frame.name: frame for frame in item.frames}
    return [partial(_read_view, frames[frame.stem], settings) for frame in clip.frames]


def _read_view(frame: SequenceFrame, settings: PrepareSettings) -> View:
    source = frame.read()
    return wide_view(frame_framing(source, settings), source.image)
