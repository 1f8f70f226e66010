"""What ingestion does about what the doctor found, in one line each."""

from pathlib import Path
from typing import Any

from vection.data.ingest.clip_writer import ClipWriter, IngestSettings, stated_intrinsics
from vection.data.ingest.doctor.examination import examine_source
from vection.data.ingest.doctor.finding import Diagnosis
from vection.data.ingest.video import FrameSource
from vection.errors import DataError

REFUSED = frozenset({"static-camera", "rotation-only", "alternating-cameras", "wrong-order", "black", "bits"})
"""Findings that end ingestion; other unusable sources are refused when they are read."""
WARNED_ELSEWHERE = frozenset({"slow-camera", "small", "damaged"})
AS_FOUND = frozenset(
    {
        "assumed-rate",
        "interlaced",
        "non-square-pixels",
        "stored-turned",
        "cover-picture",
        "late-start",
        "scaled-intrinsics",
    }
)
"""Findings whose fix is the action."""
REGIONS = ("bonnet", "overlay", "black-bars")


def consult(source: FrameSource, path: Path, *, settings: IngestSettings) -> Diagnosis | None:
    """Examine a source before it is ingested, and prepare it; None if the settings switch the doctor off.

    Raises DataError if nothing can be learned from it.
    """
    if not settings.doctor:
        return None
    diagnosis = examine_source(source, intrinsics=settings.intrinsics or stated_intrinsics(path))
    for finding in diagnosis.of("unusable"):
        if finding.name in REFUSED:
            raise DataError(f"{path}: {finding.sentence} (ingest it with `doctor=False` to have it all the same).")
    source.deinterlace = diagnosis.deinterlace
    return diagnosis


def actions(diagnosis: Diagnosis | None, writer: ClipWriter, *, stride: int) -> list[str]:
    """Return what was done to the source, a clause each."""
    done = []
    if stride > 1 and writer.settings.stride is None:
        done.append(f"every {stride}. frame is taken, so that the picture moves enough between two")
    if writer.static:
        done.append(f"{writer.static} frames that repeat the one before, or were taken while standing, are left out")
    if writer.usable_fraction < 1:
        parts = [finding.name for finding in diagnosis.findings if finding.name in REGIONS] if diagnosis else []
        named = f" ({', '.join(parts)})" if parts else ""
        done.append(f"{1 - writer.usable_fraction:.1%} of the image{named} is masked: it never shows the scene")
    if writer.breaks:
        count = len(writer.breaks)
        done.append(
            f"the clip begins anew {count} time{'s' if count > 1 else ''}, where the scene is cut or time jumps"
        )
    if diagnosis is not None:
        done += [finding.sentence for finding in diagnosis.of("handled") if finding.name in AS_FOUND]
    return done


def harm(diagnosis: Diagnosis | None) -> list[str]:
    """Return the warnings that ingestion does not give by itself."""
    found = diagnosis.of("harmful") if diagnosis is not None else []
    return [finding.sentence for finding in found if finding.name not in WARNED_ELSEWHERE]


def record(diagnosis: Diagnosis | None, done: list[str]) -> dict[str, Any]:
    """Return what clip.json keeps."""
    return {"doctor": diagnosis.as_dict() if diagnosis is not None else None, "actions": done}
