"""The depth of one frame from all its pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from vection.arrays import PixelMask, Rotation, Vector3
from vection.data.clips.intrinsics import camera_matrix
from vection.data.clips.resizing import Size, resize_camera
from vection.data.measure.depth.flow import Correspondence
from vection.data.measure.depth.fusion import FusedDepth, fuse, shrink
from vection.data.measure.depth.ground import beside_ground, fit_ground
from vection.data.measure.depth.moving import Step, find_moving, without_specks
from vection.data.measure.depth.triangulation import Triangulation, triangulate
from vection.data.measure.settings import MeasureSettings
from vection.data.measure.views import View
from vection.formats.measured_geometry import MeasuredPair

FEWEST_PIXELS = 200
"""Of a pair, at the measured size; with fewer its depth is not used."""


@dataclass(frozen=True)
class SeenPair:
    """A pair with geometry and the flow from both of its frames."""

    pair: MeasuredPair
    from_first: Correspondence
    from_second: Correspondence


@dataclass(frozen=True)
class FrameDepth:
    """Depth of a frame at its stored size, in a unit of its own."""

    depth: Float32[np.ndarray, "height width"]
    """0 where it is unknown."""
    weight: Float32[np.ndarray, "height width"]
    baselines: Mapping[tuple[int, int], float]
    """Of the frame's pairs by their numbers, in the unit of the depth."""
    moving: PixelMask
    """True where something was seen to move; False where nothing was, or nothing is known."""
    ground: Vector3 | None
    """m with 1 / depth = m . K^-1 (x, y, 1) on the ground."""


def measure_frame(
    number: int,
    views: Mapping[int, View],
    pairs: Sequence[SeenPair],
    *,
    size: Size,
    usable: PixelMask | None,
    settings: MeasureSettings,
) -> FrameDepth | None:
    """Return the depth of the frame `number` from the `pairs` that hold it; None if they say nothing.

    `size` is the stored height and width, `usable` a mask of that size.
    """
    seen = {}
    for one in pairs:
        triangulation = _from_pair(number, one, views, settings=settings)
        if triangulation.pixels >= FEWEST_PIXELS:
            seen[one.pair.first, one.pair.second] = triangulation
    if not seen:
        return None
    fused = fuse(list(seen.values()), settings)
    depth, weight = shrink(fused, size)
    if usable is not None:
        depth = np.where(usable, depth, np.float32(0))
    K = camera_matrix(resize_camera(views[number].camera, from_size=views[number].size, to_size=size))
    ground = fit_ground(depth, K)
    baselines = _baselines(seen, fused)
    steps = [_step(number, one, views, seen, baselines) for one in pairs if (one.pair.first, one.pair.second) in seen]
    moving = find_moving(steps, K=views[number].K, ground=ground, size=size, settings=settings)
    if ground is not None:
        beside = beside_ground(depth, K, ground, margin=settings.ground_margin)
        depth, moving = np.where(beside, np.float32(0), depth), moving | beside
    moving = without_specks(moving, unknown=(depth == 0) if usable is None else (depth == 0) & usable)
    return FrameDepth(depth, np.where(depth > 0, weight, np.float32(0)), baselines, moving, ground)


def motion_from(number: int, pair: MeasuredPair) -> tuple[Rotation, Vector3]:
    """Return rotation and direction of translation from the frame `number` to the pair's other one."""
    R, direction = np.array(pair.rotation), np.array(pair.direction)
    return (R, direction) if number == pair.first else (R.T, -R.T @ direction)


def _from_pair(number: int, seen: SeenPair, views: Mapping[int, View], *, settings: MeasureSettings) -> Triangulation:
    pair = seen.pair
    R, direction = motion_from(number, pair)
    other = pair.second if number == pair.first else pair.first
    return triangulate(
        seen.from_first if number == pair.first else seen.from_second,
        K=views[number].K,
        K_other=views[other].K,
        R=R,
        direction=direction,
        settings=settings,
    )


def _step(
    number: int,
    seen: SeenPair,
    views: Mapping[int, View],
    triangulations: Mapping[tuple[int, int], Triangulation],
    baselines: Mapping[tuple[int, int], float],
) -> Step:
    pair = seen.pair
    R, direction = motion_from(number, pair)
    length = baselines.get((pair.first, pair.second))
    return Step(
        triangulations[pair.first, pair.second],
        (seen.from_first if number == pair.first else seen.from_second).round_trip_error,
        views[pair.second if number == pair.first else pair.first].K,
        R,
        None if length is None else direction * length,
    )


def _baselines(seen: Mapping[tuple[int, int], Triangulation], fused: FusedDepth) -> dict[tuple[int, int], float]:
    return {numbers: baseline for numbers, baseline in zip(seen, fused.baselines, strict=True) if baseline is not None}
