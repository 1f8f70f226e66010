"""The gradients of one step of each method, alone or in one of several processes: torchrun gradients.py CLIPS OUT."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vection.methods.method import Progress
from vection.recipes.methods import build_method
from vection.recipes.registry import get_recipe
from vection.runs.data import load_data
from vection.training.accelerator import is_main_process
from vection.training.loop import Training
from vection.training.stage_run import StageRun

RECIPES = (
    "monodepth2-debug",
    "sc-sfmlearner-debug",
    "sgdepth-debug",
    "motion-field-debug",
    "dynamo-depth-debug",
    "measured-depth-debug",
)


def step_gradients(name: str, clips: Path, run: Path) -> dict[str, Tensor]:
    """Train the first stage of a recipe for one step of two batches, and return what the optimiser was given."""
    recipe = get_recipe(name)
    torch.manual_seed(0)
    training = Training(
        build_method(recipe.method),
        replace(load_data(recipe, clips), validation=None),
        stages=(replace(recipe.stages[0], epochs=1),),
        settings=replace(recipe.training, accumulation=2, steps_per_epoch=1, precision="float32"),
        run=run,
        description={},
        device="cpu",
        shown=False,
    )
    gradients: dict[str, Tensor] = {}

    def note(stage: StageRun, progress: Progress, *, gradient_clip: float | None, rate: float) -> None:
        for name, parameter in stage.method.named_parameters():
            if parameter.grad is not None:
                gradients[name] = parameter.grad.clone()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StageRun, "update", note)
        training.fit(resume=False)
    return gradients


def main(clips: Path, out: Path) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = {name: step_gradients(name, clips, Path(folder) / name) for name in RECIPES}
    if is_main_process():
        torch.save(found, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
