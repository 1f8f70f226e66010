"""The run folder: what training, prediction and evaluation leave of one model, by name."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vection.files import json_text, read_json, write_text
from vection.formats.record import KEY
from vection.locks import sweep

SCALE_FILE = "scale.json"
"""The metric scale, in a run folder or beside the weights of a checkpoint that stands alone."""
_SNAPSHOT = "step_"


@dataclass(frozen=True)
class RunFolder:
    """The places of a run's parts; none of them need be there."""

    path: Path

    @property
    def recipe(self) -> Path:
        """All settings of the run, as JSON."""
        return self.path / "recipe.json"

    @property
    def videos(self) -> Path:
        """Which videos the run was made of, as JSON, where it was."""
        return self.path / "videos.json"

    @property
    def clips(self) -> Path:
        """Folder of the clips that were made of these videos."""
        return self.path / "clips"

    @property
    def metrics(self) -> Path:
        """The log of training (`formats.metrics_log`)."""
        return self.path / "metrics.jsonl"

    @property
    def panels(self) -> Path:
        """Folder of pictures of the held-out frames, `step_NNNNNN.png`."""
        return self.path / "panels"

    @property
    def tensorboard(self) -> Path:
        """Folder of TensorBoard's events."""
        return self.path / "tensorboard"

    @property
    def rehearsal(self) -> Path:
        """Clips of the synthetic street learned beside the run's own; hidden, so that it is nobody's data."""
        return self.path / ".rehearsal"

    @property
    def last(self) -> Path:
        """The checkpoint (`formats.checkpoint`) from which training goes on."""
        return self.path / "checkpoints" / "last"

    @property
    def best(self) -> Path:
        """The checkpoint that did best on the held-out frames."""
        return self.path / "checkpoints" / "best"

    @property
    def snapshots(self) -> dict[int, Path]:
        """The snapshots, checkpoints that are kept, by the optimiser steps before them."""
        folders = (self.path / "checkpoints").glob(f"{_SNAPSHOT}[0-9]*")
        numbered = [(folder.name.removeprefix(_SNAPSHOT), folder) for folder in folders]
        return dict(sorted((int(number), folder) for number, folder in numbered if number.isdecimal()))

    @property
    def predictions(self) -> Path:
        """Prediction folder (`formats.prediction_folder`), or a folder of them."""
        return self.path / "predictions"

    @property
    def evaluation(self) -> Path:
        """The scores of these predictions (`formats.evaluation_file`)."""
        return self.path / "evaluation.json"

    @property
    def examples(self) -> Path:
        """Folder of evaluated frames beside their truth, which the report shows."""
        return self.path / "examples"

    @property
    def provenance(self) -> Path:
        """Where imported weights came from, as JSON."""
        return self.path / "import.json"

    @property
    def scale(self) -> Path:
        """The metric scale of the depth (`formats.scale_file`), where it was found."""
        return self.path / SCALE_FILE

    @property
    def report(self) -> Path:
        """The page that shows the run."""
        return self.path / "report.html"

    @property
    def has_predictions(self) -> bool:
        """Whether something was predicted into the run."""
        return self.predictions.is_dir()

    def snapshot(self, step: int) -> Path:
        """Return the place of the snapshot after `step`."""
        return self.path / "checkpoints" / f"{_SNAPSHOT}{step:06d}"

    def panel(self, step: int) -> Path:
        """Return the place of the picture after `step`."""
        return self.panels / f"step_{step:06d}.png"

    def sweep(self) -> None:
        """Remove what a killed training left beside its checkpoints."""
        for checkpoint in (self.last, self.best, *self.snapshots.values()):
            sweep(checkpoint)

    def begin(self, recipe: dict[str, Any]) -> None:
        """Begin a training of this recipe: what another left goes, its recipe first, so that nobody goes on from it.

        Its scores, their examples and its pictures go as well; predictions stay, and say whose they are.
        """
        self.recipe.unlink(missing_ok=True)
        self.evaluation.unlink(missing_ok=True)
        for folder in (self.last.parent, self.examples, self.panels):
            shutil.rmtree(folder, ignore_errors=True)
        self.write_recipe(recipe)

    def write_recipe(self, content: dict[str, Any]) -> None:
        """Write the recipe's plain values in one step, and the folder; UsageError if the place cannot be written."""
        write_text(self.recipe, json_text(content, indent=1))

    def read_recipe(self) -> dict[str, Any]:
        """Return the recipe's plain values; UsageError if there is none, DataError if it is broken."""
        return read_json(self.recipe, remedy="give a run folder, or copy the recipe anew from the run's checkpoint.")

    def write_provenance(self, content: dict[str, Any]) -> None:
        """Write where imported weights came from; UsageError if the place cannot be written."""
        write_text(self.provenance, json_text({KEY: 1} | content, indent=1))
