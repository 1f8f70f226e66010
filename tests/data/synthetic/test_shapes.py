"""Tracing of single solids against hand-computed values."""

import numpy as np
import pytest

from vection.data.synthetic.rendering.scene import build_tables, place
from vection.data.synthetic.rendering.tracing import NOTHING, Hits, Rays, trace
from vection.data.synthetic.world.shapes import Body, Shape, Skin, box, upright

SKIN = Skin(0, (1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), 0)
GROUND = Shape("hull", (-1.0, 0.0, -1.0), (1.0, 0.0, 1.0), (SKIN,), np.array([[0.0, -1.0, 0.0, 0.0]]))
CROSS = Rays(np.array([-0.5, 0.0, 0.5], np.float32), np.array([-0.25, 0.0, 0.1], np.float32))
"""Nine rays, the middle one straight ahead."""


def look_at(shape: Shape, *, pose: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Hits:
    """Trace a shape and the ground from a camera 1 m above the origin."""
    bodies = [Body((GROUND,), 0, np.zeros((1, 3))), Body((shape,), 2, np.array([pose]))]
    tables = build_tables(bodies)
    poses = np.tile(np.eye(4), (2, 1, 1))
    cosine, sine = np.cos(pose[2]), np.sin(pose[2])
    poses[1] = [[cosine, 0, sine, pose[0]], [0, 1, 0, 0], [-sine, 0, cosine, pose[1]], [0, 0, 0, 1]]
    to_camera = np.eye(4)
    to_camera[1, 3] = 1.0
    return trace(place(tables, T_body_to_world=poses, T_world_to_camera=to_camera), CROSS)


def test_front_of_a_box() -> None:
    hits = look_at(box((-1.0, -2.0, 6.0), (1.0, 0.0, 8.0), skins=[SKIN] * 6))
    assert 1 / hits.inverse_depth[1, 1] == pytest.approx(6.0)
    # 10 m away the ground is met by the ray of slope 0.1; the box hides it in the middle
    assert 1 / hits.inverse_depth[2, 1] == pytest.approx(6.0)
    assert 1 / hits.inverse_depth[2, 0] == pytest.approx(10.0)
    # the upper rays pass 0.5 m above the box; the outer ones beside it
    assert (hits.face[0] == NOTHING).all()
    assert (hits.face[1, [0, 2]] == NOTHING).all()


def test_inside_of_a_box_is_not_drawn() -> None:
    hits = look_at(box((-1.0, -2.0, -1.0), (1.0, 0.0, 8.0), skins=[SKIN] * 6))
    assert (hits.face[1] == NOTHING).all()


def test_a_turned_box_shows_its_edge() -> None:
    half = np.sqrt(0.5)
    hits = look_at(box((-half, -2.0, -half), (half, 0.0, half), skins=[SKIN] * 6), pose=(0.0, 5.0, np.pi / 4))
    assert 1 / hits.inverse_depth[1, 1] == pytest.approx(4.0, rel=1e-5)


def test_cylinder_and_ellipsoid() -> None:
    pole = upright("cylinder", centre=(0.0, -1.0, 5.0), radii=(0.5, 1.0, 0.5), skin=SKIN)
    assert 1 / look_at(pole).inverse_depth[1, 1] == pytest.approx(4.5, rel=1e-5)
    ball = upright("ellipsoid", centre=(0.0, -1.0, 5.0), radii=(1.0, 1.0, 2.0), skin=SKIN)
    assert 1 / look_at(ball).inverse_depth[1, 1] == pytest.approx(3.0, rel=1e-5)
    assert look_at(ball).face[1, 0] == NOTHING


def test_a_cylinder_has_an_upper_end() -> None:
    low_pole = upright("cylinder", centre=(0.0, -0.3, 5.0), radii=(0.5, 0.3, 0.5), skin=SKIN)
    assert look_at(low_pole).face[1, 1] == NOTHING


def test_shapes_behind_the_camera_are_not_seen() -> None:
    hits = look_at(box((-1.0, -2.0, -8.0), (1.0, 0.0, -6.0), skins=[SKIN] * 6))
    assert hits.face.max() == 0
