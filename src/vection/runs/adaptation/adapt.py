"""Adapt a trained run to new videos without labels: what `vection adapt` does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from vection.errors import UsageError
from vection.files import lies_in
from vection.formats.metrics_log import LABEL_FREE, read_events
from vection.formats.run_folder import RunFolder
from vection.progress import Bars, no_bars
from vection.recipes.recipe import Recipe
from vection.runs.load import checkpoint_name, find_run_checkpoint, read_checkpoint_recipe
from vection.runs.start import on_clips
from vection.runs.videos import VideoTraining, train_on_videos

Adapted = Literal["all", "decoder"]
"""What learns: "all" weights; or, "decoder", all but the encoders' weights, of which only normalisation goes on."""

EPOCHS = 6
STEPS_PER_EPOCH = 50
"""Optimiser steps between two looks at the held-out frames."""
RATE = 0.5
"""Factor of the learning rate of the run's last stage."""
HELD_OUT = 0.2
"""Share of the frames that is held out: what decides needs more of them than what is only watched."""


@dataclass(frozen=True)
class Adaptation:
    """What adaptation left: a run whose best checkpoint is the adapted one, or the start if that is better."""

    training: VideoTraining
    """The run folder, its report, the AbsRel of "model" and "start" against measured depth, warnings and actions."""
    before: float
    """Score without labels of the start, `losses.measured_log_error`, over the held-out frames."""
    after: float
    """The same of the run's best checkpoint."""
    step: int
    """Optimiser steps before that checkpoint; 0: nothing was better than the start."""

    @property
    def is_better(self) -> bool:
        """Whether adapted weights were kept."""
        return self.step > 0


def adaptation_recipe(run: Path | str, *, what: Adapted = "all", checkpoint: str | None = None) -> Recipe:
    """Return the recipe that goes on from the weights of a run on clips of video: short, at half the learning rate.

    `run` is a run or checkpoint folder, weights that ship with vection by name, or a model on the Hub; `checkpoint` as
    `find_run_checkpoint` has it. Of the run's stages it is the last, with all terms from its first step on. With
    `what="decoder"` the weights of all encoders stay as they are, byte for byte, but for those of their normalisation
    layers; these learn, and their running statistics, which are no weights, become those of the new video. Everything
    else (decoders, pose networks without an encoder) learns. The synthetic street is not rehearsed: it is not what the
    run shall become better at.
    Raises UsageError for a run that learned from what a video does not have.

    >>> recipe = adaptation_recipe("street", what="decoder")
    >>> recipe.start_from, recipe.stages[0].encoders_learn, recipe.training.keeps_start
    ('street', False, True)
    """
    found = find_run_checkpoint(Path(run), checkpoint=checkpoint)
    recipe = read_checkpoint_recipe(found)
    for needed, words in ((recipe.method.needs.stereo, "stereo pairs"), (recipe.method.needs.class_maps, "class maps")):
        if needed:
            raise UsageError(f"'{run}' learned from {words}, which a video does not have; adapt another run.")
    last = recipe.stages[-1]
    stage = replace(
        last,
        epochs=EPOCHS,
        learning_rate=RATE * last.learning_rate,
        drops=(),
        fades=True,
        warm_up=STEPS_PER_EPOCH // 2,
        encoders_learn=what == "all",
    )
    training = replace(
        recipe.training,
        steps_per_epoch=STEPS_PER_EPOCH,
        snapshot_every=None,
        validation_fraction=max(HELD_OUT, recipe.training.validation_fraction),
        keeps_start=True,
    )
    clips = on_clips(replace(recipe.data, source="clips", rehearsal=0.0, rehearsal_drives=None))
    return replace(
        recipe,
        method=recipe.method.trained(),
        summary=f"adapted to other video: {recipe.summary}",
        data=clips,
        stages=(stage,),
        training=training,
        default_checkpoint="best",
        start_from=checkpoint_name(run, found),
        starts_after=None,
        start_epoch=None,
    )


def adapt(
    run: Path | str | Recipe,
    videos: Sequence[Path | str],
    *,
    out: Path | str,
    what: Adapted = "all",
    intrinsics: Path | str | None = None,
    checkpoint: str | None = None,
    minutes: float | None = None,
    resume: bool = True,
    device: str | None = None,
    workers: int = 0,
    progress: Bars = no_bars,
) -> Adaptation:
    """Go on training a run on new videos, without labels, and keep what came of it only if it is better.

    Videos are examined, cut and measured as `train_on_videos` does, and the end of each is held out. There the start
    and what comes of it are scored without labels, by depth measured in the video; the best checkpoint of the new run
    folder `out` is the better one, so the new run is never worse by this score, and the old one stays as it is. The
    report shows both. `run`, `what` and `checkpoint` are those of `adaptation_recipe`; or `run` is what that returned,
    changed at will. Other arguments are those of `train_on_videos`. A scale in metres is not taken over: it is that of
    the old weights. Raises UsageError (the run lies in `out`; what a video does not have) or DataError (no video in
    which the camera moves; nothing could be measured in what is held out).
    """
    recipe = run if isinstance(run, Recipe) else adaptation_recipe(run, what=what, checkpoint=checkpoint)
    if recipe.start_from is not None and lies_in(find_run_checkpoint(Path(recipe.start_from)), Path(out)):
        raise UsageError(
            f"'{recipe.start_from}', which is adapted, lies in '{out}' and stays as it is; name another folder for the "
            "adapted run (`out`)."
        )
    training = train_on_videos(
        videos,
        out=out,
        recipe=recipe,
        intrinsics=intrinsics,
        minutes=minutes,
        resume=resume,
        device=device,
        workers=workers,
        progress=progress,
    )
    events = read_events(RunFolder(training.run).metrics)
    scores = {event.step: event.depth_statistics[LABEL_FREE] for event in events if event.split == "validation"}
    best = min(scores, key=lambda step: scores[step])
    return Adaptation(training, before=scores[0], after=scores[best], step=best)
