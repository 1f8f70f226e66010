"""The pinhole camera: intrinsics, rays, projection, and the laws from disparity to depth."""

import torch
from jaxtyping import Float
from torch import Tensor

from vection.types import Depth, Disparity, Intrinsics, InverseDepth, Pixels, Points


def pixel_grid(height: int, width: int, *, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return x, shape (width,), and y, shape (height, 1), of the pixel centres; device and type of `like`."""
    x = torch.arange(width, device=like.device, dtype=like.dtype)
    y = torch.arange(height, device=like.device, dtype=like.dtype)[:, None]
    return x, y


def backproject(depth: Depth, intrinsics: Intrinsics) -> Points:
    """Lift every pixel to the point `depth * K^-1 (x, y, 1)` of its own camera (Monodepth2, eq. 2).

    >>> K = torch.tensor([[[2.0, 0, 1], [0, 2, 1], [0, 0, 1]]])
    >>> points = backproject(torch.full((1, 1, 3, 3), 4.0), K)
    >>> points[0, :, 0, 0]  # the upper left pixel, one to the left of and above the principal point
    tensor([-2., -2.,  4.])
    """
    x, y = pixel_grid(depth.shape[-2], depth.shape[-1], like=depth)
    fx, fy, cx, cy = _parameters(intrinsics)
    z = depth[:, 0]
    return torch.stack([(x - cx) / fx * z, (y - cy) / fy * z, z], dim=1)


def project(
    points: Points, intrinsics: Intrinsics, *, epsilon: float = 1e-7, minimum_depth: float | None = None
) -> Pixels:
    """Project points of a camera to its pixels, which may lie outside the image.

    Monodepth2 adds `epsilon` to z and clamps nothing, so a point behind the camera lands on a mirrored pixel;
    SC-SfMLearner divides K p by z clamped to `minimum_depth` instead.

    >>> K = torch.tensor([[[2.0, 0, 1], [0, 2, 1], [0, 0, 1]]])
    >>> depth = torch.full((1, 1, 3, 3), 4.0)
    >>> project(backproject(depth, K), K)[0, 0].round(decimals=3)  # the pixels of the first row, x and y
    tensor([[0., 0.],
            [1., 0.],
            [2., 0.]])
    """
    x, y, z = points.unbind(1)
    fx, fy, cx, cy = _parameters(intrinsics)
    if minimum_depth is None:
        z = z + epsilon
    else:
        nearest = z.clamp(min=minimum_depth)
        clamped = z / nearest  # 1 where z is far enough
        cx, cy, z = cx * clamped, cy * clamped, nearest
    return torch.stack([fx * (x / z) + cx, fy * (y / z) + cy], dim=-1)


def resize_intrinsics(intrinsics: Intrinsics, *, scale_x: float, scale_y: float) -> Intrinsics:
    """Intrinsics of the same image resized by the two factors (new size / old size).

    A pixel centre at x covers [x - 1/2, x + 1/2], so it moves to (x + 1/2) * scale - 1/2.

    >>> K = torch.tensor([[[80.0, 0, 47.5], [0, 80, 31.5], [0, 0, 1]]])
    >>> resize_intrinsics(K, scale_x=0.5, scale_y=0.5)[0, 0]
    tensor([40.0000,  0.0000, 23.5000])
    """
    scale = intrinsics.new_tensor([scale_x, scale_y, 1.0])[:, None]
    shift = torch.zeros_like(intrinsics)
    shift[:, 0, 2] = 0.5 * (scale_x - 1)
    shift[:, 1, 2] = 0.5 * (scale_y - 1)
    return intrinsics * scale + shift


def flip_intrinsics(intrinsics: Float[Tensor, "*batch 3 3"], *, width: int) -> Float[Tensor, "*batch 3 3"]:
    """Intrinsics of the horizontally mirrored image: cx becomes W - 1 - cx, and a skew turns round."""
    flipped = intrinsics.clone()
    flipped[..., 0, 1] = -intrinsics[..., 0, 1]
    flipped[..., 0, 2] = width - 1 - intrinsics[..., 0, 2]
    return flipped


def disparity_to_inverse_depth(disparity: Disparity, *, min_depth: float, max_depth: float) -> InverseDepth:
    """Scale the sigmoid linearly to [1/max_depth, 1/min_depth]: a*s + b of Monodepth2, section 3.3."""
    return 1 / max_depth + (1 / min_depth - 1 / max_depth) * disparity


def inverse_depth_to_disparity(inverse_depth: InverseDepth, *, min_depth: float, max_depth: float) -> Disparity:
    """Undo `disparity_to_inverse_depth`."""
    return (inverse_depth - 1 / max_depth) / (1 / min_depth - 1 / max_depth)


def disparity_to_depth(disparity: Disparity, *, min_depth: float, max_depth: float) -> Depth:
    """D = 1 / (a*s + b), constrained to [min_depth, max_depth] (Monodepth2, section 3.3).

    >>> disparity_to_depth(torch.tensor([0.0, 1.0]).view(1, 1, 1, 2), min_depth=0.1, max_depth=100.0).flatten()
    tensor([100.0000,   0.1000])
    """
    return 1 / disparity_to_inverse_depth(disparity, min_depth=min_depth, max_depth=max_depth)


def _parameters(intrinsics: Intrinsics) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """fx, fy, cx, cy, each of shape (batch, 1, 1)."""
    k = intrinsics[:, :, :, None, None]
    return k[:, 0, 0], k[:, 1, 1], k[:, 0, 2], k[:, 1, 2]
