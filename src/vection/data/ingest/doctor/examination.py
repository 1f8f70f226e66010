"""All checks of one source, or of all below a folder."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vection.data.clips.folder import CLIP_FILE, FrameInfo, find_clips, read_clip
from vection.data.clips.intrinsics import CameraIntrinsics
from vection.data.ingest.clip_writer import stated_intrinsics
from vection.data.ingest.doctor.breaks import check_cuts, check_exposure, check_gaps
from vection.data.ingest.doctor.camera import StatedCamera, check_camera
from vection.data.ingest.doctor.combing import check_combing
from vection.data.ingest.doctor.file import check_file
from vection.data.ingest.doctor.finding import VERDICTS, Diagnosis, Finding
from vection.data.ingest.doctor.lens import check_lens, measure_lens
from vection.data.ingest.doctor.motion import check_motion, suggest_stride
from vection.data.ingest.doctor.pairs import SampledPair, sampled_pairs
from vection.data.ingest.doctor.regions import check_regions
from vection.data.ingest.doctor.repeats import check_order, check_repeats
from vection.data.ingest.doctor.sample import WIDE, Sample, take_sample
from vection.data.ingest.doctor.steps import Steps, measure_steps
from vection.data.ingest.files import find_sources
from vection.data.ingest.video import FrameSource, ImageFolder, VideoFile, open_source
from vection.errors import DataError, UsageError
from vection.progress import Report

RECIPE, RECIPE_WITHOUT_GEOMETRY = "video", "monodepth2-video"


def examine(
    path: Path | str,
    *,
    intrinsics: CameraIntrinsics | Path | str | None = None,
    frames_per_second: float | None = None,
) -> Diagnosis:
    """Examine a video file, a folder of images or a clip folder; a source that cannot be read is an unusable one.

    `intrinsics` and `frames_per_second` are as of `ingest`; a clip folder has its own. A source of over 600 frames is
    examined at 20 places. Raises UsageError if there is nothing at `path`.
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(f"The source {path} does not exist; give a video file or a folder of images.")
    try:
        if (path / CLIP_FILE).is_file():
            return _examine_clip(path)
        source = open_source(path, frames_per_second=frames_per_second, intrinsics=intrinsics)
        return examine_source(source, intrinsics=intrinsics or stated_intrinsics(path))
    except DataError as error:
        cause, _, fix = str(error).rstrip(".").partition("; ")
        finding = Finding("unreadable", "unusable", cause, fix or "give a video file or a folder of images", {})
        return Diagnosis(path, 0, 0, frames=None, rate=0.0, findings=(finding,))


def examine_all(
    path: Path | str,
    *,
    intrinsics: CameraIntrinsics | Path | str | None = None,
    frames_per_second: float | None = None,
    progress: Report | None = None,
) -> Iterator[Diagnosis]:
    """Examine the source at `path`, or each of those that `ingest` or training would take below a folder."""
    sources = _sources(Path(path))
    for number, source in enumerate(sources):
        yield examine(source, intrinsics=intrinsics, frames_per_second=frames_per_second)
        if progress is not None:
            progress(number + 1, len(sources))


def examine_source(source: FrameSource, *, intrinsics: CameraIntrinsics | Path | str | None = None) -> Diagnosis:
    """Examine an open source, as `examine` does. Raises DataError if it cannot be read at all."""
    sample = take_sample(source)
    rate = source.facts.rate if isinstance(source, VideoFile) else source.rate
    findings = check_file(source, sample)
    stated = StatedCamera(None)
    if sample.width:
        stated = check_camera(intrinsics, width=sample.width, height=sample.height)
        findings += stated.findings
    frames = source.estimated_frames
    common: dict[str, Any] = {"source": source.path, "frames": frames, "rate": rate, "looked_at": len(sample)}
    camera: dict[str, object] = {"source": "unknown"}
    if stated.camera is not None:
        camera = {"source": stated.camera.source, "numbers": stated.camera.numbers}
    if len(sample) < 2 or any(finding.name in ("mixed-sizes", "black") for finding in findings):
        return Diagnosis(**common, width=sample.width, height=sample.height, findings=_sorted(findings), camera=camera)
    flagged = isinstance(source, VideoFile) and source.facts.interlaced
    steps = measure_steps(sample)
    combing = check_combing(sample.field_shifts, moved=float(np.median(steps.moved)), flagged=flagged)
    seen, stride, recipe = _check_scene(sample, steps, stated, frames=frames, rate=rate)
    camera |= {
        name: value for finding in seen if finding.name == "camera-unknown" for name, value in finding.numbers.items()
    }
    return Diagnosis(
        **common,
        width=sample.width,
        height=sample.height,
        findings=_sorted([*findings, *combing, *seen]),
        stride=stride,
        recipe=recipe,
        camera=camera,
        deinterlace=bool(combing),
    )


def _check_scene(
    sample: Sample, steps: Steps, stated: StatedCamera, *, frames: int | None, rate: float
) -> tuple[list[Finding], int, str]:
    """Return the findings of what the frames show, the stride and the recipe."""
    pairs = sampled_pairs(sample, steps)
    numbers = None
    if stated.camera is not None:
        measured_width = min(WIDE, sample.width)
        numbers = stated.camera.resized(
            width=measured_width, height=round(sample.height * measured_width / sample.width)
        ).numbers
    stride = suggest_stride(steps, pairs, frames=frames, camera=numbers)
    motion = check_motion(sample, steps, pairs, camera=numbers, rate=rate, stride=stride)
    order = check_order(sample)
    findings = [
        *order,
        *([] if order else motion),
        *check_repeats(steps),
        *check_cuts(steps, whole=sample.whole),
        *check_gaps(sample),
        *check_exposure(steps),
    ]
    if not any(finding.verdict == "unusable" for finding in findings):
        # a camera that stands shows the same everywhere, and one that only turns no lens and no still parts
        findings += check_regions(sample)
        findings += check_lens(
            measure_lens(pairs), width=sample.width, given=None if stated.camera is None else stated.camera.numbers
        )
    return findings, stride, _recipe(pairs)


def _recipe(pairs: list[SampledPair]) -> str:
    told = sum(pair.told for pair in pairs)
    return RECIPE if not pairs or 2 * told >= len(pairs) else RECIPE_WITHOUT_GEOMETRY


def _examine_clip(folder: Path) -> Diagnosis:
    clip = read_clip(folder)
    source = ImageFolder(folder / Path(clip.frames[0].file).parent, frames_per_second=_rate(clip.frames))
    fx, fy, cx, cy = clip.frames[0].intrinsics
    camera = CameraIntrinsics(clip.width, clip.height, fx, fy, cx, cy, clip.intrinsics_source)
    diagnosis = examine_source(source, intrinsics=camera)
    return replace(diagnosis, source=folder)


def _rate(frames: Sequence[FrameInfo]) -> float:
    seconds = frames[-1].seconds - frames[0].seconds
    return (len(frames) - 1) / seconds if seconds > 0 else 10.0


def _sources(path: Path) -> list[Path]:
    if path.is_dir() and (path / CLIP_FILE).is_file():
        return [path]
    if path.is_dir() and next(path.rglob(CLIP_FILE), None):
        return find_clips(path)
    return find_sources(path)


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: VERDICTS.index(finding.verdict)))
