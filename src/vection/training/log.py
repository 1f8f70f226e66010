"""The record of a run: its log, TensorBoard, trackers and panels of pictures."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from vection.data.clips.folder import write_rgb
from vection.extras import extra
from vection.formats.metrics_log import Event, append_event, forget_after
from vection.formats.run_folder import RunFolder
from vection.inference.pictures import draw_batch, sheet


class RunLog:
    """Writes what a run reports into its folder."""

    def __init__(self, run: Path, *, resume_step: int, validated: bool = True, trackers: Sequence[Any] = ()) -> None:
        """What an interrupted run logged after `resume_step`, the checkpoint it is resumed from, is forgotten; held-out
        frames were scored before that if `validated`.

        `trackers` are Accelerate's, already started; they are shown the scalars and closed with the log.
        """
        with extra("train", purpose="The record of a training"):
            from torch.utils.tensorboard import SummaryWriter
        self.folder = RunFolder(run)
        self.folder.panels.mkdir(parents=True, exist_ok=True)
        forget_after(self.folder.metrics, resume_step, validated=validated)
        self.tensorboard = SummaryWriter(self.folder.tensorboard, purge_step=resume_step + 1)
        self.trackers = list(trackers)

    def write(self, event: Event) -> None:
        """Append one event, whole even if the program is killed next."""
        append_event(self.folder.metrics, event)
        scalars = {f"{event.split}/{name}": value for name, value in {"loss": event.loss, **event.terms}.items()}
        scalars |= {f"{event.split}/depth/{name}": value for name, value in event.depth_statistics.items()}
        for name, value in scalars.items():
            self.tensorboard.add_scalar(name, value, event.step)
        if event.learning_rate is not None:
            scalars[f"{event.split}/learning_rate"] = event.learning_rate
        for tracker in list(self.trackers):
            self._try(tracker, lambda tracker: tracker.log(scalars, step=event.step))

    def write_panel(self, pictures: dict[str, Tensor], *, step: int, samples: int = 3) -> None:
        """Write one picture with a block a sample of all its pictures; to TensorBoard, one of each for all samples.

        `pictures` are those of `Observation`.
        """
        if not pictures:
            return
        drawn = draw_batch({name: batch[:samples].float().cpu().numpy() for name, batch in pictures.items()})
        blocks = [
            sheet((name, words, of_name[sample]) for name, (words, of_name) in drawn.items())
            for sample in range(len(next(iter(drawn.values()))[1]))
        ]
        write_rgb(self.folder.panel(step), np.concatenate(blocks))
        for name, (_, of_name) in drawn.items():
            self.tensorboard.add_image(f"pictures/{name}", np.concatenate(of_name), step, dataformats="HWC")

    def close(self) -> None:
        """Flush TensorBoard and the trackers."""
        self.tensorboard.close()
        for tracker in list(self.trackers):
            self._try(tracker, lambda tracker: tracker.finish())

    def _try(self, tracker: Any, act: Callable[[Any], None]) -> None:
        """Let a tracker act; one that fails is left alone from then on, because a training is worth more."""
        try:
            act(tracker)
        except Exception as error:
            self.trackers.remove(tracker)
            sentence = f"{tracker.name} fails ({type(error).__name__}: {error}); the run is no longer shown there."
            warnings.warn(sentence, stacklevel=2)
