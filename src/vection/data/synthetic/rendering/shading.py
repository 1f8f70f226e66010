"""From hits to colours: texture look-ups at the scale of the pixel's footprint, road paint and sky."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, UInt8

from vection.data.synthetic.rendering.atlas import Atlas
from vection.data.synthetic.rendering.scene import View
from vection.data.synthetic.rendering.sky import Sky, sky_colours
from vection.data.synthetic.rendering.sunlight import HeightMap, Sunlight
from vection.data.synthetic.rendering.tracing import NOTHING, Hits
from vection.data.synthetic.world import textures
from vection.data.synthetic.world.classes import ROAD, SIDEWALK, TERRAIN
from vection.data.synthetic.world.models import Materials
from vection.data.synthetic.world.noise import SIZE
from vection.data.synthetic.world.street import CrossSection, Street

_GLOSS = 38.0
"""Light of the sky that metal turned upwards adds, 0..255."""
Flat = Float32[np.ndarray, " count"]
Colours = Float32[np.ndarray, "count 3"]


@dataclass(frozen=True)
class Paint:
    """All that colours a scene."""

    colours: Atlas
    details: Atlas
    materials: Materials
    sky: Sky
    light: Float32[np.ndarray, " 3"]
    """Colour of the daylight, around 1."""
    sunlight: Sunlight | None = None


@dataclass(frozen=True)
class _Samples:
    """Hits of a list of rays."""

    face: Int64[np.ndarray, " count"]
    x: Flat
    y: Flat
    inverse_depth: Flat
    unfolded: Float32[np.ndarray, "count 2"]


def shade(
    hits: Hits,
    view: View,
    *,
    street: Street,
    paint: Paint,
    T_camera_to_world: Float64[np.ndarray, "4 4"],
    ray_step: tuple[float, float],
    heights: HeightMap | None = None,
) -> Float32[np.ndarray, "rows columns 3"]:
    """Colour every ray, 0..255; `ray_step` is the distance between neighbouring rays in x and y.

    `heights` is the map of the sunlight, where the paint has one.
    """
    rows, columns = hits.face.shape
    faces = hits.face.ravel()
    colours = np.empty((rows * columns, 3), np.float32)
    y = np.repeat(hits.rays.y, columns)
    x = np.tile(hits.rays.x, rows)
    inverse = hits.inverse_depth.ravel()
    empty = np.flatnonzero(faces == NOTHING)
    colours[empty] = sky_colours(x[empty], y[empty], sky=paint.sky, rotation=T_camera_to_world[:3, :3])
    for solid, ground in ((np.flatnonzero(faces == 0), True), (np.flatnonzero(faces > 0), False)):
        samples = _Samples(
            faces[solid].astype(np.int64), x[solid], y[solid], inverse[solid], hits.unfolded.reshape(-1, 2)[solid]
        )
        lit = _surface_colours(samples, view, paint=paint, ray_step=ray_step, street=street if ground else None)
        shades = hits.shade.ravel()[solid]
        if paint.sunlight is None or heights is None:
            lit *= shades[:, None] * paint.light
        else:
            lit *= _sunshine(samples, view, paint.sunlight, heights, shades, T_camera_to_world)
            # painted metal and glass mirror the sky
            gloss = np.where(view.tables.detail == textures.METAL, -_GLOSS * view.tables.plane[:, 1], 0).clip(0, None)
            lit += gloss.astype(np.float32)[samples.face, None]
        colours[solid] = lit
    return colours.reshape(rows, columns, 3)


def _sunshine(
    samples: _Samples,
    view: View,
    light: Sunlight,
    heights: HeightMap,
    shades: Flat,
    T_camera_to_world: Float64[np.ndarray, "4 4"],
) -> Colours:
    """Factor on the colours: ambient light, and the sun's where it is seen."""
    z = 1 / samples.inverse_depth
    matrix = T_camera_to_world.astype(np.float32)
    x, y, z = (
        (matrix[row, 0] * samples.x + matrix[row, 1] * samples.y + matrix[row, 2]) * z + matrix[row, 3]
        for row in range(3)
    )
    tables = view.tables
    to_sun = T_camera_to_world[:3, :3].T @ light.direction
    sun_of_body = np.einsum("bji,j->bi", view.T_body_to_camera[:, :3, :3], to_sun)
    facing = np.maximum(np.einsum("fi,fi->f", tables.plane[:, :3], sun_of_body[tables.face_body]), 0)
    curved = tables.curved[samples.face]
    cosine = np.where(curved, shades, facing.astype(np.float32)[samples.face])
    contact = np.where(curved, np.float32(1), shades)
    if light.diffuse:
        cosine = np.float32(0.45) + np.float32(0.55) * cosine
    sunny = cosine * (1 - light.shadow(heights, x, y, z))
    return (contact[:, None] * (light.ambient + sunny[:, None] * light.sun)).astype(np.float32)


def _surface_colours(
    samples: _Samples, view: View, *, paint: Paint, ray_step: tuple[float, float], street: Street | None
) -> Colours:
    """Texture times detail times tint; the ground's texture depends on the place in the street."""
    tables, face = view.tables, samples.face
    u, u_x, u_y = _texture_coordinate(view.u, samples, view, ray_step)
    v, v_x, v_y = _texture_coordinate(view.v, samples, view, ray_step)
    _unfold((u, u_x, u_y, v, v_x, v_y), samples, view, ray_step)
    along_x, along_y = u_x * u_x + v_x * v_x, u_y * u_y + v_y * v_y
    wide = along_x > along_y
    long_u, long_v = np.where(wide, u_x, u_y), np.where(wide, v_x, v_y)
    # two looks along the long side of the footprint, each half as long; texels
    level = 0.5 * np.log2(
        np.maximum(np.minimum(along_x, along_y), 0.25 * np.maximum(along_x, along_y)) + 1e-20
    ) + np.float32(np.log2(SIZE))
    ratio_u, ratio_v = tables.detail_ratio[face, 0], tables.detail_ratio[face, 1]
    detail_level = level + np.log2(np.maximum(ratio_u, ratio_v))
    page, detail, marks = tables.page[face], tables.detail[face], None
    if street is not None:
        footprint = np.sqrt(np.maximum(along_x, along_y)) / abs(float(tables.u[0, 0]))
        metres = 1 / float(tables.u[0, 0])
        page, detail, marks = _ground_paint(u * metres, v * metres, street=street, paint=paint, footprint=footprint)
        ratio_u = ratio_v = metres / textures.DETAIL_METRES[detail]
        detail_level = level + np.log2(ratio_u)
    total = np.zeros((len(face), 3), np.float32)
    # the two looks round the level differently, which blends neighbouring levels in three steps
    for share in (np.float32(-0.25), np.float32(0.25)):
        at_u, at_v = u + share * long_u, v + share * long_v
        colour = paint.colours.sample(page, u=at_u, v=at_v, level=level + share).astype(np.float32)
        if marks is not None:
            colour += marks[:, None] * (np.float32(225) - colour)
        fine = paint.details.sample(detail, u=at_u * ratio_u, v=at_v * ratio_v, level=detail_level + share)
        total += colour * fine
    total *= tables.tint[face] / (2 * textures.DETAIL_NEUTRAL)
    return total


def _texture_coordinate(
    affine: Float32[np.ndarray, "faces 4"], samples: _Samples, view: View, ray_step: tuple[float, float]
) -> tuple[Flat, Flat, Flat]:
    """Value at each sample and change to the next ray in x and in y."""
    face, depth = samples.face, 1 / samples.inverse_depth
    a, b = affine[:, 0][face], affine[:, 1][face]
    slope = (a * samples.x + b * samples.y + affine[:, 2][face]) * depth
    bend_x, bend_y = (view.plane[:, axis].astype(np.float32)[face] for axis in (0, 1))
    change_x = (a - slope * bend_x) * depth * np.float32(ray_step[0])
    change_y = (b - slope * bend_y) * depth * np.float32(ray_step[1])
    return slope + affine[:, 3][face], change_x, change_y


def _unfold(
    coordinates: tuple[Flat, Flat, Flat, Flat, Flat, Flat], samples: _Samples, view: View, ray_step: tuple[float, float]
) -> None:
    """Overwrite the texture coordinates of samples on curved shapes: their skins measure the unfolded surface."""
    u, u_x, u_y, v, v_x, v_y = coordinates
    round_ones = np.flatnonzero(view.tables.curved[samples.face])
    face, depth = samples.face[round_ones], 1 / samples.inverse_depth[round_ones]
    across, down = view.tables.u[face].astype(np.float32), view.tables.v[face].astype(np.float32)
    u[round_ones] = samples.unfolded[round_ones, 0] * across[:, 0] + across[:, 3]
    v[round_ones] = samples.unfolded[round_ones, 1] * down[:, 1] + down[:, 3]
    u_x[round_ones] = np.abs(across[:, 0]) * depth * np.float32(ray_step[0])
    v_y[round_ones] = np.abs(down[:, 1]) * depth * np.float32(ray_step[1])
    u_y[round_ones] = v_x[round_ones] = 0


def ground_semantics(x: Flat, z: Flat, *, street: Street) -> UInt8[np.ndarray, " count"]:
    """Cityscapes train id of the ground points (x, z)."""
    s, t = street.road.locate(x, z)
    on_road, on_pavement = _zones(s, t, street.section)
    return np.where(on_road, ROAD, np.where(on_pavement, SIDEWALK, TERRAIN)).astype(np.uint8)


def _zones(s: Flat, t: Flat, section: CrossSection) -> tuple[Bool[np.ndarray, " count"], Bool[np.ndarray, " count"]]:
    on_road = (t > -section.kerb_left) & (t < section.kerb_right)
    on_pavement = (t > -section.kerb_left - section.pavement) & (t < section.kerb_right + section.pavement)
    for low, high in section.side_streets:
        on_road |= (s > low) & (s < high)
        on_pavement |= (s > low - 2) & (s < high + 2)
    return on_road, on_pavement


def _ground_paint(
    x: Flat, z: Flat, *, street: Street, paint: Paint, footprint: Flat
) -> tuple[Int32[np.ndarray, " count"], Int32[np.ndarray, " count"], Flat]:
    """Pages of the ground at each point, and how much of it is covered by white paint or kerb stone."""
    section, materials = street.section, paint.materials
    s, t = street.road.locate(x, z)
    on_road, on_pavement = _zones(s, t, section)
    page = np.where(on_road, materials.road, np.where(on_pavement, materials.pavement, materials.lawn))
    detail = np.where(on_road, textures.ASPHALT, np.where(on_pavement, textures.PAVING, textures.GRASS))
    cover = np.zeros(len(s), np.float32)
    beside_street = np.ones(len(s), np.float32)
    for low, high in section.side_streets:
        beside_street -= _stripe(s - (low + high) / 2, (high - low) / 2, footprint)
    length, period = section.dash
    dashes = _stripe((s + period / 2) % period - period / 2, length / 2, footprint) if period > length else 1.0
    cover += _stripe(t, 0.07, footprint) * dashes
    for lane_line in section.lane_lines:
        cover += _stripe(t - lane_line, 0.07, footprint) * dashes
    for kerb in (-section.kerb_left, section.kerb_right) if section.pavement > 0 else ():
        cover += 0.55 * _stripe(t - kerb, 0.11, footprint)
    if section.edge_lines:
        for edge in (-section.lane, section.lane):
            cover += 0.9 * _stripe(t - edge, 0.06, footprint)
    cover *= beside_street
    for middle in section.crossings:
        bars = _stripe((t + 0.5) % 1.0 - 0.5, 0.25, footprint)
        cover += _stripe(s - middle, 1.5, footprint) * bars * on_road
    return page.astype(np.int32), detail.astype(np.int32), np.clip(0.85 * cover, 0, 0.85).astype(np.float32)


def _stripe(distance: Flat, half_width: float, footprint: Flat) -> Flat:
    """Share of the footprint covered by a stripe around distance 0."""
    half = np.float32(half_width)
    overlap = np.minimum(distance + footprint / 2, half) - np.maximum(distance - footprint / 2, -half)
    return np.clip(overlap / footprint, 0, 1)
