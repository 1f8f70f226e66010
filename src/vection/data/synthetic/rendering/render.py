"""One instant of a world, seen by a camera: image and truth."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Integer

from vection.arrays import ClassIds, Pose, RgbImage
from vection.data.clips.intrinsics import camera_matrix
from vection.data.synthetic.frames import MOVABLE, MOVING, NO_CATEGORY, STATIC, RenderedFrame
from vection.data.synthetic.rendering.atlas import Atlas
from vection.data.synthetic.rendering.scene import SceneTables, body_poses, build_tables, place
from vection.data.synthetic.rendering.shading import Paint, ground_semantics, shade
from vection.data.synthetic.rendering.sky import bright_sky, make_sky
from vection.data.synthetic.rendering.sunlight import make_sunlight
from vection.data.synthetic.rendering.tracing import NOTHING, Hits, Rays, trace
from vection.data.synthetic.settings import DriveSettings
from vection.data.synthetic.world import textures
from vection.data.synthetic.world.camera_path import Drive, camera_poses, make_drive
from vection.data.synthetic.world.classes import ROAD, SKY
from vection.data.synthetic.world.models import Materials
from vection.data.synthetic.world.places.place import make_place
from vection.data.synthetic.world.shapes import Body, Skin, X, Z, along, hull
from vection.data.synthetic.world.street import Street
from vection.data.synthetic.world.traffic import make_traffic

BodyMap = Integer[np.ndarray, "height width"]
"""Number of the body that each pixel shows."""

_GROUND_TILE = 47.0
"""Metres that the ground's colour pages cover."""


@dataclass(frozen=True)
class World:
    """Everything that a seed decides."""

    settings: DriveSettings
    street: Street
    tables: SceneTables
    paint: Paint
    drive: Drive
    T_camera_to_world: Float64[np.ndarray, "times 4 4"]


def make_world(settings: DriveSettings, *, seed: int) -> World:
    """Draw the world of a drive."""
    rng = np.random.default_rng(seed)
    drive = make_drive(rng, settings)
    details = textures.detail_pages(rng)
    if settings.palette == "natural":
        details = textures.calm_details(details, np.random.default_rng([seed, 10]))
    materials = Materials(rng, settings.palette, settings.trucks)
    street = make_place(materials, settings, travel=float(drive.distance[-1]))
    traffic = make_traffic(materials, settings, street=street, drive=drive)
    poses = camera_poses(rng, settings, line=street.line, drive=drive, lane=street.section.lane)
    warm = rng.uniform(-0.06, 0.06)
    light = (rng.uniform(0.8, 1.15) * np.array([1 + warm, 1.0, 1 - warm])).astype(np.float32)
    sky = make_sky(rng)
    tables = build_tables([_ground(materials), *street.bodies, *traffic])
    sunlight = make_sunlight(settings, tables, poses, seed=seed)
    if settings.light != "even":
        sky = bright_sky(np.random.default_rng([seed, 12]), clear=settings.light == "sun")
    paint = Paint(Atlas(materials.pages), Atlas(details), materials, sky, light, sunlight)
    return World(settings, street, tables, paint, drive, poses)


def _ground(materials: Materials) -> Body:
    across, down = (along(axis, start=0.0, stop=_GROUND_TILE) for axis in (X, Z))
    skin = Skin(materials.road, across, down, textures.ASPHALT)
    plane = ((0.0, -1.0, 0.0), (0.0, 0.0, 0.0))
    shape = hull((-1.0, 0.0, -1.0), (1.0, 0.0, 1.0), planes=[plane], skins=[skin])
    return Body((shape,), ROAD, np.zeros((1, 3)))


def render(world: World, time: int) -> RenderedFrame:
    """Render frame `time`, without the effects of the camera's electronics and bonnet."""
    settings = world.settings
    pose = world.T_camera_to_world[time]
    bodies = body_poses(world.tables, time)
    image, hits = _look(world, bodies=bodies, T_camera_to_world=pose)
    centres = hits if not settings.antialias else _centres(hits)
    body = np.where(centres.face == NOTHING, 0, world.tables.face_body[centres.face])
    is_sky = centres.face == NOTHING
    flow, moves = _object_flow(world, time, body=body, hits=centres, T_body_to_world=bodies)
    movable = np.array([item.movable for item in world.tables.bodies])
    category = np.where(moves[body], MOVING, np.where(movable[body], MOVABLE, STATIC))
    depth = np.full(is_sky.shape, np.inf, np.float32)
    np.divide(1, centres.inverse_depth, out=depth, where=~is_sky)
    right = None
    if settings.stereo_baseline is not None:
        shift = np.eye(4)
        shift[0, 3] = settings.stereo_baseline
        right = _look(world, bodies=bodies, T_camera_to_world=pose @ shift)[0]
    return RenderedFrame(
        image=image,
        depth=depth,
        T_camera_to_world=pose.copy(),
        object_flow=flow,
        category=np.where(is_sky, NO_CATEGORY, category).astype(np.uint8),
        semantics=_semantics(world, depth=depth, hits=centres, pose=pose),
        instance=np.where(movable[body] & ~is_sky, body, 0).astype(np.int32),
        usable=np.ones(is_sky.shape, bool),
        intrinsics=camera_matrix(settings.camera),
        seconds=float(world.drive.seconds[time]),
        stereo_image=right,
    )


def _look(
    world: World, *, bodies: Float64[np.ndarray, "bodies 4 4"], T_camera_to_world: Float64[np.ndarray, "4 4"]
) -> tuple[RgbImage, Hits]:
    settings = world.settings
    fx, fy, cx, cy = settings.camera
    step = 0.5 if settings.antialias else 1.0
    first = -0.5 if settings.antialias else 0.0
    u, v = np.arange(first, settings.width, step), np.arange(first, settings.height, step)
    rays = Rays(((u - cx) / fx).astype(np.float32), ((v - cy) / fy).astype(np.float32))
    view = place(world.tables, T_body_to_world=bodies, T_world_to_camera=np.linalg.inv(T_camera_to_world))
    sunlight = world.paint.sunlight
    hits = trace(view, rays, sun=None if sunlight is None else T_camera_to_world[:3, :3].T @ sunlight.direction)
    colours = shade(
        hits,
        view,
        street=world.street,
        paint=world.paint,
        T_camera_to_world=T_camera_to_world,
        ray_step=(step / fx, step / fy),
        heights=None if sunlight is None else sunlight.heights(world.tables, bodies),
    )
    if settings.antialias:
        tent = np.array([0.25, 0.5, 0.25], np.float32)
        colours = cv2.sepFilter2D(np.minimum(colours, 255), -1, tent, tent)[1::2, 1::2]
    return (colours + 0.5).clip(0, 255).astype(np.uint8), hits


def _centres(hits: Hits) -> Hits:
    """Keep the rays through the pixels' centres."""
    rays = Rays(hits.rays.x[1::2], hits.rays.y[1::2])
    return Hits(
        rays, hits.inverse_depth[1::2, 1::2], hits.face[1::2, 1::2], hits.shade[1::2, 1::2], hits.unfolded[1::2, 1::2]
    )


def _points(hits: Hits, depth: Float32[np.ndarray, "height width"]) -> Float32[np.ndarray, "3 height width"]:
    """Scene points in camera coordinates; where nothing is met, at 0."""
    z = np.where(np.isfinite(depth), depth, 0)
    return np.stack([hits.rays.x[None] * z, hits.rays.y[:, None] * z, z])


def _object_flow(
    world: World, time: int, *, body: BodyMap, hits: Hits, T_body_to_world: Float64[np.ndarray, "bodies 4 4"]
) -> tuple[Float32[np.ndarray, "3 height width"], Bool[np.ndarray, " bodies"]]:
    """Flow to the next frame, and for each body whether it moves by more than a millimetre."""
    later = body_poses(world.tables, time + 1)
    moves = np.abs(later - T_body_to_world).max(axis=(1, 2)) > 1e-3
    flow = np.zeros((3, *body.shape), np.float32)
    pose = world.T_camera_to_world[time]
    to_world, to_camera = pose, np.linalg.inv(pose)
    for index in np.unique(body[moves[body]]):
        mask = body == index
        motion = to_camera @ later[index] @ np.linalg.inv(T_body_to_world[index]) @ to_world
        rows, columns = np.nonzero(mask)
        z = 1 / hits.inverse_depth[rows, columns].astype(np.float64)
        points = np.stack([hits.rays.x[columns] * z, hits.rays.y[rows] * z, z])
        flow[:, rows, columns] = motion[:3, :3] @ points + motion[:3, 3:] - points
    return flow, moves


def _semantics(
    world: World,
    *,
    depth: Float32[np.ndarray, "height width"],
    hits: Hits,
    pose: Pose,
) -> ClassIds:
    semantics = np.where(hits.face == NOTHING, np.uint8(SKY), world.tables.face_semantics[hits.face])
    rows, columns = np.nonzero(hits.face == 0)
    z = depth[rows, columns]
    points = np.stack([hits.rays.x[columns] * z, hits.rays.y[rows] * z, z])
    x, _, z = (pose[:3, :3] @ points + pose[:3, 3:]).astype(np.float32)
    semantics[rows, columns] = ground_semantics(x, z, street=world.street)
    return semantics
