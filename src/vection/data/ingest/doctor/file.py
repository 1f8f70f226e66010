"""What the file and its frames are: streams, pixels, damage, length, size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vection.data.clips.image_file import read_stored
from vection.data.ingest.doctor.finding import Finding, Verdict
from vection.data.ingest.doctor.sample import Sample
from vection.data.ingest.stream import StreamFacts
from vection.data.ingest.video import FrameSource, VideoFile

FEWEST_FRAMES = 3
SHORT = 25
SMALL = 192
"""Pixels of width, below which a video is a thumbnail."""
MISSING = 0.85
"""A file is cut off if it holds less than this part of the frames that it states."""
LATE = 1.0
"""Seconds."""
DARK = 24
"""Grey levels; a sample without a brighter pixel shows nothing."""
FULL_RANGE = 16384
"""16-bit images that stay below a quarter of their range hold fewer bits."""


def check_file(source: FrameSource, sample: Sample) -> list[Finding]:
    """Find what is wrong with a source as such."""
    if not len(sample):
        cause = "not one frame can be decoded"
        return [
            Finding(
                "no-frames", "unusable", cause, "the file is damaged or of an unknown codec; record or copy it again"
            )
        ]
    findings = [*_length(sample), *_sizes(sample), *_light(sample)]
    if isinstance(source, VideoFile):
        return [*findings, *check_facts(source.facts), *_damage(source, sample)]
    bits = check_bits(source.files)
    return [*(one for one in findings if not bits or one.name != "black"), *bits]


def check_facts(facts: StreamFacts) -> list[Finding]:
    """Find what the container says that many programs overlook."""
    findings = []
    if abs(facts.pixel_aspect - 1) > 0.005:
        cause = f"pixels are {facts.pixel_aspect:.3f} times as wide as high"
        fix = "frames are brought to square pixels; intrinsics must be those of the image as players show it"
        findings.append(Finding("non-square-pixels", "handled", cause, fix, {"pixel_aspect": facts.pixel_aspect}))
    if facts.quarter_turns:
        cause = f"the video is stored turned by {90 * facts.quarter_turns % 360} degrees and says so"
        fix = "frames are turned upright; intrinsics must be those of the upright image"
        findings.append(Finding("stored-turned", "handled", cause, fix, {"quarter_turns": facts.quarter_turns}))
    if facts.passed_over:
        cause = "the file begins with a cover picture or holds one"
        findings.append(Finding("cover-picture", "handled", cause, "the film beside it is read", {}))
    if facts.videos > 1:
        cause = f"the file holds {facts.videos} films"
        findings.append(Finding("several-films", "note", cause, "the largest is read", {"films": facts.videos}))
    if facts.start > LATE:
        cause = f"the clock of the file begins at {facts.start:.1f} s"
        findings.append(
            Finding("late-start", "handled", cause, "times are counted from the first frame", {"start": facts.start})
        )
    if not facts.rate_stated:
        cause = f"the file states no frame rate, so {facts.rate:g} frames a second are assumed"
        fix = "ingest it with `frames_per_second` if it has another"
        findings.append(Finding("assumed-rate", "handled", cause, fix, {"rate": facts.rate}))
    if facts.seconds is None:
        cause = "the file tells no duration"
        fix = "its beginning was looked at, and ingest reads it to the end"
        findings.append(Finding("unknown-duration", "handled", cause, fix, {}))
    return findings


def check_bits(files: Sequence[Path]) -> list[Finding]:
    """Find images of 16 bits that use a small part of their range, as of 10- to 14-bit and thermal cameras."""
    some = [files[index] for index in sorted({round(at) for at in np.linspace(0, len(files) - 1, 5)})]
    deep = [image for image in map(read_stored, some) if image.dtype == np.uint16]
    if not deep:
        return []
    lowest, highest = min(int(image.min()) for image in deep), max(int(image.max()) for image in deep)
    if highest - lowest >= FULL_RANGE:
        return []
    cause = f"the 16-bit images hold values from {lowest} to {highest} only, so little of them is left in 8 bits"
    fix = f"stretch them first, all by the same range: (value - {lowest}) / {max(1, highest - lowest)} * 255"
    verdict: Verdict = "unusable" if highest - lowest < 256 * DARK else "harmful"
    return [Finding("bits", verdict, cause, fix, {"lowest": lowest, "highest": highest})]


def _length(sample: Sample) -> list[Finding]:
    count = len(sample)
    if not sample.whole or count >= SHORT:
        return []
    if count < FEWEST_FRAMES:
        cause = f"there {'is' if count == 1 else 'are'} {count} frame{'' if count == 1 else 's'}"
        return [Finding("too-short", "unusable", cause, f"training needs at least {FEWEST_FRAMES}", {"frames": count})]
    fix = "more frames teach more; several hundred are a beginning"
    return [Finding("short", "note", f"there are {count} frames", fix, {"frames": count})]


def _sizes(sample: Sample) -> list[Finding]:
    if sample.other_sizes:
        sizes = [f"{sample.width}x{sample.height}", *(f"{width}x{height}" for width, height in sample.other_sizes)]
        cause = f"the frames have {len(sizes)} sizes ({', '.join(sizes)}): they are of several cameras"
        fix = "put the frames of each camera into a folder of its own"
        return [Finding("mixed-sizes", "unusable", cause, fix, {"sizes": sizes})]
    if sample.width < SMALL:
        cause = f"frames are {sample.width}x{sample.height}, a thumbnail"
        return [Finding("small", "harmful", cause, "use the original video, not its preview", {"width": sample.width})]
    return []


def _light(sample: Sample) -> list[Finding]:
    brightest = max(int(grey.max()) for grey in sample.greys)
    if brightest < DARK:
        cause = f"no pixel is brighter than {brightest} of 255"
        return [Finding("black", "unusable", cause, "use video that shows something", {"brightest": brightest})]
    return []


def _damage(source: VideoFile, sample: Sample) -> list[Finding]:
    findings = []
    if source.damaged:
        cause = f"{source.damaged} piece{'s' if source.damaged > 1 else ''} of the video cannot be decoded"
        fix = "copy or download it again; ingest skips what is damaged"
        findings.append(Finding("damaged", "harmful", cause, fix, {"damaged": source.damaged}))
    facts = source.facts
    lacking = sample.empty_runs > 1
    if sample.whole and facts.frames and facts.seconds:
        expected = min(facts.frames, facts.seconds * facts.rate)
        lacking = len(sample) < MISSING * expected - 1
    if lacking:
        held = f"{len(sample)} of {facts.frames} frames" if sample.whole else f"nothing at {sample.empty_runs} places"
        cause = f"the file is cut off: it holds {held}"
        findings.append(
            Finding("cut-off", "harmful", cause, "copy or download it again; ingest takes what there is", {})
        )
    return findings
