"""Scene flow: the camera's share, the objects' share, and where both send a pixel (Dynamo-Depth, section 4.1)."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from vection.geometry.camera import backproject, pixel_grid, project
from vection.geometry.rigid import transform_points
from vection.geometry.views import SourceTransforms, Views
from vection.geometry.warp import sample
from vection.types import Depth, Intrinsics, Map, Pixels, Points, Sources, Transform

SourcePoints = Float[Tensor, "batch source 3 height width"]
"""A 3D vector a pixel of the target for each source, in the unit of the depth."""
FlowOrder = Literal["ego-first", "object-first"]
"""Whether objects move after the camera, in the source's coordinates (eq. 8), or before it, in the target's."""


def ego_flow(points: Points, T_target_to_source: Transform) -> Points:
    """F_R = T P - P: how the points of a static scene move in the camera's coordinates (eq. 4).

    >>> still = torch.eye(4)[None]
    >>> ego_flow(torch.rand(1, 3, 2, 2), still).abs().max()
    tensor(0.)
    """
    return transform_points(points, T_target_to_source) - points


def object_flow(scene_flow: Points, ego: Points, moving: Map) -> Points:
    """F_I = M (F_C - F_R): what the camera does not explain, where something moves (eq. 7)."""
    return moving * (scene_flow - ego)


def points_in_source(
    points: Points, T_target_to_source: Transform, of_objects: Points | None, *, order: FlowOrder = "ego-first"
) -> Points:
    """The target's points in the source camera, moved by it and by themselves: P + F_R + F_I (eq. 8) or T (P + F_I)."""
    if of_objects is None:
        return transform_points(points, T_target_to_source)
    if order == "object-first":
        return transform_points(points + of_objects, T_target_to_source)
    return transform_points(points, T_target_to_source) + of_objects


def optical_flow(points_there: Points, intrinsics: Intrinsics) -> Float[Tensor, "batch 2 height width"]:
    """Return how far each pixel moves, x and y in pixels, if its point is `points_there` in the camera of `intrinsics`.

    NaN where that is behind the camera.

    >>> K = torch.tensor([[[2.0, 0, 1], [0, 2, 1], [0, 0, 1]]])
    >>> points = backproject(torch.full((1, 1, 3, 3), 4.0), K) + torch.tensor([2.0, 0, 0])[:, None, None]
    >>> optical_flow(points, K)[0, :, 1, 1].round(decimals=3)  # a step of 2 to the right, 4 away, f = 2
    tensor([1., 0.])
    """
    height, width = points_there.shape[-2:]
    there = project(points_there, intrinsics).movedim(-1, 1)
    here = torch.stack(torch.broadcast_tensors(*pixel_grid(height, width, like=points_there)))
    return torch.where(points_there[:, 2:] > 0, there - here, torch.nan)


def sampling_displacement(ego: Pixels, complete: Pixels) -> Float[Tensor, "batch 2 height width"]:
    """Displacement from where ego-motion leads to where the complete flow leads, in units of half the image's sides."""
    height, width = ego.shape[1:3]
    x, y = (complete - ego).unbind(-1)
    return torch.stack([x * (2 / max(width - 1, 1)), y * (2 / max(height - 1, 1))], dim=1)


@dataclass(frozen=True)
class Explained:
    """A target as predicted from its sources, and what flows were used."""

    warped: Sources
    residual: SourcePoints | None = None
    """F_C - F_R: complete flow without the camera's share, in the source's coordinates and the unit of the depth."""
    of_objects: SourcePoints | None = None
    """F_I (eq. 7): flow of what moves by itself, in the unit of the depth; `FlowOrder` says in whose coordinates."""
    displacement: Float[Tensor, "batch source 2 height width"] | None = None
    """From where F_R leads in the source to where F_C leads (`sampling_displacement`); without gradient."""

    def optical_flows(
        self, depth: Depth, views: Views, transforms: SourceTransforms, *, source: int, order: FlowOrder = "ego-first"
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return F_R, F_C and F_I as optical flow from the target to a source, each (batch, 2, height, width).

        That of F_I is what moving objects add to that of F_R. ValueError if the flows are not known.
        """
        if self.residual is None or self.of_objects is None:
            raise ValueError("there is no complete flow to show")
        points, T, K = backproject(depth, views.intrinsics), transforms[:, source], views.source_intrinsics[:, source]
        static = points_in_source(points, T, None)
        moved = points_in_source(points, T, self.of_objects[:, source], order=order)
        rigid, complete, both = (optical_flow(there, K) for there in (static, static + self.residual[:, source], moved))
        return rigid, complete, both - rigid


def explain(
    views: Views,
    depth: Depth,
    transforms: SourceTransforms,
    *,
    complete: SourcePoints | None = None,
    left_over: bool = False,
    moving: Map | None = None,
    order: FlowOrder = "ego-first",
    with_displacement: bool = False,
) -> Explained:
    """Predict the target from each source by the flows that are given; all sources in one batch.

    By the camera's motion; by the `complete` flow if it alone is given; by both as the mask `moving` says (eq. 8). With
    `left_over`, `complete` is (F_C - F_R) / z.
    """
    count = views.sources.shape[1]
    T, K = transforms.flatten(0, 1), views.source_intrinsics.flatten(0, 1)
    points = backproject(depth, views.intrinsics).repeat_interleave(count, dim=0)

    def synthesise(points_there: Points) -> Tensor:
        """Read each source where the target's points, in its coordinates, are seen."""
        return sample(views.sources.flatten(0, 1), project(points_there, K)).unflatten(0, (-1, count))

    if complete is None:
        return Explained(synthesise(points_in_source(points, T, None)))
    flow, ego = complete.flatten(0, 1), ego_flow(points, T)
    if left_over:
        flow = ego + flow * points[:, 2:].detach()
    if moving is None:
        return Explained(synthesise(points + flow))
    of_objects = object_flow(flow, ego, moving.repeat_interleave(count, dim=0))
    displacement = None
    if with_displacement:
        with torch.no_grad():
            displacement = sampling_displacement(project(points + ego, K), project(points + flow, K))
            displacement = displacement.unflatten(0, (-1, count))
    return Explained(
        synthesise(points_in_source(points, T, of_objects, order=order)),
        residual=(flow - ego).unflatten(0, (-1, count)),
        of_objects=of_objects.unflatten(0, (-1, count)),
        displacement=displacement,
    )
