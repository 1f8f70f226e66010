"""Rays against solids: which face each ray meets first, and how far.

For a plane n . p = d and the ray p = z (x, y, 1), inverse depth 1/z = (n / d) . (x, y, 1) is linear in the picture.
A convex solid seen from outside is met at the least inverse depth of the planes whose outer side faces the camera, if
that exceeds the greatest inverse depth of all others: a few additions a ray, within the bounds of its picture.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32

from vection.data.synthetic.rendering.foliage import leaves
from vection.data.synthetic.rendering.scene import CYLINDER, FOLIAGE, HULL, View

RayMap = Float32[np.ndarray, "row column"]
"""One number a ray of a window."""

FARTHEST = 1500.0
"""Metres: ground beyond is drawn as sky."""
NOTHING = -1
_SOFT = 0.35
"""Half width of the soft edge of contact shadows, metres."""
_NEAR_SHADOW = 0.5
"""Metres: corners of shadows nearer than this are moved out to it."""


@dataclass(frozen=True)
class Rays:
    """A regular grid of rays (x, y, 1)."""

    x: Float32[np.ndarray, " columns"]
    y: Float32[np.ndarray, " rows"]

    def window(self, bounds: Float64[np.ndarray, " 4"]) -> tuple[slice, slice]:
        """Return the rows and columns of the rays within left, top, right, bottom."""
        left, right = np.searchsorted(self.x, bounds[[0, 2]])
        top, bottom = np.searchsorted(self.y, bounds[[1, 3]])
        return slice(int(top), int(bottom)), slice(int(left), int(right))


@dataclass(frozen=True)
class Hits:
    """What every ray meets."""

    rays: Rays
    inverse_depth: Float32[np.ndarray, "rows columns"]
    """0 where nothing is met."""
    face: Int32[np.ndarray, "rows columns"]
    shade: Float32[np.ndarray, "rows columns"]
    """Light on curved shapes, and the contact shadows on the ground; 1 elsewhere."""
    unfolded: Float32[np.ndarray, "rows columns 2"]
    """Place on curved shapes, metres across and down their unfolded surface; meaningless elsewhere."""


def trace(view: View, rays: Rays, *, sun: Float64[np.ndarray, " 3"] | None = None) -> Hits:
    """Find the first face along every ray; curved shapes are lit by `sun` (unit vector to it) or the even daylight."""
    shape = (len(rays.y), len(rays.x))
    hits = Hits(
        rays,
        np.zeros(shape, np.float32),
        np.full(shape, NOTHING, np.int32),
        np.ones(shape, np.float32),
        np.zeros((*shape, 2), np.float32),
    )
    _trace_ground(view, hits)
    near_to_far = np.argsort(view.nearest)
    for index in near_to_far[view.visible[near_to_far]]:
        window = rays.window(view.bounds[index])
        covered = hits.inverse_depth[window]
        if index == 0 or covered.size == 0 or covered.min() * view.nearest[index] > 1:
            continue
        if view.tables.shape_kind[index] == HULL:
            _trace_hull(view, hits, index=int(index), window=window)
        else:
            _trace_curved(view, hits, index=int(index), window=window, sun=sun)
    _cast_contact_shadows(view, hits)
    return hits


def _plane_picture(coefficients: Float64[np.ndarray, " 3"], rays: Rays, window: tuple[slice, slice]) -> RayMap:
    """a x + b y + c over the window."""
    a, b, c = coefficients.astype(np.float32)
    return (a * rays.x[window[1]])[None] + (b * rays.y[window[0]] + c)[:, None]


def _trace_ground(view: View, hits: Hits) -> None:
    everything = (slice(0, len(hits.rays.y)), slice(0, len(hits.rays.x)))
    inverse = _plane_picture(view.plane[0, :3], hits.rays, everything)
    seen = inverse > 1 / FARTHEST
    np.copyto(hits.inverse_depth, inverse, where=seen)
    hits.face[seen] = 0


def _trace_hull(view: View, hits: Hits, *, index: int, window: tuple[slice, slice]) -> None:
    faces = range(int(view.tables.first_face[index]), int(view.tables.first_face[index + 1]))
    outside = [face for face in faces if view.plane[face, 3] < 0]
    if not outside:
        return
    near = _plane_picture(view.plane[outside[0], :3], hits.rays, window)
    number = np.full(near.shape, outside[0], np.int32)
    for face in outside[1:]:
        inverse = _plane_picture(view.plane[face, :3], hits.rays, window)
        nearer = inverse < near
        np.copyto(near, inverse, where=nearer)
        number[nearer] = face
    hit = near > hits.inverse_depth[window]
    if not hit.any():
        return
    for face in faces:
        if view.plane[face, 3] >= 0:
            hit &= near >= _plane_picture(view.plane[face, :3], hits.rays, window)
    np.copyto(hits.inverse_depth[window], near, where=hit)
    np.copyto(hits.face[window], number, where=hit)
    np.copyto(hits.shade[window], np.float32(1), where=hit)


def _trace_curved(
    view: View, hits: Hits, *, index: int, window: tuple[slice, slice], sun: Float64[np.ndarray, " 3"] | None
) -> None:
    """Solve |o + d / w| = 1 where the shape is a unit ball or cylinder: (|o|^2 - 1) w^2 + 2 o.d w + |d|^2 = 0."""
    tables = view.tables
    transform = view.T_body_to_camera[tables.shape_body[index]]
    centre = (tables.low[index] + tables.high[index]) / 2
    radii = (tables.high[index] - tables.low[index]) / 2
    to_unit = transform[:3, :3].T / radii[:, None]
    origin = (-transform[:3, :3].T @ transform[:3, 3] - centre) / radii
    upright = tables.shape_kind[index] == CYLINDER
    axes = (0, 2) if upright else (0, 1, 2)
    constant = sum(origin[axis] ** 2 for axis in axes) - 1
    if constant <= 1e-6:
        return
    direction = {axis: _plane_picture(to_unit[axis], hits.rays, window) for axis in range(3)}
    middle = sum(np.float32(origin[axis]) * direction[axis] for axis in axes)
    square = sum(direction[axis] ** 2 for axis in axes)
    root = middle * middle - np.float32(constant) * square
    inverse = (np.sqrt(np.maximum(root, 0)) - middle) / np.float32(constant)
    hit = (root >= 0) & (inverse > hits.inverse_depth[window])
    distance = 1 / np.maximum(inverse, 1e-6)
    place = [np.float32(origin[axis]) + direction[axis] * distance for axis in range(3)]
    if upright:
        hit &= np.abs(place[1]) <= 1
    if not hit.any():
        return
    light = 0.85 + 0.22 * place[0] if upright else 0.82 - 0.28 * place[1] + 0.08 * place[0]
    if sun is not None:
        light = _lambert(place, to_sun=transform[:3, :3].T @ sun / radii, radii=radii, axes=axes)
    # stereographic from both ends of one horizontal axis: continuous, and nowhere stretched more than twofold
    fold, side = (0, 2) if radii[0] < radii[2] else (2, 0)
    stretch = 2 / (1 + np.abs(place[fold]))
    across = np.float32(radii[side]) * place[side] * stretch
    down = np.float32(radii[1]) * (place[1] if upright else place[1] * stretch)
    if tables.shape_kind[index] == FOLIAGE:
        # the cosine between ray and surface, where the shape is a unit ball
        rim = (1 - np.sqrt(np.maximum(root, 0) / np.maximum(square, 1e-9))) ** 2
        _cut_gaps(hit, (across, down, rim), light, view, hits.rays, index=index)
    np.copyto(hits.unfolded[window][..., 0], across, where=hit)
    np.copyto(hits.unfolded[window][..., 1], down, where=hit)
    np.copyto(hits.inverse_depth[window], inverse, where=hit)
    np.copyto(hits.face[window], np.int32(tables.first_face[index]), where=hit)
    np.copyto(hits.shade[window], light, where=hit)


def _lambert(
    place: list[RayMap],
    *,
    to_sun: Float64[np.ndarray, " 3"],
    radii: Float64[np.ndarray, " 3"],
    axes: tuple[int, ...],
) -> RayMap:
    """Cosine between the normal and the sun, 0 on the far side."""
    towards = sum(np.float32(to_sun[axis]) * place[axis] for axis in axes)
    length = sum((place[axis] / np.float32(radii[axis])) ** 2 for axis in axes)
    return np.maximum(towards / np.sqrt(np.maximum(length, 1e-9)), 0).astype(np.float32)


def _cut_gaps(
    hit: Bool[np.ndarray, "row column"],
    places: tuple[RayMap, RayMap, RayMap],
    light: RayMap,
    view: View,
    rays: Rays,
    *,
    index: int,
) -> None:
    """Let rays pass between the leaves and light these unevenly.

    `places`: metres across and down the surface, and how far it turns away from the ray (0..1).
    """
    rows, columns = np.nonzero(hit)
    centre = (view.bounds[index, 0] + view.bounds[index, 2]) / 2
    depth = max(float(view.nearest[index]), 1.0) * float(np.hypot(1, min(abs(centre), 2.0)))
    face = view.tables.first_face[index]
    per_metre, shift = np.float32(view.tables.u[face, 0]), np.float32(3.7 * view.tables.u[face, 3])
    covered, brightness = leaves(
        per_metre * places[0][rows, columns] + shift,
        per_metre * places[1][rows, columns] + 2 * shift,
        footprint=depth * float(rays.x[1] - rays.x[0]) * float(per_metre),
        rim=places[2][rows, columns],
    )
    hit[rows, columns] = covered
    light[rows, columns] *= brightness


def _cast_contact_shadows(view: View, hits: Hits) -> None:
    """Darken the ground below cars and people."""
    rays = hits.rays
    for index, body in enumerate(view.tables.bodies):
        transform = view.T_body_to_camera[index]
        if body.shadow is None or not 0.5 < transform[2, 3] < 70:
            continue
        half_width, half_length = body.shadow[0] + _SOFT, body.shadow[1] + _SOFT
        corners = np.array([[x, 0.0, z] for x in (-half_width, half_width) for z in (-half_length, half_length)])
        points = corners @ transform[:3, :3].T + transform[:3, 3]
        spread = points[:, :2] / np.maximum(points[:, 2:], _NEAR_SHADOW)
        window = rays.window(np.concatenate([spread.min(axis=0), spread.max(axis=0)]))
        inverse = hits.inverse_depth[window]
        if inverse.size == 0:
            continue
        depth = 1 / np.maximum(inverse, 1 / FARTHEST)
        origin = -transform[:3, :3].T @ transform[:3, 3]
        cover = np.float32(0.6)
        for axis, half in ((0, body.shadow[0]), (2, body.shadow[1])):
            local = np.float32(origin[axis]) + _plane_picture(transform[:3, axis], rays, window) * depth
            cover = cover * np.clip((half + _SOFT - np.abs(local)) / (2 * _SOFT), 0, 1)
        np.copyto(hits.shade[window], 1 - cover, where=hits.face[window] == 0)
