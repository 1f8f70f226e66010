"""The record of a run: metrics.jsonl, TensorBoard and panels of pictures."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vection.extras import extra
from vection.types import Image


class RunLog:
    """Writes what a run reports into its folder; `metrics.jsonl` holds one JSON object a line."""

    def __init__(self, run: Path, *, resume_step: int) -> None:
        self.file = run / "metrics.jsonl"
        self.panels = run / "panels"
        self.panels.mkdir(parents=True, exist_ok=True)
        self._forget_after(resume_step)
        with extra("train", purpose="The record of a training"):
            from torch.utils.tensorboard import SummaryWriter
        self.tensorboard = SummaryWriter(run / "tensorboard", purge_step=resume_step + 1)

    def write(self, record: dict[str, Any]) -> None:
        """Append one record, whole even if the program is killed next."""
        with self.file.open("a") as stream:
            stream.write(json.dumps(record) + "\n")
        for name, value in {"loss": record["loss"], **record["terms"]}.items():
            self.tensorboard.add_scalar(f"{record['split']}/{name}", value, record["step"])

    def write_panel(self, pictures: dict[str, Image], *, step: int, samples: int = 3) -> None:
        """Write one picture with a row a sample and a column a kind of picture, named along the top."""
        if not pictures:
            return
        columns = []
        for name, batch in pictures.items():
            images = (batch[:samples].clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).cpu().numpy()
            columns.append(np.concatenate([_caption(name, width=images.shape[2]), *images]))
        panel = np.concatenate(columns, axis=1)
        target = self.panels / f"step_{step:06d}.png"
        partial = target.with_suffix(".partial.png")
        cv2.imwrite(str(partial), panel[..., ::-1])
        partial.replace(target)
        self.tensorboard.add_image("panel", panel, step, dataformats="HWC")

    def close(self) -> None:
        """Flush TensorBoard."""
        self.tensorboard.close()

    def _forget_after(self, step: int) -> None:
        """Drop what an interrupted run logged after the checkpoint it is resumed from."""
        if not self.file.exists():
            return
        kept = []
        for line in self.file.read_text().splitlines():
            try:
                record = json.loads(line)
            except json.JSONDecodeError:  # the last line of a killed run
                continue
            if record["step"] <= step:
                kept.append(line + "\n")
        partial = self.file.with_suffix(".partial")
        partial.write_text("".join(kept))
        partial.replace(self.file)


def _caption(text: str, *, width: int) -> np.ndarray:
    strip = np.full((16, width, 3), 255, np.uint8)
    return cv2.putText(strip, text, (3, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
