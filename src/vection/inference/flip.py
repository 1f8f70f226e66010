"""Flip post-processing (Godard et al. 2017, section 4.1): predict the mirrored image too, and blend."""

import torch

from vection.types import InverseDepth


def blend_flipped(inverse_depth: InverseDepth, inverse_depth_of_mirrored: InverseDepth) -> InverseDepth:
    """Blend a prediction with that of the mirrored image (given as predicted, not yet mirrored back).

    At the left edge the mirrored one counts alone, at the right edge the normal one, over 5 % of the width, because
    stereo training leaves the left edge without a partner; with a ramp over the next 5 %, elsewhere their mean.
    """
    width = inverse_depth.shape[-1]
    place = torch.linspace(0, 1, width, dtype=inverse_depth.dtype, device=inverse_depth.device)
    left = 1 - (20 * (place - 0.05)).clamp(0, 1)
    right = left.flip(0)
    back = inverse_depth_of_mirrored.flip(-1)
    mean = 0.5 * (inverse_depth + back)
    return right * inverse_depth + left * back + (1 - left - right) * mean
