"""The progress bar of training: time left, loss, and the share of time spent waiting for data."""

from types import TracebackType

from vection.extras import extra

with extra("train", purpose="Training"):
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )


class TrainingProgress:
    """A bar on standard error; prints nothing but remarks where that is no terminal."""

    def __init__(self, total: int, *, done: int, shown: bool = True) -> None:
        self.bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[losses]}"),
            TextColumn("data {task.fields[data_share]:.0%}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not shown,
        )
        self.task = self.bar.add_task("training", total=total, completed=done, losses="", data_share=0.0)
        self.loss: float | None = None
        self.validation_loss: float | None = None
        self.data_share = 0.0
        self.printed_remarks: set[str] = set()

    def __enter__(self) -> "TrainingProgress":
        self.bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.__exit__(kind, error, trace)

    def advance(self, *, data_share: float) -> None:
        """Count one step; `data_share` is the part of its time spent waiting for data."""
        self.data_share += 0.05 * (data_share - self.data_share)
        self.bar.update(self.task, advance=1, data_share=self.data_share)

    def go_back(self, step: int) -> None:
        """Count from `step` on once more."""
        self.bar.update(self.task, completed=step)

    def show(
        self, *, loss: float | None = None, validation_loss: float | None = None, remarks: list[str] | None = None
    ) -> None:
        """Show the newest losses; print each remark once, above the bar."""
        self.loss = self.loss if loss is None else loss
        self.validation_loss = self.validation_loss if validation_loss is None else validation_loss
        parts = [("loss", self.loss), ("held out", self.validation_loss)]
        self.bar.update(
            self.task, losses="  ".join(f"{name} {value:.4f}" for name, value in parts if value is not None)
        )
        for remark in remarks or []:
            if remark not in self.printed_remarks and not self.bar.disable:
                self.printed_remarks.add(remark)
                self.bar.console.print(f"[yellow]health:[/] {remark}")
