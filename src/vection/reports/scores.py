"""Whether the scores that lie in a run are those of its weights as they are now."""

from collections.abc import Callable, Sequence
from pathlib import Path

from vection.errors import DataError
from vection.formats.checkpoint import CONFIG, find_checkpoint
from vection.formats.evaluation_file import Evaluation, read_evaluation
from vection.formats.prediction_folder import LIST_FILE, find_prediction_folders, read_prediction_list
from vection.formats.run_folder import RunFolder

ELSEWHERE = "what was evaluated was predicted with another checkpoint"
OLDER = "the evaluation is older than the checkpoint or the predictions"
COPYING = 120.0
"""Seconds: the files of a copied run are as old as the copy, in any order."""


def scores_of(run: RunFolder, checkpoint: Path, *, stands_for: Callable[[], Path]) -> tuple[Evaluation | None, str]:
    """Return the scores of the run if they are those of this checkpoint, else None and why.

    `stands_for` finds the checkpoint that is meant by predictions that name the run alone.
    """
    if not run.evaluation.is_file():
        return None, "the run was not evaluated (vection evaluate RUN)"
    lists = _lists(run)
    if not lists:
        return None, "the predictions that were evaluated are gone"
    try:
        models = {_plain(read_prediction_list(folder).model) for folder in lists}
        evaluation = read_evaluation(run.evaluation)
    except DataError:
        return None, "the evaluation cannot be read"
    bare = run.path.resolve().name
    if not all(_is(checkpoint, stands_for() if model == bare else Path(model)) for model in models):
        return None, ELSEWHERE
    if not _in_order(run, [checkpoint], lists):
        return None, OLDER
    return evaluation, ""


def doubt(run: RunFolder) -> str:
    """Return why the scores of a run may not be those of any of its checkpoints, in words; empty if they seem to be.

    What is not there, or not stated, contradicts nothing; the run's bare name means any of its checkpoints.
    """
    if not run.evaluation.is_file():
        return ""
    lists = _lists(run)
    places = (run.best, run.last, *run.snapshots.values())
    checkpoints = [found for place in places if (found := find_checkpoint(place)) is not None]
    models = {_plain(read_prediction_list(folder).model) for folder in lists}
    places_named = {Path(model).parts[-2:] for model in models if len(Path(model).parts) > 1}  # runs are renamed
    named = [one for one in checkpoints if places_named <= {one.resolve().parts[-2:]}]
    if checkpoints and not named:
        return ELSEWHERE
    return "" if _in_order(run, named, lists, tolerance=COPYING) else OLDER


def _lists(run: RunFolder) -> list[Path]:
    return find_prediction_folders(run.predictions) if run.has_predictions else []


def _is(checkpoint: Path, model: Path) -> bool:
    """Whether this checkpoint is the one that predictions name; runs may have been moved as a whole."""
    return model.resolve().parts[-3:] == checkpoint.resolve().parts[-3:]


def _plain(model: str) -> str:
    """Return what predictions name, without the engine that computed them."""
    return model.partition(", depth by ")[0]


def _in_order(run: RunFolder, checkpoints: Sequence[Path], lists: Sequence[Path], *, tolerance: float = 0.0) -> bool:
    """Whether one of the checkpoints was written first, predictions next, scores last, but for some seconds."""
    scored = run.evaluation.stat().st_mtime
    predicted = min(((folder / LIST_FILE).stat().st_mtime for folder in lists), default=scored)
    learned = min(((checkpoint / CONFIG).stat().st_mtime for checkpoint in checkpoints), default=predicted)
    return learned - tolerance <= predicted <= scored + tolerance
