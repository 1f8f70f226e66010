"""Batches made by hand, for tests of what consumes them."""

from typing import Any

import torch
from torch import Tensor

from vection.samples import Batch, Measured

HEIGHT, WIDTH = 64, 96


def camera(*shape: int) -> Tensor:
    """K of images of 96x64, expanded to (*shape, 3, 3)."""
    return torch.tensor([[56.0, 0, 47.5], [0, 56.0, 31.5], [0, 0, 1]]).expand(*shape, 3, 3)


def smooth_images(count: int, *, seed: int = 0) -> Tensor:
    """Random smooth images of 96x64."""
    coarse = torch.rand(count, 3, 8, 12, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bilinear", align_corners=False)


def measured_geometry(samples: int, sources: int) -> Measured:
    """Depth of a level ground 1.5 below a camera that goes ahead by 0.5 a frame, and of a wall above the horizon."""
    rows = (torch.arange(float(HEIGHT))[:, None] - 31.5) / 56
    depth = torch.where(rows > 0.05, 1.5 / rows, 30.0).expand(samples, 1, HEIGHT, WIDTH).contiguous()
    motion = torch.eye(4).repeat(samples, sources, 1, 1)
    motion[:, :, 2, 3] = -0.5
    return Measured(
        depth=depth,
        weight=torch.ones_like(depth),
        ground=torch.tensor([[0.0, 1 / 1.5, 0.0]]).repeat(samples, 1),
        T_target_to_source=motion,
        motion_known=torch.ones(samples, sources, dtype=torch.bool),
        exact=torch.zeros(samples, dtype=torch.bool),
    )


def batch_of(
    target: Tensor,
    sources: Tensor,
    K: Tensor,
    *,
    source_K: Tensor | None = None,
    seconds: Tensor | None = None,
    **more: Any,
) -> Batch:
    """Return a batch without augmentation: the twins are the clean images, and one camera took all of it."""
    samples, count = sources.shape[:2]
    return Batch(
        target=target,
        sources=sources,
        target_jittered=more.pop("target_jittered", target),
        sources_jittered=more.pop("sources_jittered", sources),
        intrinsics=K,
        source_intrinsics=K[:, None].expand(samples, count, 3, 3) if source_K is None else source_K,
        seconds=torch.full((samples, count), 0.1) if seconds is None else seconds,
        stored_to_image=torch.eye(3).repeat(samples, 1, 1),
        camera=more.pop("camera", torch.zeros(samples, dtype=torch.int64)),
        **more,
    )
