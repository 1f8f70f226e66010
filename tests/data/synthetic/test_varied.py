"""Places, lights, palettes, and drives that draw all of them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.data.synthetic.reprojection import reproject

from vection.data.synthetic import DriveSettings, RenderedFrame, night, render_drive, street, turning, varied
from vection.data.synthetic.frames import MOVING
from vection.data.synthetic.rendering.render import make_world
from vection.data.synthetic.rendering.scene import build_tables
from vection.data.synthetic.rendering.sunlight import make_sunlight
from vection.data.synthetic.world.classes import BUILDING, BUS, CAR, POLE, SIGN, SKY, TRAFFIC_LIGHT, TRUCK, VEGETATION
from vection.data.synthetic.world.shapes import Body, Skin, X, Y, along, box, hull
from vection.errors import UsageError

SMALL = {"width": 96, "height": 32, "frames": 2}


def first_frame(settings: DriveSettings, *, seed: int = 3) -> RenderedFrame:
    return next(iter(render_drive(settings, seed=seed)))


@pytest.mark.parametrize(
    ("make", "image", "depth"), [(street, 80.4337, 14.5133), (turning, 75.7544, 16.1807), (night, 40.6913, 14.5133)]
)
def test_drives_without_the_newer_options_are_what_they_always_were(
    make: Callable[..., DriveSettings], image: float, depth: float
) -> None:
    frame = list(render_drive(make(**SMALL), seed=5))[-1]
    assert frame.image.mean() == pytest.approx(image, abs=1e-3)
    assert frame.depth[np.isfinite(frame.depth)].mean(dtype=float) == pytest.approx(depth, abs=1e-3)


@pytest.mark.parametrize(
    ("place", "light"), [("town", "haze"), ("suburb", "sun"), ("woods", "overcast"), ("open", "even")]
)
def test_every_place_and_light_renders_with_truth(place: str, light: str) -> None:
    settings = DriveSettings(
        **SMALL, place=place, light=light, palette="natural", trucks=0.3, fixtures=1.0, occluders=1.0, lens=0.7
    )
    frames, again = list(render_drive(settings, seed=4)), list(render_drive(settings, seed=4))
    for frame, same in zip(frames, again, strict=True):
        np.testing.assert_array_equal(frame.image, same.image)
        np.testing.assert_array_equal(frame.depth, same.depth)
        assert frame.image.std() > 5
        np.testing.assert_array_equal(np.isfinite(frame.depth), frame.semantics != SKY)
        assert (frame.depth > 0.05).all()


def test_places_hold_what_they_are_named_for() -> None:
    share = {}
    for place in ("town", "woods"):
        frames = [first_frame(street(**SMALL, place=place, palette="natural"), seed=seed) for seed in range(3)]
        share[place] = [np.mean([frame.semantics == name for frame in frames]) for name in (BUILDING, VEGETATION)]
    assert share["town"][0] > 0.1
    assert share["woods"][0] == 0
    assert share["woods"][1] > 2 * share["town"][1]


def test_light_and_lens_change_the_picture_but_not_the_truth() -> None:
    plain = first_frame(street(**SMALL, place="suburb"))
    for change in ({"light": "sun"}, {"light": "overcast"}, {"light": "haze"}, {"lens": 1.0}):
        other = first_frame(street(**SMALL, place="suburb", **change))
        np.testing.assert_array_equal(plain.depth, other.depth)
        np.testing.assert_array_equal(plain.semantics, other.semantics)
        assert np.abs(plain.image.astype(float) - other.image).mean() > 2


def test_the_sun_casts_shadows_away_from_itself() -> None:
    """One box of 2 x 4 x 2 m, 30 m ahead of the camera."""
    skin = Skin(0, along(X, start=0.0, stop=1.0), along(Y, start=0.0, stop=1.0), 0)
    plane = hull((-1.0, 0.0, -1.0), (1.0, 0.0, 1.0), planes=[((0.0, -1.0, 0.0), (0.0, 0.0, 0.0))], skins=[skin])
    cube = box((-1.0, -4.0, -1.0), (1.0, 0.0, 1.0), skins=[skin] * 6)
    bodies = [Body((plane,), 0, np.zeros((1, 3))), Body((cube,), BUILDING, np.array([[0.0, 30.0, 0.4]]))]
    for seed in range(5):
        light = make_sunlight(street(light="sun"), build_tables(bodies), np.eye(4)[None], seed=seed)
        assert light is not None
        assert np.linalg.norm(light.direction) == pytest.approx(1)
        per_metre = light.direction[[0, 2]] / -light.direction[1]
        places = np.array([0.0, 30.0]) + np.array([[-2.0], [2.0], [-6.0]]) * per_metre
        # on the ray through the middle at 2 m; towards the sun; on the ray that passes above at 6 m
        outside = np.linalg.norm(places - np.array([0.0, 30.0]), axis=1) > 1.6
        x, z = places.T.astype(np.float32)
        shadow = light.shadow(light.standing, x, np.zeros(3, np.float32), z)
        assert shadow[0] == 1
        assert (shadow[1:][outside[1:]] == 0).all()


def test_haze_takes_contrast_from_what_is_far() -> None:
    clear, hazy = first_frame(street(**SMALL)), first_frame(street(**SMALL, light="haze"))
    far = np.isfinite(clear.depth) & (clear.depth > 40)
    near = clear.depth < 8
    kept = [hazy.image[where].std() / clear.image[where].std() for where in (far, near)]
    assert kept[0] < min(kept[1], 0.9)


def test_pitch_moves_the_horizon() -> None:
    level, up = (street(width=96, height=64, frames=1, shake=0.0, pitch=pitch) for pitch in (0.0, 4.0))
    rows = []
    for settings in (level, up):
        pose = first_frame(settings).T_camera_to_world
        # the point at infinity straight ahead
        _, y, z = pose[:3, :3].T @ np.array([0.0, 0.0, 1.0])
        rows.append(settings.camera[1] * y / z)
    assert rows[1] - rows[0] == pytest.approx(0.58 * 96 * np.tan(np.deg2rad(4.0)), rel=1e-3)


@pytest.mark.parametrize("seed", [1, 5])
def test_truth_of_varied_drives_explains_the_next_frame(seed: int) -> None:
    settings = replace(varied(seed, width=208, height=64, frames=2), frame_rate=10.0, lens=0.0, night=False)
    errors, identity_errors = [], []
    for first, second in pairwise(render_drive(settings, seed=seed)):
        found = reproject(first, second)
        background = found.visible & (first.category < MOVING)
        errors.append(found.error[background].mean())
        identity_errors.append(found.identity_error[background].mean())
    assert np.mean(errors) < 0.6 * np.mean(identity_errors)


def test_varied_drives_differ_in_everything() -> None:
    drawn = [varied(seed, width=416, height=128) for seed in range(60)]
    assert drawn[7] == varied(7, width=416, height=128)
    assert {one.place for one in drawn} == {"town", "suburb", "woods", "open"}
    assert {one.light for one in drawn} == {"even", "sun", "overcast", "haze"}
    for one in drawn:
        fx, fy, cx, cy = one.camera
        assert 0.5 * 416 <= fx <= 1.1 * 416
        assert fy / fx == pytest.approx(1, abs=0.031)
        assert abs(cx - 207.5) < 13
        assert abs(cy - 63.5) < 11
        assert 1.2 <= one.camera_height[0] <= one.camera_height[1] <= 2.2
        assert one.frame_rate <= 2
        assert (one.width, one.height, one.frames) == (416, 128, 4)
    assert 0.3 < np.mean([one.lead_car for one in drawn]) < 0.7
    assert np.mean([one.night for one in drawn]) < 0.15


def test_trucks_are_longer_than_cars() -> None:
    long = []
    for trucks in (0.0, 1.0):
        world = make_world(street(**SMALL, trucks=trucks, parked_cars=2.0), seed=2)
        classes = (TRUCK, BUS) if trucks else (CAR,)
        halves = [body.shadow[1] for body in world.tables.bodies if body.semantics in classes and body.shadow]
        long.append(min(halves) if trucks else max(halves))
    assert long[1] > long[0]


def test_trucks_lights_and_their_posts_have_their_own_classes() -> None:
    world = make_world(street(**SMALL, trucks=0.5, parked_cars=2.0, fixtures=2.0, occluders=1.0), seed=2)
    tables = world.tables
    assert {CAR, TRUCK, BUS} <= {body.semantics for body in tables.bodies if body.movable}
    parts: dict[int, set[int]] = {}
    for body, semantics in zip(tables.face_body, tables.face_semantics, strict=True):
        parts.setdefault(tables.bodies[body].semantics, set()).add(int(semantics))
    assert (parts[TRAFFIC_LIGHT], parts[TRUCK]) == ({TRAFFIC_LIGHT, POLE}, {TRUCK})
    assert parts[SIGN] == {SIGN, POLE}


@pytest.mark.parametrize("wrong", [{"place": "moon"}, {"light": "dusk"}, {"palette": "pink"}])
def test_unknown_places_lights_and_palettes_are_refused(wrong: dict) -> None:
    with pytest.raises(UsageError, match="is one of"):
        street(**wrong)
