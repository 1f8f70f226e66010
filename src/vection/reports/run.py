"""What a report reads of a run folder; every part may be missing."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vection.errors import DataError, UsageError
from vection.reports.examples import Example, read_examples
from vection.reports.results import Evaluation, read_evaluation


@dataclass(frozen=True)
class Event:
    """One line of `metrics.jsonl`: means over the steps since the line before."""

    step: int
    loss: float
    split: str = "train"
    epoch: float = 0.0
    stage: str = ""
    terms: dict[str, float] = field(default_factory=dict)
    learning_rate: float | None = None
    samples_per_second: float | None = None
    seconds_data: float | None = None
    """Time that the steps since the line before waited for their batches."""
    seconds_compute: float | None = None
    """Time of forward, backward and update of these steps."""
    depth_statistics: dict[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    """What the trainer noticed about these statistics."""


@dataclass(frozen=True)
class Run:
    """The parts of a run folder that were found."""

    folder: Path
    recipe: dict[str, Any]
    events: tuple[Event, ...]
    evaluation: Evaluation | None
    examples: tuple[Example, ...]
    panels: tuple[Path, ...]
    """Pictures of the training so far, oldest first."""
    predictions: Path | None
    """A prediction folder."""

    @property
    def name(self) -> str:
        """The recipe's name, or the folder's where there is no recipe."""
        return str(self.recipe.get("name") or self.folder.resolve().name)


def read_run(folder: Path) -> Run:
    """Read a run folder; a missing or empty one is a UsageError, broken content a DataError."""
    if not folder.is_dir():
        raise UsageError(f"There is no run folder {folder}; `vection train` makes one.")
    recipe, metrics, evaluation = folder / "recipe.json", folder / "metrics.jsonl", folder / "evaluation.json"
    predictions = folder / "predictions"
    if not any(part.exists() for part in (recipe, metrics, evaluation, predictions)):
        raise UsageError(
            f"{folder} is no run folder: it has no recipe.json, metrics.jsonl, evaluation.json or predictions/."
        )
    return Run(
        folder=folder,
        recipe=_read_recipe(recipe) if recipe.is_file() else {},
        events=read_events(metrics) if metrics.is_file() else (),
        evaluation=read_evaluation(evaluation) if evaluation.is_file() else None,
        examples=read_examples(folder / "examples"),
        panels=tuple(sorted((folder / "panels").glob("*.png"))),
        predictions=predictions if predictions.is_dir() else None,
    )


def read_events(path: Path) -> tuple[Event, ...]:
    """Read `metrics.jsonl`, in the order of steps.

    A last line without its end is dropped (the process was killed while it wrote), and of a step logged twice
    (training resumed from before it) the later line counts.
    """
    adapter = TypeAdapter(Event)
    lines = path.read_text(encoding="utf-8").splitlines()
    events: dict[tuple[int, str], Event] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = adapter.validate_python(json.loads(line))
        except (ValidationError, ValueError) as error:
            if number == len(lines):
                break
            raise DataError(f"Line {number} of {path} is no log event of vection; delete that line.") from error
        events[event.step, event.split] = event
    return tuple(sorted(events.values(), key=lambda event: event.step))


def _read_recipe(path: Path) -> dict[str, Any]:
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON ({error}); copy it anew from the run's checkpoint.") from error
    if not isinstance(recipe, dict):
        raise DataError(f"{path} holds no recipe: a JSON object is expected.")
    return recipe
