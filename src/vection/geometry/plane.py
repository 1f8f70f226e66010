"""The ground as a plane y = w1 x + w2 z + w3 of camera coordinates (y points down), found by RANSAC image by image."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from vection.geometry.camera import pixel_grid
from vection.geometry.rigid import full_precision
from vection.types import Intrinsics, InverseDepth, Map, Mask, Points

PointList = Float[Tensor, "batch 3 point"]
"""x, y, z of points of each image, in camera coordinates and the unit of the depth."""

Plane = Float[Tensor, "batch 3"]
"""w1, w2, w3 of y = w1 x + w2 z + w3 in camera coordinates; w3 in the unit of the depth."""

SAMPLE = 5
"""Points that a hypothesis fits (Dynamo-Depth, appendix B.4)."""

HYPOTHESES = 100
"""Planes that are tried for each image (Dynamo-Depth, appendix B.4)."""

TOLERANCE = 0.005
"""Largest vertical distance of an inlier, and how far the ground is lowered, in the unit of depth (as released)."""

FAR_BELOW = 1e6
"""w3 of a plane that a degenerate sample does not determine: it has no inliers and constrains nothing."""


@dataclass(frozen=True)
class Ransac:
    """Every hypothesis of each image, and the first with most inliers."""

    plane: Plane
    best: Int[Tensor, " batch"]
    """Number of the hypothesis that was chosen."""
    hypotheses: Float[Tensor, "batch hypothesis 3"]
    inlier_share: Float[Tensor, "batch hypothesis"]


def lower_points(
    points: Shaped[Tensor, "batch component height width"], *, share: float = 0.5, stride: int = 1
) -> Shaped[Tensor, "batch component point"]:
    """Points of the last rows, int(share * height) of them, row by row; of every `stride`-th row and column."""
    rows = int(share * points.shape[2])
    return points[:, :, points.shape[2] - rows :: stride, ::stride].flatten(2)


def draw_samples(
    candidates: PointList, *, hypotheses: int = HYPOTHESES, usable: Bool[Tensor, "batch point"] | None = None
) -> Int[Tensor, "batch hypothesis 5"]:
    """Draw the points of each hypothesis, with repetition, from torch's generator of the device; only `usable` ones.

    An image without usable points is drawn from as if all were.
    """
    batch, _, count = candidates.shape
    if usable is None:
        return torch.randint(count, (batch, hypotheses, SAMPLE), device=candidates.device)
    weights = (usable | ~usable.any(dim=1, keepdim=True)).float()
    return torch.multinomial(weights, hypotheses * SAMPLE, replacement=True).view(batch, hypotheses, SAMPLE)


@torch.no_grad()
@full_precision
def ransac_plane(
    candidates: PointList,
    samples: Int[Tensor, "batch hypothesis 5"],
    *,
    tolerance: float = TOLERANCE,
    ridge: float = 0.0,
) -> Ransac:
    """Fit a plane to each sample of an image's points and choose the one with most inliers among all its points."""
    hypotheses = fit_planes(_gather(candidates, samples), ridge=ridge)
    x, y, z = candidates.float()[:, :, None].unbind(1)
    w1, w2, w3 = hypotheses[..., None].unbind(2)
    near = (w1 * x + w2 * z + w3 - y).abs() < tolerance
    inlier_share = near.float().mean(dim=2)
    best = inlier_share.argmax(dim=1)
    plane = hypotheses.gather(1, best[:, None, None].expand(-1, 1, 3))[:, 0]
    return Ransac(plane, best, hypotheses, inlier_share)


def fit_planes(
    points: Float[Tensor, "batch hypothesis sample 3"], *, ridge: float = 0.0
) -> Float[Tensor, "batch hypothesis 3"]:
    """Least squares by the normal equations, in float64; `ridge` is added to every entry of their matrix.

    The authors' code adds 1e-6 there, which tilts planes slightly.
    """
    x, y, z = points.double().unbind(-1)
    design = torch.stack([x, z, torch.ones_like(x)], dim=-1)
    normal = design.transpose(-1, -2) @ design + ridge
    right = design.transpose(-1, -2) @ y[..., None]
    # inv_ex neither raises nor waits for the device when a sample is degenerate.
    planes = (torch.linalg.inv_ex(normal).inverse @ right)[..., 0]
    determined = planes.isfinite().all(dim=-1, keepdim=True)
    below = torch.zeros_like(planes)
    below[..., 2] = FAR_BELOW
    return torch.where(determined, planes, below).float()


def find_ground(
    points: Points,
    *,
    rows: float = 0.5,
    stride: int = 1,
    tolerance: float = TOLERANCE,
    ridge: float = 0.0,
    usable: Mask | None = None,
) -> Plane:
    """Fit the ground to the points of the lower part of each image (Dynamo-Depth, appendix B.4); without gradient.

    Points that are not `usable`, as those of the bonnet, have no say.
    """
    candidates, counted = lower_points(points.detach(), share=rows, stride=stride), None
    if usable is not None:
        counted = lower_points(usable, share=rows, stride=stride)[:, 0]
        candidates = candidates.where(counted[:, None], torch.inf)  # an inlier of no plane
    samples = draw_samples(candidates, usable=counted)
    return ransac_plane(candidates, samples, tolerance=tolerance, ridge=ridge).plane


def height_above(plane: Plane, points: Points) -> Map:
    """Vertical distance from the plane to each point, positive above it: w1 x + w2 z + w3 - y."""
    x, y, z = points.unbind(1)
    w1, w2, w3 = plane[:, :, None, None].unbind(1)
    return (w1 * x + w2 * z + w3 - y)[:, None]


def plane_inverse_depth(
    plane: Plane, intrinsics: Intrinsics, *, height: int, width: int, lowered: float = TOLERANCE
) -> InverseDepth:
    """1/depth at which each pixel's ray meets the plane, moved down by `lowered`; negative where it meets it behind."""
    x, y = pixel_grid(height, width, like=intrinsics)
    K = intrinsics[:, :, :, None, None]
    across, down = (x - K[:, 0, 2]) / K[:, 0, 0], (y - K[:, 1, 2]) / K[:, 1, 1]
    w1, w2, w3 = plane[:, :, None, None].unbind(1)
    return ((down - across * w1 - w2) / (w3 + lowered))[:, None]


def _gather(points: PointList, samples: Int[Tensor, "batch hypothesis 5"]) -> Tensor:
    """Pick (batch, hypothesis, 5, 3) of each image's own points."""
    flat = samples.flatten(1).long()[:, None].expand(-1, 3, -1)
    return points.gather(2, flat).unflatten(2, samples.shape[1:]).permute(0, 2, 3, 1)
