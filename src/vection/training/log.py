"""The record of a run: its log, TensorBoard and panels of pictures."""

from pathlib import Path

import numpy as np
from torch import Tensor

from vection.data.clips.folder import write_rgb
from vection.extras import extra
from vection.formats.metrics_log import Event, append_event, forget_after
from vection.formats.run_folder import RunFolder
from vection.inference.pictures import draw_batch, sheet


class RunLog:
    """Writes what a run reports into its folder."""

    def __init__(self, run: Path, *, resume_step: int) -> None:
        """What an interrupted run logged after `resume_step`, the checkpoint it is resumed from, is forgotten."""
        with extra("train", purpose="The record of a training"):
            from torch.utils.tensorboard import SummaryWriter
        self.folder = RunFolder(run)
        self.folder.panels.mkdir(parents=True, exist_ok=True)
        forget_after(self.folder.metrics, resume_step)
        self.tensorboard = SummaryWriter(self.folder.tensorboard, purge_step=resume_step + 1)

    def write(self, event: Event) -> None:
        """Append one event, whole even if the program is killed next."""
        append_event(self.folder.metrics, event)
        for name, value in {"loss": event.loss, **event.terms}.items():
            self.tensorboard.add_scalar(f"{event.split}/{name}", value, event.step)
        for name, value in event.depth_statistics.items():
            self.tensorboard.add_scalar(f"{event.split}/depth/{name}", value, event.step)

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
        """Flush TensorBoard."""
        self.tensorboard.close()
