"""Where the camera's motion comes from: measured in the frames or predicted, and how that is said."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from vection.arrays import CameraNumbers
from vection.errors import UsageError
from vection.formats.prediction_folder import MotionSource
from vection.inference.sources import Frame

MotionChoice = Literal["auto", "measured", "network"]
"""Whether motion is measured or predicted. "auto" measures where the camera is known, and asks the network for pairs
that cannot be measured; a camera that a clip only assumes is known enough for methods that know no motion."""

_WORDS: dict[MotionSource, str] = {
    "measured": "measured in {}",
    "standing": "standing in {}",
    "network": "from the network in {}",
    "repeated": "not measurable in {}, where the step before is repeated",
    "cut": "cut in {}",
}

UNKNOWN_CAMERA = "this model knows no motion, and without intrinsics none can be measured; give `intrinsics`"


def choose_motion(
    motion: str, first: Frame, *, camera: CameraNumbers | None, known_to_method: bool
) -> Literal["measured", "network", "none"]:
    """Return where the motion of frames like `first`, seen by `camera`, comes from; `motion` is a `MotionChoice`.

    UsageError if what is asked for cannot be had.
    """
    if motion not in ("auto", "measured", "network"):
        raise UsageError(f"There is no motion '{motion}'; choose among auto, measured, network.")
    if motion == "measured" and camera is None:
        raise UsageError(
            f"Motion is measured with a known camera, and '{first.name}' has no intrinsics; give `intrinsics`."
        )
    if motion == "network" and not known_to_method:
        raise UsageError("This model knows no motion of the camera; give `motion=measured`, or leave the path out.")
    if motion == "network" or camera is None or (motion == "auto" and known_to_method and _is_assumed(first, camera)):
        return "network" if known_to_method else "none"
    return "measured"


def describe_motion(sources: Iterable[MotionSource | None]) -> str:
    """Say where the motion of a path comes from; empty if there is none to be told, as for a single frame.

    >>> describe_motion(["measured", "measured", "standing", None])
    'measured in 2, standing in 1, of 3 pairs'
    """
    counts = Counter(source for source in sources if source is not None)
    if not counts:
        return ""
    if counts["none"]:
        return f"none: {UNKNOWN_CAMERA}"
    words = ", ".join(_WORDS[source].format(counts[source]) for source in _WORDS if counts[source])
    return f"{words}, of {counts.total()} pairs"


def weak_motion(sources: Iterable[MotionSource | None]) -> str:
    """Return a sentence where most steps between frames could not be measured; else nothing.

    >>> weak_motion(["standing", "repeated", "repeated", None]).partition(",")[0]
    'In 2 of 3 steps the motion could not be measured'
    """
    steps = [source for source in sources if source is not None]
    weak = steps.count("repeated")
    if 2 * weak <= len(steps):
        return ""
    return (
        f"In {weak} of {len(steps)} steps the motion could not be measured, and the step before is repeated; other "
        "frames may show more (`stride` of predict and of ingest)."
    )


def _is_assumed(frame: Frame, camera: CameraNumbers) -> bool:
    """Return whether the camera is not learned and only assumed by the clip that the frame is of."""
    assumed = frame.clip is not None and frame.clip.intrinsics_source.startswith("assumed")
    return assumed and camera == frame.intrinsics
