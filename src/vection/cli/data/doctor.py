"""`vection doctor`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tyro.conf import Positional

from vection.cli.arguments import parse
from vection.cli.console import say
from vection.cli.flags import as_flags
from vection.cli.progress import progress_bar
from vection.errors import DataError
from vection.files import json_text

if TYPE_CHECKING:
    from vection.data.ingest.doctor import Diagnosis

EXAMPLES = (
    "vection doctor drive.mp4",
    "vection doctor frames/ --intrinsics intrinsics.json --json",
    "vection doctor clips/",
)


@dataclass(frozen=True)
class Doctor:
    """Examine a video, a folder of images, clip folders, or a folder of such, before anything is learned from them.

    Says of each whether it can be learned from, what is wrong, why, and what to do: `unusable`, `harmful` (only you can
    mend it), `handled` (ingest mends it) or `note`. The exit code is 3 if nothing at all is usable.
    """

    source: Positional[Path]
    """A video file, a folder of images, clip folders, or a folder of such."""
    intrinsics: str | None = None
    """As of ingest: a JSON file, "fx,fy,cx,cy" or "fov:DEGREES"; if not given, intrinsics.json beside the frames, else
    the focal length that photos or the video state."""
    frames_per_second: float | None = None
    """Frames per second of a folder of images, or of a video that states none, as of ingest."""
    json: bool = False
    """Print JSON."""


def run(arguments: Sequence[str]) -> None:
    """Examine and say what was found; DataError if nothing is usable."""
    options = parse(Doctor, arguments, command="doctor", examples=EXAMPLES)
    from vection.data.ingest.doctor import examine_all

    with progress_bar("examining") as progress:
        diagnoses = list(
            examine_all(
                options.source,
                intrinsics=options.intrinsics,
                frames_per_second=options.frames_per_second,
                progress=progress,
            )
        )
    if options.json:
        print(json_text({"sources": [diagnosis.as_dict() for diagnosis in diagnoses]}))
    else:
        for diagnosis in diagnoses:
            say(_text(diagnosis))
    if all(diagnosis.verdict == "unusable" for diagnosis in diagnoses):
        first = diagnoses[0].of("unusable")[0]
        many = "" if len(diagnoses) == 1 else f" Nor is any other of the {len(diagnoses)} sources."
        raise DataError(f"{diagnoses[0].source} is unusable: {first.sentence}.{many}")


def _text(diagnosis: "Diagnosis") -> str:
    frames = "" if diagnosis.frames is None else f"{diagnosis.frames} frames, "
    looked_at = "" if diagnosis.looked_at == diagnosis.frames else f", {diagnosis.looked_at} looked at"
    size = f" ({diagnosis.width}x{diagnosis.height}, {frames}{diagnosis.rate:g} a second{looked_at})"
    lines = [f"{diagnosis.source}: {diagnosis.verdict}{size if diagnosis.width else ''}"]
    lines += [f"  {found.verdict:<9}{found.name}: {as_flags(found.sentence)}." for found in diagnosis.findings]
    if diagnosis.verdict != "unusable":
        lines.append(f"  suggested: stride {diagnosis.stride}, recipe {diagnosis.recipe}")
    return "\n".join(lines)
