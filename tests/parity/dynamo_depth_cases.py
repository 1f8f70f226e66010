"""Reference values of dynamo_depth: see `cases.py`."""

from collections.abc import Callable

import torch
from torch import Tensor

from vection.export.lite_mono_checkpoint import convert_lite_mono

Tensors = dict[str, Tensor]
Checkpoint = dict[str, Tensors] | None


def _image(tensor: Tensor) -> Tensor:
    return tensor.float() / 255


def _file(checkpoint: Checkpoint, prefix: str) -> Tensors:
    """The state dict of one of the release's files; the reference values hold all in one, with the file as prefix."""
    assert checkpoint is not None
    (whole,) = checkpoint.values()
    return {key.removeprefix(f"{prefix}."): value for key, value in whole.items() if key.startswith(f"{prefix}.")}


def _lite_mono(inputs: Tensors, checkpoint: Checkpoint) -> Tensors:
    files = _file(checkpoint, "encoder"), _file(checkpoint, "depth")
    network, wide = convert_lite_mono(*files), convert_lite_mono(*files, dilations="1024x320")
    image = _image(inputs["image"])
    with torch.no_grad():
        features = network.encoder(image)
        disparities, others = network.decoder(features), wide(image)
    outputs = {f"disp_{scale}": disparity for scale, disparity in enumerate(disparities)}
    outputs |= {f"alt_disp_{scale}": disparity for scale, disparity in enumerate(others)}
    outputs |= {f"feature_{scale}_mean": feature.mean(dim=(2, 3)) for scale, feature in enumerate(features)}
    return outputs | {f"feature_{s}_sample": feature[:, ::8, ::2, ::2] for s, feature in enumerate(features)}


CASES: dict[str, Callable[[Tensors, Checkpoint], Tensors]] = {
    "lite_mono_depth_tiny": _lite_mono,
    "lite_mono_depth_small": _lite_mono,
    "lite_mono_depth_base": _lite_mono,
    "lite_mono_depth_8m": _lite_mono,
}
