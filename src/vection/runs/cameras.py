"""What a checkpoint remembers of its data: how much it was, the names of its cameras, and what its clips showed.

Learned cameras belong to clips by the names of their cameras, whatever their numbers are in a run.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vection.errors import UsageError
from vection.formats.checkpoint import CONFIG, read_config
from vection.formats.record import checked
from vection.formats.window import TrainingWindow
from vection.methods.method import Method
from vection.networks.cameras import MOST_CAMERAS
from vection.training.data import Data

CAMERAS = "cameras"
"""Key of the names, by number, in a checkpoint's config."""
WINDOWS = "windows"
"""Key of what the clips showed, in a checkpoint's config."""

SAMPLES = "samples"
"""Key of how many samples there were to learn, and how many were held out, in a checkpoint's config."""

Names = tuple[str | None, ...]
"""By number; None of a camera without a name."""


@dataclass(frozen=True)
class _Remembered:
    windows: tuple[TrainingWindow, ...] = ()


def remembered(data: Data) -> dict[str, Any]:
    """Return what the config of every checkpoint keeps of the clips."""
    windows = [asdict(window) for window in data.windows]
    return {SAMPLES: _samples(data), CAMERAS: data.cameras, WINDOWS: windows}


def check_data(method: Method, data: Data, *, begun: Path | None) -> None:
    """Raise UsageError if cameras are to be learned and cannot, or are too many, or if a run goes on with other data.

    `begun` is the checkpoint from which it goes on, if it does. With other numbers of samples the order and the
    schedule would be others, and losses on other held-out frames are not comparable.
    """
    check_cameras(method, data.cameras, begun=None if begun is None else learned_names(begun))
    before, now = None if begun is None else read_config(begun).get(SAMPLES), _samples(data)
    if before is not None and before != now:
        raise UsageError(
            f"The run was begun with {before[0]} samples to learn and {before[1]} held out, and the data has {now[0]} "
            f"and {now[1]} now; restore the data, or the version of vection that began it, start anew with "
            "`resume=False`, or train a new run from the weights of this one."
        )


def _samples(data: Data) -> list[int]:
    return [0 if one is None else len(one) for one in (data.training, data.validation)]  # type: ignore[arg-type]


def learned_names(checkpoint: Path) -> Names:
    """Return the names of the cameras that a checkpoint knows; none of older ones."""
    return tuple(read_config(checkpoint).get(CAMERAS, ()))  # checked there


def trained_windows(checkpoint: Path) -> tuple[TrainingWindow, ...]:
    """Return what the clips of a checkpoint's training showed; nothing of older ones, and of other data than clips.

    Raises DataError if it cannot be read.
    """
    stored = read_config(checkpoint)
    return checked(_Remembered, stored, path=checkpoint / CONFIG, remedy="mend it there.").windows


def check_cameras(method: Method, names: Names, *, begun: Names | None = None) -> None:
    """Raise UsageError for cameras to be learned: by nothing, too many, or others than a run was `begun` with."""
    if method.cameras is None and getattr(method.settings, "intrinsics", "given") != "given":
        raise UsageError(
            "Intrinsics are learned from neighbouring frames, of which this training compares none; "
            "train with `method.intrinsics=given`."
        )
    if method.cameras is None or method.cameras.learned is None:
        return
    if len(names) > MOST_CAMERAS:
        raise UsageError(
            f"The clips have {len(names)} cameras, and at most {MOST_CAMERAS} can be learned one by one; train on "
            "fewer videos, or with `method.intrinsics=per-pair`."
        )
    if begun and begun != names:
        raise UsageError(
            "The clips have other cameras than the run was begun with, so what it has learned of them would be mixed "
            "up; restore the clips, or start anew with `resume=False`."
        )


def take_over_cameras(method: Method, names: Names, *, before: Names) -> None:
    """Give what was learned of cameras to those of the same name, and of those without a name to the same number."""
    if method.cameras is None or method.cameras.learned is None or not before:
        return
    numbers = {_key(number, name): number for number, name in enumerate(names)}
    kept = {number: numbers.get(_key(number, name)) for number, name in enumerate(before)}
    method.cameras.learned.take_over({old: new for old, new in kept.items() if new is not None})


def _key(number: int, name: str | None) -> str | int:
    return number if name is None else name
