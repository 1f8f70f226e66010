"""What a report reads of a run folder; every part may be missing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vection.errors import UsageError
from vection.files import read_json, visible
from vection.formats.checkpoint import find_checkpoint, weights_digest
from vection.formats.evaluation_file import Evaluation, read_evaluation
from vection.formats.metrics_log import Event, read_events
from vection.formats.run_folder import RunFolder
from vection.formats.scale_file import RunScale, read_scale
from vection.reports.examples import Example, read_examples
from vection.reports.scores import doubt


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
    videos: dict[str, Any]
    """Which videos it was made of, and what was said of them and done to them; empty if it was made of clips."""
    doubt: str = ""
    """Why the evaluation may be one of other weights, in a sentence; empty if nothing says so."""
    scale: RunScale | None = None
    """The metric scale of the depth, where it was found."""
    scale_holds: bool = True
    """Whether its checkpoint still has the weights that it was found for."""

    @property
    def name(self) -> str:
        """The recipe's name, or the folder's where there is no recipe."""
        return str(self.recipe.get("name") or self.folder.resolve().name)


def read_run(folder: Path) -> Run:
    """Read a run folder; a missing or empty one is a UsageError, broken content a DataError."""
    if not folder.is_dir():
        raise UsageError(f"There is no run folder {folder}; `vection train` makes one.")
    run = RunFolder(folder)
    if not any(part.exists() for part in (run.recipe, run.metrics, run.evaluation, run.predictions)):
        raise UsageError(
            f"{folder} is no run folder: it has no {run.recipe.name}, {run.metrics.name}, {run.evaluation.name} or"
            f" {run.predictions.name}/."
        )
    scale = read_scale(run.scale) if run.scale.is_file() else None
    return Run(
        folder=folder,
        recipe=run.read_recipe() if run.recipe.is_file() else {},
        events=read_events(run.metrics) if run.metrics.is_file() else (),
        evaluation=read_evaluation(run.evaluation) if run.evaluation.is_file() else None,
        examples=read_examples(run.examples),
        panels=tuple(visible(sorted(run.panels.glob("*.png")), run.panels)),
        predictions=run.predictions if run.has_predictions else None,
        doubt=_doubt(run),
        videos=read_json(run.videos, remedy="train on the videos again.") if run.videos.is_file() else {},
        scale=scale,
        scale_holds=scale is None or _is_of(scale, run.last.with_name(scale.checkpoint)),
    )


def _doubt(run: RunFolder) -> str:
    why = doubt(run)
    return f"The scores may be those of other weights: {why}. Predict and evaluate again." if why else ""


def _is_of(scale: RunScale, checkpoint: Path) -> bool:
    """Whether the scale is that of a checkpoint as it is now; one that is not there contradicts nothing."""
    return find_checkpoint(checkpoint) is None or weights_digest(checkpoint) == scale.weights
