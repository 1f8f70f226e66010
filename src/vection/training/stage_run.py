"""What is made anew for every stage: the parts that learn, their optimiser, and both as the device wants them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from vection.errors import UsageError
from vection.formats.checkpoint import load_optimiser
from vection.methods.method import Method, Progress
from vection.names import look_up
from vection.networks.encoders.randomised_norm import RandomisedNorm
from vection.training.settings import Stage
from vection.types import Scalar

NORMALISATIONS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm, RandomisedNorm)


class StageRun:
    """A method in one stage of its training; `model` is the method as the device wants it called.

    `checkpoint` is the folder that holds the optimiser's state, if the stage goes on. Raises UsageError if the stage
    trains a part that the method does not have.
    """

    def __init__(self, method: Method, stage: Stage, *, accelerator: Accelerator, checkpoint: Path | None) -> None:
        freeze_all_but(method, stage.trains)
        if not stage.encoders_learn:
            freeze_encoders(method)
        self.method, self.stage, self.accelerator = method, stage, accelerator
        groups, decay = _groups(method, stage), stage.weight_decay
        self.optimiser: torch.optim.Optimizer = (
            torch.optim.AdamW(groups, lr=stage.learning_rate, weight_decay=decay, fused=True)
            if decay
            else torch.optim.Adam(groups, lr=stage.learning_rate, fused=True)
        )
        self.restore(checkpoint)
        # Else Accelerate keeps the optimiser of the stage before, and takes the method for prepared: compiles no more.
        accelerator.free_memory()
        for name in ("_is_accelerate_prepared", "_original_forward", "forward"):
            vars(method).pop(name, None)
        self.model, self._prepared_optimiser = accelerator.prepare(method, self.optimiser)

    def restore(self, checkpoint: Path | None) -> None:
        """Take over the optimiser's state of a checkpoint, or have none, as at the beginning of the stage."""
        self.optimiser.zero_grad(set_to_none=True)
        self.optimiser.state.clear()
        if checkpoint is not None:
            load_optimiser(self.optimiser, checkpoint)

    def begin_epoch(self) -> None:
        """Put what learns into training mode; frozen normalisation keeps its statistics, too."""
        self.method.train()
        for name, part in self.method.named_children():
            if self.stage.trains and name not in self.stage.trains:
                part.eval()

    def backward(self, loss: Scalar) -> None:
        """Add the gradient of `loss` to those of the step."""
        self.accelerator.backward(loss)

    def update(self, progress: Progress, *, gradient_clip: float | None, rate: float = 1.0) -> None:
        """Take one step of the optimiser with the gradients that were added up, and forget them.

        `rate` multiplies the learning rate.
        """
        for group in self.optimiser.param_groups:
            of_stage = self.stage.learning_rate_at(
                progress.epoch, step=progress.step, steps=progress.steps, pose=group["pose"]
            )
            group["lr"] = of_stage * group["factor"] * rate
        if gradient_clip is not None:
            self.accelerator.clip_grad_norm_(self.method.parameters(), gradient_clip)
        self._prepared_optimiser.step()
        self._prepared_optimiser.zero_grad(set_to_none=True)


def _groups(method: nn.Module, stage: Stage) -> list[dict[str, Any]]:
    """What learns, and what its rate depends on; in one group, in the order of the method, where rates are equal."""
    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for name, parameter in method.named_parameters():
        if parameter.requires_grad:
            pose = stage.pose_fades_to is not None and name.startswith("ego_motion.")
            factor = stage.encoder_rate if _in_encoder(name) else 1.0
            groups.setdefault((pose, factor), []).append(parameter)
    ordered = sorted(groups.items(), key=lambda item: item[0][1] != 1)  # encoders of another rate come last
    return [{"params": parameters, "pose": pose, "factor": factor} for (pose, factor), parameters in ordered]


def check_stages(method: Method, stages: Sequence[Stage]) -> None:
    """Raise UsageError if the method does not know a stage, or a part that one trains."""
    for stage in stages:
        if method.stages is not None:
            look_up(stage.name, dict.fromkeys(method.stages), kind="stage of the method")
        for part in stage.trains:
            look_up(part, dict(method.named_children()), kind="part of the method")


def freeze_all_but(method: nn.Module, parts: tuple[str, ...]) -> None:
    """Let only the named direct parts of `method` learn; none named: all. Raises UsageError for an unknown name."""
    modules = dict(method.named_children())
    for part in parts:
        look_up(part, modules, kind="part of the method")
    for name, module in modules.items():
        module.requires_grad_(not parts or name in parts)


def freeze_encoders(method: nn.Module) -> None:
    """Let nothing in an encoder learn but its normalisation. Raises UsageError if no network has an encoder apart."""
    frozen = False
    for module_name, module in method.named_modules():
        for name, parameter in module.named_parameters(module_name, recurse=False):
            if _in_encoder(name) and not isinstance(module, NORMALISATIONS):
                parameter.requires_grad_(False)
                frozen = True
    if not frozen:
        raise UsageError(
            "The networks of this method have no encoder that could stay as it is; let all learn: "
            "`stages.0.encoders_learn=True`."
        )


def _in_encoder(parameter: str) -> bool:
    return any(part.endswith("encoder") for part in parameter.split("."))
