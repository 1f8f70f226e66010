"""How many epochs fit into a time."""

import math
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from vection.errors import UsageError
from vection.formats.metrics_log import read_events
from vection.formats.run_folder import RunFolder
from vection.methods.method import Method
from vection.training.data import Data
from vection.training.loop import Training
from vection.training.settings import Stage, TrainingSettings

TRIAL_STEPS = 3
"""Steps of each of two trial epochs; the first is slower than those to come."""
VALIDATION_COST = 0.5
"""Time of a held-out batch, in steps of training."""


def checked_minutes(minutes: float | None) -> float | None:
    """Return the time that training may take. Raises UsageError if it is no number."""
    if minutes is not None and not math.isfinite(minutes):
        raise UsageError(f"Training cannot take {minutes} minutes; give `minutes` a number.")
    return minutes


@dataclass(frozen=True)
class Pace:
    """How long training takes on this machine."""

    step: float
    """Seconds of an optimiser step, with reading its data."""
    validation: float
    """Seconds of scoring the held-out frames, once an epoch."""


def measure_pace(
    method: Method, data: Data, *, stage: Stage, settings: TrainingSettings, device: str | None = None
) -> Pace:
    """Train a copy of the method for a few steps, and forget it."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Training(
            deepcopy(method),
            replace(data, validation=None),
            stages=(replace(stage, epochs=2, drops=()),),
            settings=replace(settings, steps_per_epoch=TRIAL_STEPS, log_every=TRIAL_STEPS),
            run=Path(folder),
            description={},
            device=device,
            shown=False,
        )
        trial.fit(resume=False)
        last = read_events(RunFolder(Path(folder)).metrics)[-1]
    step = ((last.seconds_data or 0.0) + (last.seconds_compute or 0.0)) / TRIAL_STEPS
    frames = 0 if data.validation is None else len(data.validation)  # type: ignore[arg-type]
    batches = min(settings.validation_batches, -(-frames // data.batch_size))
    return Pace(step, validation=VALIDATION_COST * step * batches)


def _fit(stage: Stage, factor: float) -> Stage:
    """Return the stage with so many times the epochs; the rate still drops before the end."""
    epochs = max(1, int(stage.epochs * factor))
    latest = max(1, epochs - 1)
    drops = [drop / stage.epochs for drop in stage.drops if drop < stage.epochs]
    return replace(
        stage,
        epochs=epochs,
        drops=tuple(sorted({min(latest, max(1, round(drop * epochs))) for drop in drops})),
        warm_up=min(stage.warm_up, int(stage.warm_up * factor * 2)),
    )


def fit_stages(stages: Sequence[Stage], *, seconds: float, pace: Pace, steps_per_epoch: int) -> tuple[Stage, ...]:
    """Return the stages with as many epochs as fit into `seconds`, in the same proportion, drops and warm-up included.

    UsageError if not even one epoch of each fits.

    >>> stages = fit_stages([Stage(epochs=20, drops=(15,))], seconds=100.0, pace=Pace(0.1, 1.0), steps_per_epoch=90)
    >>> stages[0].epochs, stages[0].drops
    (10, (8,))
    >>> fit_stages([Stage(epochs=20, drops=(5,))], seconds=19.0, pace=Pace(0.1, 1.0), steps_per_epoch=90)[0].drops
    (1,)
    """
    an_epoch = pace.step * steps_per_epoch + pace.validation
    factor = seconds / an_epoch / sum(stage.epochs for stage in stages)
    fitted = tuple(_fit(stage, factor) for stage in stages)
    if sum(stage.epochs for stage in fitted) * an_epoch > 1.5 * max(seconds, 0):
        needed = len(stages) * an_epoch / 60
        raise UsageError(
            f"Only {max(seconds, 0) / 60:.1f} minutes are left for training, and {needed:.1f} are the least "
            "(one epoch a stage): give more minutes, or less data."
        )
    return fitted
