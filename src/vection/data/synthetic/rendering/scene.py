"""A scene as flat tables of shapes and faces, and their placement before the camera at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, UInt8

from vection.data.synthetic.world.camera_path import turn_y
from vection.data.synthetic.world.shapes import Body, Skin
from vection.data.synthetic.world.textures import DETAIL_METRES

NEAR = 0.05
"""Metres: nothing nearer to the camera is drawn."""
HULL = 0
CYLINDER = 1
ELLIPSOID = 2
FOLIAGE = 3
_KINDS = {"hull": HULL, "cylinder": CYLINDER, "ellipsoid": ELLIPSOID, "foliage": FOLIAGE}
_EDGES = np.array([(a, b) for a in range(8) for b in range(8) if a < b and bin(a ^ b).count("1") == 1])


@dataclass(frozen=True)
class SceneTables:
    """Row 0 of bodies, shapes and faces is the ground."""

    bodies: tuple[Body, ...]
    shape_body: Int64[np.ndarray, " shapes"]
    shape_kind: Int64[np.ndarray, " shapes"]
    low: Float64[np.ndarray, "shapes 3"]
    high: Float64[np.ndarray, "shapes 3"]
    first_face: Int64[np.ndarray, " shapes_and_one"]
    face_body: Int64[np.ndarray, " faces"]
    face_semantics: UInt8[np.ndarray, " faces"]
    plane: Float64[np.ndarray, "faces 4"]
    u: Float64[np.ndarray, "faces 4"]
    v: Float64[np.ndarray, "faces 4"]
    curved: Bool[np.ndarray, " faces"]
    page: Int32[np.ndarray, " faces"]
    detail: Int32[np.ndarray, " faces"]
    detail_ratio: Float32[np.ndarray, "faces 2"]
    """Tiles of the detail page in one tile of the colour page, along u and v."""
    tint: Float32[np.ndarray, "faces 3"]


def build_tables(bodies: Sequence[Body]) -> SceneTables:
    """Flatten bodies; the first one must be the ground: one hull of one plane."""
    shapes = [(index, shape) for index, body in enumerate(bodies) for shape in body.shapes]
    faces = [(index, skin) for index, shape in shapes for skin in shape.skins]
    classes = [bodies[index].semantics if shape.semantics is None else shape.semantics for index, shape in shapes]
    counts = [len(shape.skins) for _, shape in shapes]
    planes = [shape.planes if shape.planes is not None else np.array([[0.0, 0.0, 0.0, 1.0]]) for _, shape in shapes]
    skins = [skin for _, skin in faces]
    u, v = np.array([skin.u for skin in skins]), np.array([skin.v for skin in skins])
    metres = DETAIL_METRES[[skin.detail for skin in skins]]
    slopes = np.stack([np.linalg.norm(u[:, :3], axis=1), np.linalg.norm(v[:, :3], axis=1)], axis=1)
    return SceneTables(
        bodies=tuple(bodies),
        shape_body=np.array([index for index, _ in shapes]),
        shape_kind=np.array([_KINDS[shape.kind] for _, shape in shapes]),
        low=np.array([shape.low for _, shape in shapes]),
        high=np.array([shape.high for _, shape in shapes]),
        first_face=np.concatenate([[0], np.cumsum(counts)]),
        face_body=np.array([index for index, _ in faces]),
        face_semantics=np.repeat(np.array(classes, np.uint8), counts),
        plane=np.concatenate(planes),
        u=u,
        v=v,
        curved=np.repeat([shape.kind != "hull" for _, shape in shapes], counts),
        page=np.array([skin.page for skin in skins], np.int32),
        detail=np.array([skin.detail for skin in skins], np.int32),
        detail_ratio=(1 / (slopes * metres[:, None])).astype(np.float32),
        tint=_lit_tints(skins, np.concatenate(planes)),
    )


def _lit_tints(skins: Sequence[Skin], planes: Float64[np.ndarray, "faces 4"]) -> Float32[np.ndarray, "faces 3"]:
    """Colour of each face in the daylight that its side of the body gets; it turns with the body."""
    light = 0.94 - 0.16 * planes[:, 1] + 0.07 * planes[:, 0] - 0.05 * planes[:, 2]
    return (np.array([skin.tint for skin in skins]) * light[:, None]).astype(np.float32)


@dataclass(frozen=True)
class View:
    """The scene before one camera at one instant; everything in camera coordinates."""

    tables: SceneTables
    T_body_to_camera: Float64[np.ndarray, "bodies 4 4"]
    plane: Float64[np.ndarray, "faces 4"]
    """n / d of n . p = d, since 1/z = (n / d) . (x, y, 1); last column d, negative where seen from outside."""
    u: Float32[np.ndarray, "faces 4"]
    v: Float32[np.ndarray, "faces 4"]
    bounds: Float64[np.ndarray, "shapes 4"]
    """Left, top, right, bottom of each shape's picture in ray coordinates x/z and y/z."""
    visible: Bool[np.ndarray, " shapes"]
    """False for shapes wholly behind the camera."""
    nearest: Float64[np.ndarray, " shapes"]
    """Lower bound of each shape's depth, at least `NEAR`."""


def body_poses(tables: SceneTables, time: int) -> Float64[np.ndarray, "bodies 4 4"]:
    """Return T_body_to_world of every body at frame `time`."""
    rows = np.array([body.poses[min(time, len(body.poses) - 1)] for body in tables.bodies])
    poses = np.tile(np.eye(4), (len(rows), 1, 1))
    poses[:, :3, :3] = turn_y(rows[:, 2])
    poses[:, 0, 3], poses[:, 2, 3] = rows[:, 0], rows[:, 1]
    return poses


def place(
    tables: SceneTables,
    *,
    T_body_to_world: Float64[np.ndarray, "bodies 4 4"],
    T_world_to_camera: Float64[np.ndarray, "4 4"],
) -> View:
    """Bring the tables before the camera."""
    T_body_to_camera = T_world_to_camera @ T_body_to_world
    rotation = T_body_to_camera[tables.face_body, :3, :3]
    offset = T_body_to_camera[tables.face_body, :3, 3]

    def turned(affine: Float64[np.ndarray, "faces 4"], sign: float) -> Float64[np.ndarray, "faces 4"]:
        direction = np.einsum("fij,fj->fi", rotation, affine[:, :3])
        constant = affine[:, 3] + sign * np.einsum("fi,fi->f", direction, offset)
        return np.concatenate([direction, constant[:, None]], axis=1)

    plane = turned(tables.plane, 1.0)
    # a camera exactly in a plane sees its edge: any tiny distance will do
    distance = np.where(np.abs(plane[:, 3]) < 1e-9, 1e-9, plane[:, 3])
    plane[:, :3] /= distance[:, None]
    bounds, visible, nearest = _bounds(tables, T_body_to_camera)
    return View(
        tables,
        T_body_to_camera,
        plane,
        turned(tables.u, -1.0).astype(np.float32),
        turned(tables.v, -1.0).astype(np.float32),
        bounds,
        visible,
        nearest,
    )


def _bounds(
    tables: SceneTables, T_body_to_camera: Float64[np.ndarray, "bodies 4 4"]
) -> tuple[Float64[np.ndarray, "shapes 4"], Bool[np.ndarray, " shapes"], Float64[np.ndarray, " shapes"]]:
    """Bound each shape's picture and depth by the corners of its box, cut off at the near plane."""
    choice = np.array([[(corner >> axis) & 1 for axis in range(3)] for corner in range(8)], bool)
    corners = np.where(choice, tables.high[:, None], tables.low[:, None])
    transform = T_body_to_camera[tables.shape_body]
    corners = np.einsum("sij,scj->sci", transform[:, :3, :3], corners) + transform[:, None, :3, 3]
    start, stop = corners[:, _EDGES[:, 0]], corners[:, _EDGES[:, 1]]
    rise = stop[..., 2] - start[..., 2]
    share = (NEAR - start[..., 2]) / np.where(rise == 0, 1.0, rise)
    cut = start + share[..., None] * (stop - start)
    points = np.concatenate([corners, cut], axis=1)
    cuts = (start[..., 2] < NEAR) != (stop[..., 2] < NEAR)
    valid = np.concatenate([corners[..., 2] >= NEAR, cuts], axis=1)
    rays = points[..., :2] / np.maximum(points[..., 2:], 0.99 * NEAR)
    nearest = np.maximum(corners[..., 2].min(axis=1), NEAR)
    low = np.where(valid[..., None], rays, np.inf).min(axis=1)
    high = np.where(valid[..., None], rays, -np.inf).max(axis=1)
    return np.concatenate([low, high], axis=1), np.asarray(valid.any(axis=1)), nearest
