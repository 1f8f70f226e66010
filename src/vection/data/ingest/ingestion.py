"""Turn any video or folder of images into clip folders that training reads fast."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from vection.data.clips.folder import CLIP_FILE, OWN_NAMES, ClipInfo, has_clips, write_clip
from vection.data.clips.image_file import JPEG_BYTES
from vection.data.ingest.acting import actions, consult, harm, record
from vection.data.ingest.clip_writer import FEWEST_FRAMES, ClipWriter, IngestSettings
from vection.data.ingest.files import find_sources, unique_names
from vection.data.ingest.parallax import WEAK_DISPLACEMENT, Parallax, measure_parallax
from vection.data.ingest.video import FrameSource, VideoFile, open_source
from vection.errors import DataError, UsageError
from vection.files import check_own, check_room, lies_in, whole_folder
from vection.image_sides import check_image_sides
from vection.locks import sweep
from vection.progress import Report

WINDOWS = 10
"""Places spread over a source at which motion is measured."""
WINDOW_LENGTH = 6
"""Consecutive frames that are read at each."""
MOST_BELIEVED = 10_000_000
"""Frames; a video that states more, four days of it, is wrong about its length."""


@dataclass(frozen=True)
class Ingested:
    """The clips that were written, and what their maker should know."""

    clips: tuple[ClipInfo, ...]
    warnings: list[str] = field(default_factory=list)

    @property
    def actions(self) -> list[str]:
        """Return what was done to each source beyond resizing, one line each; `clip.json` keeps it, too."""
        return [f"{clip.name}: {line}" for clip in self.clips for line in (clip.ingest or {}).get("actions", [])]


def ingest(
    source: Path | str,
    out: Path | str,
    *,
    settings: IngestSettings | None = None,
    overwrite: bool = False,
    workers: int = 0,
    progress: Report | None = None,
) -> Ingested:
    """Write the clip of a video or a folder of images to `out`; of a folder of such, one clip each below `out`.

    `workers` processes measure if `settings.measure` says so; 0 does it in this one. Nothing appears at `out` before
    everything is written. Raises UsageError if `out` exists (unless `overwrite`, and then only clips are replaced) or
    cannot be written, DataError if the source is unusable: broken, or under 3 usable frames.
    """
    source, out = Path(source), Path(out)
    settings = settings or IngestSettings()
    _check(settings)
    sources = find_sources(source)
    names = [""] if len(sources) == 1 else unique_names(sources)
    _check_output(out, names, source=source, overwrite=overwrite)
    with whole_folder(out, overwrite=overwrite) as partial:
        clips, warnings = _ingest_all(
            list(zip(names, sources, strict=True)),
            partial,
            title=source.stem,
            settings=settings,
            workers=workers,
            progress=progress,
        )
    return Ingested(tuple(replace(clip, folder=out / clip.folder.relative_to(partial)) for clip in clips), warnings)


def _ingest_all(
    sources: Sequence[tuple[str, Path]],
    folder: Path,
    *,
    title: str,
    settings: IngestSettings,
    workers: int,
    progress: Report | None,
) -> tuple[list[ClipInfo], list[str]]:
    """Ingest each source into `folder` / its name; a single one has none, and its clip is called `title`."""
    clips: list[ClipInfo] = []
    warnings: list[str] = []
    failure: DataError | None = None
    for name, path in sources:
        try:
            clip, advice = _ingest_one(
                path, folder / name, name=name or title, settings=settings, workers=workers, progress=progress
            )
        except DataError as error:
            if len(sources) == 1:
                raise
            failure = error
            shutil.rmtree(folder / name, ignore_errors=True)
            warnings.append(f"{path.name} left out: {error}")
            continue
        clips.append(clip)
        warnings += [f"{clip.name}: {sentence}" for sentence in advice]
    if not clips:
        raise DataError(f"None of the {len(sources)} clips is usable; the last one: {failure}")
    return clips, warnings


def _ingest_one(
    path: Path, folder: Path, *, name: str, settings: IngestSettings, workers: int, progress: Report | None
) -> tuple[ClipInfo, list[str]]:
    source = open_source(path, frames_per_second=settings.frames_per_second, intrinsics=settings.intrinsics)
    diagnosis = consult(source, path, settings=settings)
    windows = ([frame.image for frame in run] for run in source.runs(count=WINDOWS, length=WINDOW_LENGTH))
    parallax = measure_parallax(windows, frames=source.estimated_frames)
    stride = settings.stride or (parallax.stride if diagnosis is None else diagnosis.stride)
    check_room(
        folder,
        _least_size(source, settings, stride=stride),
        thinning="vection ingest with `stride=10` or `max_frames=1000`",
    )
    writer = ClipWriter(folder, path=path, settings=settings)
    for number, frame in enumerate(source):
        if number % stride == 0:
            writer.add(frame.seconds, frame.image)
        if progress is not None:
            progress(number + 1, source.estimated_frames)
        if writer.full:
            break
    writer.check()
    mask = writer.write_mask()
    warnings = [*_warnings(writer, source, stride=stride), *harm(diagnosis)]
    done = actions(diagnosis, writer, stride=stride)
    clip = ClipInfo(
        folder=folder,
        name=name,
        width=settings.width,
        height=settings.height,
        unit="up-to-scale",
        intrinsics_source=writer.framing.camera.source,
        frames=tuple(writer.frames),
        mask=mask,
        breaks=tuple(writer.breaks),
        window=writer.framing.window,
        crop=settings.crop,
        ingest=_summary(writer, parallax, stride=stride) | record(diagnosis, done) | {"warnings": warnings},
    )
    write_clip(clip)
    if writer.measuring is not None:
        writer.measuring.measure(clip, source=f"the source {path.name}", workers=workers, progress=progress)
    return clip, warnings


def _least_size(source: FrameSource, settings: IngestSettings, *, stride: int) -> float:
    """Bytes that the frames take, if a video tells their number and few show no motion."""
    stated = source.estimated_frames or 0
    count = min(stated // stride, settings.max_frames or MOST_BELIEVED)
    return 0.0 if stated > MOST_BELIEVED else count * settings.width * settings.height * JPEG_BYTES


def _summary(writer: ClipWriter, parallax: Parallax, *, stride: int) -> dict[str, Any]:
    return {
        "source": writer.path.name,
        "source_size": list(writer.source_size),
        "crop_box": list(writer.framing.box),
        "undistorted": writer.framing.maps is not None,
        "stride": stride,
        "stride_chosen_by": "user" if writer.settings.stride else "parallax",
        "displacement_per_frame": round(parallax.displacement, 5),
        "displacement_measured_on_pairs": parallax.pairs,
        "displacement_between_kept": round(median(writer.displacements or [0.0]), 5),
        "dropped_static": writer.static,
        "usable_fraction": round(writer.usable_fraction, 4),
    }


def _warnings(writer: ClipWriter, source: FrameSource, *, stride: int) -> list[str]:
    warnings = []
    moved = median(writer.displacements or [0.0])
    if moved < WEAK_DISPLACEMENT:
        warnings.append(
            f"the picture moves by only {moved:.2%} of its width between frames at stride {stride}, so depth will be "
            "learned poorly; use video in which the camera travels, or a larger stride"
        )
    if writer.framing.camera.source.startswith("assumed"):
        warnings.append(
            f"intrinsics {writer.framing.camera.source}; depth keeps its order but its shape may be distorted"
        )
    if writer.static > len(writer.frames):
        warnings.append(f"{writer.static} of {writer.static + len(writer.frames)} frames show no camera motion")
    if isinstance(source, VideoFile):
        warnings += source.faults
    if writer.framing.box[2] < writer.settings.width:
        warnings.append(f"the source is smaller than {writer.settings.width} pixels across and was enlarged")
    return warnings


def _check(settings: IngestSettings) -> None:
    check_image_sides(width=settings.width, height=settings.height)
    if settings.stride is not None and settings.stride < 1:
        raise UsageError(f"The stride must be 1 or more, but is {settings.stride}.")
    if settings.max_frames is not None and settings.max_frames < FEWEST_FRAMES:
        raise UsageError(f"max_frames must be {FEWEST_FRAMES} or more, but is {settings.max_frames}.")


def _check_output(out: Path, names: Sequence[str], *, source: Path, overwrite: bool) -> None:
    """Raise UsageError unless `out` is free, or holds nothing but clips of these names, which may be overwritten."""
    if lies_in(source, out):
        raise UsageError(f"The output {out} holds the source {source}; choose another output.")
    sweep(out)
    if not out.exists():
        return
    if not overwrite:
        raise UsageError(f"The output {out} exists already; choose another or allow overwriting.")
    if not out.is_dir() or (any(out.iterdir()) and not has_clips(out)):
        raise UsageError(f"The output {out} exists and holds no clip, so it is not overwritten; choose another.")
    clips = [out] if (out / CLIP_FILE).is_file() else [out / name for name in names if name and (out / name).is_dir()]
    if out not in clips:
        check_own(out, [clip.name for clip in clips], kind=f"what is made of {source}")
    for clip in clips:
        check_own(clip, OWN_NAMES, kind="a clip")
