"""The first tensor that is not finite, by name, and what a training does about it."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from vection.errors import DataError
from vection.training.health.findings import MOST_GROWTH
from vection.training.health.statistics import weight_norm

REMEDY = "Lower the learning rate (stages.0.learning_rate) or clip gradients (training.gradient_clip=1)."


class DivergenceError(DataError):
    """Training cannot go on from these weights; `curable`: it may from earlier ones, in smaller steps."""

    def __init__(self, what: str, *, step: int, curable: bool = True) -> None:
        """`what` is a sentence with cause and remedy."""
        super().__init__(f"Training stopped at step {step}: {what} What was saved before this is whole.")
        self.what, self.curable = what, curable


def first_not_finite(tensors: Iterable[tuple[str, Tensor | None]]) -> str | None:
    """Return the name of the first tensor with a NaN or an infinity."""
    for name, tensor in tensors:
        if tensor is not None and tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return name
    return None


@torch.no_grad()
def first_layer_not_finite(method: nn.Module, compute: Callable[[], object]) -> str | None:
    """Return the first layer whose output is not finite when `compute` computes the loss once more."""
    found: list[str] = []

    def watch(name: str, layer: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def look(_: nn.Module, __: object, output: object) -> None:
            values = output if isinstance(output, list | tuple) else [output]
            tensors = [(name, value) for value in values if isinstance(value, Tensor)]
            if not found and first_not_finite(tensors) is not None:
                found.append(name)

        return layer.register_forward_hook(look)

    handles = [watch(name, layer) for name, layer in method.named_modules() if name]
    try:
        compute()
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None


def stop_if_not_finite(
    terms: Mapping[str, Tensor],
    *,
    method: nn.Module,
    inputs: Iterable[tuple[str, Tensor | None]],
    step: int,
    norm_at_start: float = 0.0,
    compute: Callable[[], object] | None = None,
) -> None:
    """Raise DivergenceError that names the first non-finite tensor if a loss term is not finite.

    Inputs come first, then weights, also if they have grown from their `norm_at_start` until what they make overflows;
    then what layers put out when `compute` computes the loss once more.
    """
    term = first_not_finite(terms.items())
    if term is None:
        return
    source = first_not_finite(inputs)
    if source is not None:
        cause = f"the input '{source}' already is"
        remedy = "Check the frames and the intrinsics of the data (vection ingest warns about both)."
    elif (weight := first_not_finite(method.named_parameters())) is not None:
        cause, remedy = f"the weight '{weight}' already is", REMEDY
    elif norm_at_start and (growth := weight_norm(method) / norm_at_start) > MOST_GROWTH:
        cause, remedy = f"the weights are {growth:.2g} times as large as when training began", REMEDY
    else:
        layer = None if compute is None else first_layer_not_finite(method, compute)
        cause = "inputs and weights are finite" + ("" if layer is None else f", what '{layer}' puts out is not")
        remedy = "Train in float32 (training.precision=float32) or more slowly (stages.0.learning_rate)."
    what = f"the loss term '{term}' is not finite; {cause}. {remedy}"
    raise DivergenceError(what, step=step, curable=source is None)


def stop_if_gradient_not_finite(method: nn.Module, *, step: int) -> None:
    """Raise DivergenceError that names the first weight whose gradient is not finite."""
    name = first_not_finite((name, weight.grad) for name, weight in method.named_parameters())
    if name is not None:
        raise DivergenceError(
            f"the gradient of the weight '{name}' is not finite, though the loss is. {REMEDY}", step=step
        )


def stop_if_weight_not_finite(method: nn.Module, *, step: int) -> None:
    """Raise DivergenceError that names the first weight that is not finite."""
    name = first_not_finite(method.named_parameters())
    if name is not None:
        raise DivergenceError(f"the weight '{name}' is not finite, though the loss was. {REMEDY}", step=step)
