"""The record of a run: its log, TensorBoard and panels of pictures."""

from pathlib import Path

import cv2
import numpy as np

from vection.extras import extra
from vection.files import whole_file
from vection.formats.metrics_log import Event, append_event, forget_after
from vection.formats.run_folder import RunFolder
from vection.types import Image


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

    def write_panel(self, pictures: dict[str, Image], *, step: int, samples: int = 3) -> None:
        """Write one picture with a row a sample and a column a kind of picture, named along the top."""
        if not pictures:
            return
        columns = []
        for name, batch in pictures.items():
            images = (batch[:samples].clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).cpu().numpy()
            columns.append(np.concatenate([_caption(name, width=images.shape[2]), *images]))
        panel = np.concatenate(columns, axis=1)
        with whole_file(self.folder.panel(step)) as temporary:
            cv2.imwrite(str(temporary), panel[..., ::-1])
        self.tensorboard.add_image("panel", panel, step, dataformats="HWC")

    def close(self) -> None:
        """Flush TensorBoard."""
        self.tensorboard.close()


def _caption(text: str, *, width: int) -> np.ndarray:
    strip = np.full((16, width, 3), 255, np.uint8)
    return cv2.putText(strip, text, (3, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
