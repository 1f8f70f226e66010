"""A copy of a trained method that predicts the same in less time."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from vection.methods.method import Method
from vection.networks.depth.decoder import DepthDecoder
from vection.networks.depth.dispnet import FEEDING_SCALES, DispNet
from vection.networks.depth.lite_mono import LiteMonoDecoder
from vection.networks.folding import fold_batch_norms
from vection.types import Depth, Image

PROBE = (128, 160)
"""Height and width of the images by which the layers of a method are found, a multiple of every stride."""


def prepared(method: Method) -> Method:
    """Return a copy for prediction alone: batch norms folded, the finest head only, weights channels-last.

    Depth differs by the rounding of other orders of summation, about 1e-6 of it. A method without batch norm and
    coarse heads is returned itself. `method` must be in evaluation mode.

    >>> from vection.methods import Monodepth2, Monodepth2Settings
    >>> method = Monodepth2(Monodepth2Settings(pretrained=False)).eval()
    >>> image = torch.rand(1, 3, 64, 96)
    >>> with torch.no_grad():
    ...     torch.allclose(prepared(method).predict_depth(image), method.predict_depth(image), rtol=1e-4)
    True
    """
    has_norms = any(isinstance(module, nn.BatchNorm2d) for module in method.modules())
    has_heads = any(isinstance(module, DepthDecoder | LiteMonoDecoder | DispNet) for module in method.modules())
    if not has_norms and not has_heads:
        return method
    fast = copy.deepcopy(method).requires_grad_(requires_grad=False)
    keep_finest_head(fast)
    fold_batch_norms(fast, lambda: _run(fast))
    return fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def keep_finest_head(method: Method) -> None:
    """Drop what only coarse disparities need, in place."""
    for module in method.get_submodule("depth_network").modules():
        if isinstance(module, DepthDecoder):
            module.heads = module.heads[:1]
        elif isinstance(module, DispNet):
            module.heads = module.heads[:FEEDING_SCALES]
        elif not isinstance(module, LiteMonoDecoder):
            continue
        module.scales = 1


@contextmanager
def known_depths(method: Method, depths: list[tuple[Image, Depth]]) -> Iterator[None]:
    """Let `method.predict_depth` answer at once, in this block, for images (these very tensors) whose depth is known.

    Motion networks that look at depth ask for that of frames whose depth was predicted before.
    """
    predict_depth = method.predict_depth

    def remembered(image: Image) -> Depth:
        for known, depth in depths:
            if known is image:
                return depth
        return predict_depth(image)

    method.predict_depth = remembered  # type: ignore[method-assign]
    try:
        yield
    finally:
        del method.predict_depth


def _run(method: Method) -> None:
    """Call everything of a method that prediction calls."""
    device = next(method.parameters()).device
    image = torch.linspace(0, 1, 3 * PROBE[0] * PROBE[1], device=device).view(1, 3, *PROBE)
    method.predict_depth(image)
    if method.knows.ego_motion:
        K: Tensor = image.new_tensor([[[100.0, 0, 79.5], [0, 100, 63.5], [0, 0, 1]]])
        method.predict_motion(image, image, before=image, intrinsics=K)
    if method.knows.classes:
        method.predict_classes(image)
