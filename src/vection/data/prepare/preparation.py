"""A data set in its own layout into clip folders that training reads fast: in parallel, resumable, nothing lost in
silence.

The output holds one clip folder a sequence, `prepare.json` (what it is made of, which a second run must have, too) and
`skipped.csv` (what was left out and why). A clip's `clip.json` appears when all its frames are done; a run that was
killed goes on with the frames that are not yet whole.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vection.data.clips.folder import CLIP_FILE, ClipInfo, read_clip
from vection.data.clips.image_file import JPEG_BYTES
from vection.data.cluster import Cluster
from vection.data.prepare.claim import claim
from vection.data.prepare.clip import Skipped, finish_clip, remembered, remove_records, unfinished, write_skipped
from vection.data.prepare.data_sets import DataSet, get_data_set
from vection.data.prepare.frame import write_frame
from vection.data.prepare.measuring import measure_prepared
from vection.data.readers.sequences import DataSequence, Listing, PrepareSettings, SequenceFrame, WholeSequence
from vection.data.workers import Workers, in_workers
from vection.errors import DataError, UsageError, VectionError
from vection.files import check_room, lies_in
from vection.formats.bounds import leads_out
from vection.image_sides import check_image_sides
from vection.locks import hold
from vection.progress import Report

SKIPPED_FILE = "skipped.csv"
CHUNK = 8
"""Frames that a worker takes at once."""

Item = DataSequence | WholeSequence


@dataclass(frozen=True)
class Prepared:
    """What lies in the output now."""

    clips: tuple[ClipInfo, ...]
    skipped: tuple[Skipped, ...]
    written: int
    """Frames (or whole videos) written by this run; the others were there already."""

    @property
    def frames(self) -> int:
        """Return the number of frames of all clips."""
        return sum(len(clip) for clip in self.clips)


@dataclass(frozen=True)
class _Job:
    """Some frames of a sequence, or a whole one; no more, because it travels to another process."""

    name: str
    frames: tuple[SequenceFrame, ...]
    whole: WholeSequence | None
    folder: Path
    settings: PrepareSettings


def prepare(
    data_set: DataSet | str,
    source: Path | str,
    out: Path | str,
    *,
    settings: PrepareSettings | None = None,
    measure: bool = False,
    workers: Workers = 1,
    progress: Report | None = None,
) -> Prepared:
    """Write the clips of a data set below `out`, or go on where an earlier run of the same settings ended.

    `settings` are the data set's usual ones if not given. `measure` adds the geometry that shows in the data set's
    images (`data.measure`), also to clips that are there. `workers` processes work, or a cluster; 0 does it here.
    Raises UsageError for a wrong name, folder or size, or if `out` was made with other settings, by other lists or of
    another source, DataError if nothing of the data set can be used.
    """
    data_set = get_data_set(data_set) if isinstance(data_set, str) else data_set
    source, out = Path(source), Path(out)
    if isinstance(workers, Cluster):
        source, out = source.absolute(), out.absolute()  # workers stand elsewhere
    settings = settings or PrepareSettings(width=data_set.size[0], height=data_set.size[1], crop=data_set.crop)
    _check(settings, source=source, out=out)
    data_set.check_split(settings.split, neighbours=settings.neighbours)
    listing = data_set.list_sequences(source, settings)
    if not listing.sequences:
        why = (
            "the first problem: {}: {}".format(*listing.skipped[0])
            if listing.skipped
            else f"{data_set.about} is expected."
        )
        raise DataError(f"Nothing of {data_set.name} can be read at {source}; {why}")
    _check_names(listing)
    with hold(out):
        claim(out, data_set=data_set.name, source=source, settings=settings, listing=listing)
        prepared = _prepare_all(listing, out, settings=settings, workers=workers, progress=progress)
        if not prepared.clips:
            first = prepared.skipped[0].reason if prepared.skipped else "it has no frames."
            raise DataError(f"No sequence of {source} is usable; {out / SKIPPED_FILE} lists why; the first: {first}")
        if measure:
            measure_prepared(listing.sequences, out, settings=settings, workers=workers, progress=progress)
    return prepared


def _prepare_all(
    listing: Listing, out: Path, *, settings: PrepareSettings, workers: Workers, progress: Report | None
) -> Prepared:
    missing = [item for item in listing.sequences if not (out / item.name / CLIP_FILE).is_file()]
    left = {item.name: unfinished(item, out / item.name) for item in missing}
    total = sum(_length(item) for item in listing.sequences)
    done = total - sum(map(len, left.values()))
    check_room(out, (total - done) * settings.width * settings.height * JPEG_BYTES * (2 if settings.stereo else 1))
    written = 0
    problems: dict[str, list[Skipped]] = {item.name: [] for item in missing}
    waiting = {name: len(frames) for name, frames in left.items()}
    for item in missing:
        if not waiting[item.name]:
            problems[item.name] = finish_clip(item, out / item.name, settings=settings, skipped=[])
    jobs = _jobs(missing, left, out=out, settings=settings)
    by_name = {item.name: item for item in missing}
    for name, count, bad in in_workers(_do, jobs, workers=workers):
        problems[name] += [Skipped(name, frame, reason) for frame, reason in bad]
        written += count - len(bad)
        done += count
        waiting[name] -= count
        if progress is not None:
            progress(done, total)
        if not waiting[name]:
            problems[name] = finish_clip(by_name[name], out / name, settings=settings, skipped=problems[name])
    skipped = [Skipped(place, "", reason) for place, reason in listing.skipped]
    clips = []
    for item in listing.sequences:
        folder = out / item.name
        if (folder / CLIP_FILE).is_file():
            remove_records(folder)
            clips.append(read_clip(folder))
            skipped += remembered(clips[-1], name=item.name)
        else:
            skipped += problems[item.name]
    write_skipped(out / SKIPPED_FILE, skipped)
    return Prepared(tuple(clips), tuple(skipped), written)


def _length(item: Item) -> int:
    return len(item.frames) if isinstance(item, DataSequence) else 1


def _jobs(
    items: list[Item], left: dict[str, list[SequenceFrame]], *, out: Path, settings: PrepareSettings
) -> Iterator[_Job]:
    for item in items:
        frames = left[item.name]
        whole = item if isinstance(item, WholeSequence) else None
        for start in range(0, len(frames), CHUNK):
            yield _Job(item.name, tuple(frames[start : start + CHUNK]), whole, out / item.name, settings)


def _do(job: _Job) -> tuple[str, int, list[tuple[str, str]]]:
    """Run in a worker: write the frames; return the sequence, how many were tried, and what is left out and why."""
    if job.whole is not None:
        reasons = [_write_whole(job.whole, job.folder)]
    else:
        reasons = [write_frame(job.folder, frame, job.settings) for frame in job.frames]
    bad = [(frame.name, reason) for frame, reason in zip(job.frames, reasons, strict=True) if reason is not None]
    return job.name, len(job.frames), bad


def _write_whole(item: WholeSequence, folder: Path) -> str | None:
    try:
        item.write(folder)
    except VectionError as error:
        return str(error)
    return None


def _check(settings: PrepareSettings, *, source: Path, out: Path) -> None:
    check_image_sides(width=settings.width, height=settings.height)
    if not source.exists():
        raise UsageError(f"There is no data set at {source}.")
    if lies_in(source, out):
        raise UsageError(f"The output {out} holds the source {source}; choose another output.")


def _check_names(listing: Listing) -> None:
    """Raise DataError for names, which the data set chose, that would lead out of the output or meet in it."""
    if (name := _repeated(item.name for item in listing.sequences)) is not None:
        raise DataError(
            f"The data set has two sequences {name}, which would be one clip; remove or rename one of them."
        )
    for item in listing.sequences:
        frames = item.frames if isinstance(item, DataSequence) else ()
        if (name := _repeated(frame.name for frame in frames)) is not None:
            raise DataError(
                f"The sequence {item.name} has two frames {name}; remove or rename the file of one of them."
            )
        for name in (item.name, *(frame.name for frame in frames)):
            if leads_out(name) or not name.strip("./"):
                raise DataError(f"The data set calls a sequence or frame {name!r}, which would lead out of the output.")


def _repeated(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)
