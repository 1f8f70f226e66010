"""Batch normalisation folded into the convolutions before it: the same function with fewer passes over memory."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norms(network: nn.Module, run: Callable[[], Any]) -> int:
    """Fold every batch norm that follows a convolution, in place; return how many were folded.

    Which follow which is seen while `run` calls the network. In evaluation mode only: a folded network cannot be
    trained. What a convolution gives must go to its norm alone.

    >>> network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)).eval()
    >>> image = torch.rand(1, 3, 8, 8)
    >>> before = network(image)
    >>> fold_batch_norms(network, lambda: network(image)), network[1]
    (1, Identity())
    >>> torch.allclose(network(image), before, atol=1e-6)
    True
    """
    followers = _followers(network, run)
    names = {module: name for name, module in network.named_modules()}
    for convolution, norm in followers.items():
        with torch.no_grad():
            fused = fuse_conv_bn_eval(convolution, norm)
        convolution.weight, convolution.bias = fused.weight, fused.bias
        parent, _, attribute = names[norm].rpartition(".")
        setattr(network.get_submodule(parent), attribute, nn.Identity())
    return len(followers)


def _followers(network: nn.Module, run: Callable[[], Any]) -> dict[nn.Conv2d, nn.BatchNorm2d]:
    """Each convolution with the batch norm that all its outputs go to."""
    outputs: list[tuple[nn.Conv2d, Tensor]] = []
    pairs: dict[nn.BatchNorm2d, set[nn.Conv2d | None]] = {}

    def convolved(module: nn.Module, inputs: Any, output: Tensor) -> None:
        del inputs
        outputs.append((module, output))  # type: ignore[arg-type]

    def normalised(module: nn.Module, inputs: Any) -> None:
        source = next((convolution for convolution, output in outputs if output is inputs[0]), None)
        pairs.setdefault(module, set()).add(source)  # type: ignore[arg-type]

    hooks = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(convolved))
        elif isinstance(module, nn.BatchNorm2d) and not module.training and module.track_running_stats:
            hooks.append(module.register_forward_pre_hook(normalised))
    try:
        with torch.no_grad():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    found = [(next(iter(sources)), norm) for norm, sources in pairs.items() if len(sources) == 1]
    once = [convolution for convolution, _ in found]
    return {
        convolution: norm for convolution, norm in found if convolution is not None and once.count(convolution) == 1
    }
