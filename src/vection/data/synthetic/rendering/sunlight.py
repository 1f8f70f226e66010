"""Light from one direction: which places see the sun, by a map of heights along its rays.

A ray to the sun is named by the ground point (x, z) that it leaves; the map holds the greatest height at which that ray
touches a solid, and a place is in the shade if it lies lower.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int64

from vection.data.synthetic.rendering.foliage import leaves
from vection.data.synthetic.rendering.scene import CYLINDER, FOLIAGE, HULL, SceneTables, body_poses
from vection.data.synthetic.settings import DriveSettings

Flat = Float32[np.ndarray, " count"]
HeightMap = Float32[np.ndarray, "map_rows map_columns"]

_REACH = 90.0
"""Metres ahead of the camera that get shadows."""
_SIDE = 32.0
_FINEST = 0.18
_TAPS = ((-0.7, -0.25), (0.25, -0.7), (0.7, 0.25), (-0.25, 0.7))
"""Looks into the map around each place, in cells: soft edges."""
_BIAS = 0.3
"""Metres by which the map must be higher than a place to shade it."""


@dataclass(frozen=True)
class Sunlight:
    """Direction and colours of the light; the shadows of all that stands."""

    direction: Float64[np.ndarray, " 3"]
    """Unit vector to the sun, in the world."""
    sun: Float32[np.ndarray, " 3"]
    """Factor on colours that face the sun."""
    ambient: Float32[np.ndarray, " 3"]
    """Factor on colours everywhere."""
    soft: float
    """Metres of height over which shade sets in."""
    diffuse: bool
    """True where light comes from the whole sky: all faces get it."""
    origin: tuple[float, float]
    cell: float
    standing: HeightMap

    def heights(self, tables: SceneTables, poses: Float64[np.ndarray, "bodies 4 4"]) -> HeightMap:
        """Return the map with the cars and people at their present places."""
        heights = self.standing.copy()
        for index in _shapes_of(tables, movable=True):
            _cast(heights, tables, poses, int(index), self)
        return _smooth(heights) if self.diffuse else heights

    def shadow(self, heights: HeightMap, x: Flat, y: Flat, z: Flat) -> Flat:
        """Share of the sunlight that does not reach world points, 0..1."""
        along = self.direction[[0, 2]] / -self.direction[1]
        count = len(x)
        rows = -(-count // 512)
        places = np.full((2, rows * 512), -9.0, np.float32)
        places[0, :count] = (x + y * np.float32(along[0]) - np.float32(self.origin[0])) / np.float32(self.cell)
        places[1, :count] = (z + y * np.float32(along[1]) - np.float32(self.origin[1])) / np.float32(self.cell)
        folded = places.reshape(2, rows, 512)
        total = np.zeros(count, np.float32)
        for shift in _TAPS:
            shifted_x, shifted_z = folded[0] + np.float32(shift[0]), folded[1] + np.float32(shift[1])
            top = cv2.remap(heights, shifted_x, shifted_z, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            total += np.clip((top.ravel()[:count] + y - np.float32(_BIAS)) / np.float32(self.soft), 0, 1)
        return total / np.float32(len(_TAPS))


def make_sunlight(
    settings: DriveSettings, tables: SceneTables, camera: Float64[np.ndarray, "times 4 4"], *, seed: int
) -> Sunlight | None:
    """Draw the sun of a drive; None where the light is even."""
    if settings.light not in ("sun", "overcast"):
        return None
    rng = np.random.default_rng([seed, 11])
    places = camera[:, [0, 2], 3]
    region = np.concatenate([places, places + _REACH * camera[:, [0, 2], 2], places - 8 * camera[:, [0, 2], 2]])
    low, high = region.min(axis=0) - _SIDE, region.max(axis=0) + _SIDE
    cell = max(_FINEST, float((high - low).max()) / 800)
    size = np.ceil((high - low) / cell).astype(int) + 1
    diffuse = settings.light == "overcast"
    elevation = np.pi / 2 if diffuse else np.deg2rad(rng.uniform(22, 65))
    azimuth = rng.uniform(0, 2 * np.pi)
    across = np.cos(elevation)
    warm = rng.uniform(0.0, 0.12)
    strength, fill = (
        (rng.uniform(0.55, 0.85), rng.uniform(0.22, 0.5))
        if diffuse
        else (
            rng.uniform(1.1, 1.7),
            rng.uniform(0.24, 0.5),
        )
    )
    light = Sunlight(
        direction=np.array([across * np.sin(azimuth), -np.sin(elevation), across * np.cos(azimuth)]),
        sun=(strength * np.array([1 + warm, 1.0, 1 - 1.5 * warm])).astype(np.float32),
        ambient=(fill * np.array([0.9, 1.0, 1.14])).astype(np.float32),
        soft=2.5 if diffuse else 0.3,
        diffuse=diffuse,
        origin=(float(low[0]), float(low[1])),
        cell=cell,
        standing=np.zeros((size[1], size[0]), np.float32),
    )
    poses = body_poses(tables, 0)
    for index in _shapes_of(tables, movable=False):
        _cast(light.standing, tables, poses, int(index), light)
    return light


def _shapes_of(tables: SceneTables, *, movable: bool) -> Int64[np.ndarray, " shapes"]:
    kinds = np.array([body.movable for body in tables.bodies])[tables.shape_body]
    found = np.flatnonzero(kinds == movable)
    return found[found > 0]


def _smooth(heights: HeightMap) -> HeightMap:
    return np.asarray(cv2.GaussianBlur(heights, (0, 0), 6.0), np.float32)


def _cast(
    heights: HeightMap, tables: SceneTables, poses: Float64[np.ndarray, "bodies 4 4"], index: int, light: Sunlight
) -> None:
    """Raise the map where the rays to the sun touch a shape."""
    pose = poses[tables.shape_body[index]]
    step = np.array([light.direction[0], light.direction[1], light.direction[2]]) / -light.direction[1]
    low, high = tables.low[index], tables.high[index]
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    world = corners @ pose[:3, :3].T + pose[:3, 3]
    ground = (world + world[:, 1:2] * step)[:, [0, 2]]
    first = np.floor((ground.min(axis=0) - light.origin) / light.cell).astype(int)
    last = np.ceil((ground.max(axis=0) - light.origin) / light.cell).astype(int) + 1
    left, top = np.maximum(first, 0)
    right, bottom = np.minimum(last, heights.shape[::-1])
    if right <= left or bottom <= top:
        return
    x = (light.origin[0] + light.cell * np.arange(left, right) - pose[0, 3]).astype(np.float32)
    z = (light.origin[1] + light.cell * np.arange(top, bottom) - pose[2, 3]).astype(np.float32)
    turn = pose[:3, :3].astype(np.float32)
    start = [turn[0, axis] * x[None] + turn[2, axis] * z[:, None] for axis in range(3)]
    touch = _touch_hull if tables.shape_kind[index] == HULL else _touch_curved
    reached = touch(tables, index, start, pose[:3, :3].T @ step)
    window = heights[top:bottom, left:right]
    np.maximum(window, reached, out=window)


def _touch_hull(tables: SceneTables, index: int, start: list[HeightMap], step: Float64[np.ndarray, " 3"]) -> HeightMap:
    enter = np.full(start[0].shape, -np.inf, np.float32)
    leave = np.full(start[0].shape, np.inf, np.float32)
    for a, b, c, offset in tables.plane[tables.first_face[index] : tables.first_face[index + 1]]:
        rise = float(np.array([a, b, c]) @ step)
        gap = np.float32(offset) - (np.float32(a) * start[0] + np.float32(b) * start[1] + np.float32(c) * start[2])
        if abs(rise) < 1e-6:
            leave[gap < 0] = -np.inf
        elif rise > 0:
            np.minimum(leave, gap / np.float32(rise), out=leave)
        else:
            np.maximum(enter, gap / np.float32(rise), out=enter)
    return np.where(leave > enter, np.where(np.isfinite(leave), leave, 0), 0).astype(np.float32)


def _touch_curved(
    tables: SceneTables, index: int, start: list[HeightMap], step: Float64[np.ndarray, " 3"]
) -> HeightMap:
    centre = (tables.low[index] + tables.high[index]) / 2
    radii = (tables.high[index] - tables.low[index]) / 2
    axes = (0, 2) if tables.shape_kind[index] == CYLINDER else (0, 1, 2)
    unit = [(start[axis] - np.float32(centre[axis])) / np.float32(radii[axis]) for axis in range(3)]
    slope = step / radii
    square = float(sum(slope[axis] ** 2 for axis in axes))
    top = np.float32(-tables.low[index, 1])
    if square < 1e-9:
        inside = unit[0] ** 2 + unit[2] ** 2 < 1
        return np.where(inside, top, 0).astype(np.float32)
    middle = sum(unit[axis] * np.float32(slope[axis]) for axis in axes)
    root = middle * middle - np.float32(square) * (sum(unit[axis] ** 2 for axis in axes) - 1)
    width = np.sqrt(np.maximum(root, 0))
    leave = (width - middle) / np.float32(square)
    hit = np.asarray(root > 0)
    if tables.shape_kind[index] == CYLINDER:
        hit &= (-width - middle) / np.float32(square) < top
        leave = np.minimum(leave, top)
    elif tables.shape_kind[index] == FOLIAGE:
        rows, columns = np.nonzero(hit)
        per_metre = np.float32(tables.u[tables.first_face[index], 0])
        hit[rows, columns] = leaves(
            start[0][rows, columns] * per_metre,
            start[2][rows, columns] * per_metre,
            footprint=_FINEST * float(per_metre),
        )[0]
    return np.where(hit, leave, 0).astype(np.float32)
