"""Keeps a training on its way: looks at it, and leads it back to an earlier checkpoint when its weights are lost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vection.formats.checkpoint import CONFIG, find_checkpoint, load_weights, read_config
from vection.methods.method import Method
from vection.training.health.finite import DivergenceError, stop_if_weight_not_finite
from vection.training.health.statistics import weight_norm
from vection.training.health.watch import LOOK_EVERY, Watch
from vection.training.position import Position
from vection.training.stage_run import StageRun

MOST_RETURNS = 3
"""Returns of a run to an earlier checkpoint, each to go on at a lower learning rate."""


class Guard:
    """What watches over one training."""

    def __init__(self, method: Method) -> None:
        self.method, self.watch = method, Watch(method)
        self.saved: Path | None = None
        """The checkpoint of this run to which training can go back."""
        self.careful_until = 0
        """Step up to which each step is checked, because training went back from near there."""

    def begin_stage(self, position: Position) -> None:
        """Forget what the looks of another stage showed."""
        self.watch = Watch(self.method)
        if position.epoch + position.batch == 0:
            position.weight_norm = weight_norm(self.method)

    def look(self, position: Position, *, step: int, any_process: Callable[[bool], bool]) -> list[str]:
        """Return what deserves a remark, `step` steps into the stage.

        Raises DivergenceError if the weights are lost, in all processes if in any.
        """
        stop_if_weight_not_finite(self.method, step=position.step)
        found = self.watch.look(step=step, norm_at_start=position.weight_norm)
        lost = [finding.sentence for finding in found if finding.explodes]
        if any_process(bool(lost)):
            raise DivergenceError(lost[0] if lost else "another process diverges.", step=position.step)
        return [finding.sentence for finding in found]

    def go_back(self, position: Position, stage: StageRun, error: DivergenceError, *, alone: bool) -> str:
        """Return to the last checkpoint, with `position`, to go on at a lower rate; say so in a sentence.

        Raises `error` where that cannot help: bad data, no checkpoint of the stage, several processes (not `alone`),
        which would have to agree, or as many returns before.
        """
        checkpoint = None if self.saved is None else find_checkpoint(self.saved)
        if checkpoint is None or not error.curable or not alone or position.returns >= MOST_RETURNS:
            raise error
        before = Position.stored(read_config(checkpoint), path=checkpoint / CONFIG)
        if before.stage != position.stage:
            raise error
        step = position.step
        self.careful_until = step + LOOK_EVERY
        vars(position).update(vars(replace(before, returns=position.returns + 1)))
        load_weights(self.method, checkpoint)
        stage.restore(checkpoint if position.epoch + position.batch > 0 else None)
        self.watch = Watch(self.method)
        how = f"from step {step} to step {position.step} and goes on at {position.rate:.2g} of the learning rate"
        return f"Training went back {how}. {error.what[:1].upper()}{error.what[1:]}"
