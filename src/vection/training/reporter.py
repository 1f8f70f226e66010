"""What a run tells while it trains: the bar, the log, and panels of pictures."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from vection.formats.metrics_log import Event
from vection.formats.run_folder import RunFolder
from vection.training.log import RunLog
from vection.training.position import Position
from vection.training.progress import TrainingProgress
from vection.training.validation import HeldOut


class Reporter:
    """Writes and shows the events of one run, from the main process alone; the others report nothing."""

    def __init__(
        self,
        run: RunFolder,
        *,
        total_steps: int,
        steps_per_epoch: int,
        done: int,
        main: bool,
        validated: bool = True,
        shown: bool = True,
        trackers: Sequence[Any] = (),
    ) -> None:
        """`done` of `total_steps` optimiser steps were taken before; what was logged after them is forgotten.

        `validated` and `trackers` are as of `RunLog`.
        """
        self.steps_per_epoch = steps_per_epoch
        self.bar = TrainingProgress(total_steps, done=done, shown=main and shown)
        self.log = RunLog(run.path, resume_step=done, validated=validated, trackers=trackers) if main else None
        self.remarks: list[str] = []
        """What the next line of the log will tell."""

    def __enter__(self) -> "Reporter":
        self.bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.__exit__(kind, error, trace)
        if self.log is not None:
            self.log.close()

    def advance(self, *, data_share: float) -> None:
        """Count one step; `data_share` is the part of its time spent waiting for data."""
        self.bar.advance(data_share=data_share)

    def note(self, remarks: list[str]) -> None:
        """Show remarks now, and log them with the next losses."""
        self.bar.show(remarks=remarks)
        self.remarks += remarks

    def go_back(self, position: Position, *, remark: str) -> None:
        """Report that training went back to `position`, and why."""
        self.bar.go_back(position.step)
        self.note([remark])

    def training(
        self,
        terms: dict[str, float],
        *,
        position: Position,
        stage: str,
        learning_rate: float,
        samples: int,
        waiting: float,
        computing: float,
    ) -> None:
        """Report the loss terms of the last step, and the seconds that it took to load and learn from `samples`."""
        self.bar.show(loss=sum(terms.values()))
        self._write(
            terms,
            position=position,
            split="train",
            stage=stage,
            learning_rate=learning_rate,
            samples_per_second=samples / (waiting + computing),
            seconds_data=waiting,
            seconds_compute=computing,
            remarks=tuple(dict.fromkeys(self.remarks)),
        )
        self.remarks = []

    def held_out(self, held_out: HeldOut, *, position: Position, stage: str, remarks: list[str]) -> None:
        """Report what the held-out frames say, and what is to be remarked about it."""
        self._write(
            held_out.terms,
            position=position,
            split="validation",
            stage=stage,
            selection_loss=held_out.selection_loss,
            depth_statistics=held_out.statistics,
            remarks=tuple(remarks),
            cameras=held_out.cameras,
        )
        if self.log is not None:
            self.log.write_panel(held_out.pictures, step=position.step)
        self.bar.show(validation_loss=sum(held_out.terms.values()), remarks=remarks)

    def _write(self, terms: dict[str, float], *, position: Position, **more: Any) -> None:
        if self.log is not None:
            epoch = position.step / self.steps_per_epoch
            self.log.write(Event(position.step, sum(terms.values()), epoch=epoch, terms=terms, **more))
