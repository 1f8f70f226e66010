"""Options, presets, effects and the clip folder."""

import itertools
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from vection.data.clips.folder import read_clip
from vection.data.synthetic import (
    DRIVES,
    DriveSettings,
    RenderedFrame,
    drive_settings,
    night,
    render_drive,
    static_camera,
    stop_and_go,
    street,
    write_drive,
)
from vection.data.synthetic.frames import NO_CATEGORY
from vection.data.synthetic.rendering.render import make_world
from vection.data.synthetic.world.classes import CAR
from vection.errors import UsageError

SMALL = {"width": 96, "height": 32, "frames": 6}


def drive(settings: DriveSettings, *, seed: int = 3) -> list[RenderedFrame]:
    return list(render_drive(settings, seed=seed))


def steps(frames: list[RenderedFrame]) -> np.ndarray:
    """Metres between neighbouring frames."""
    places = np.array([frame.T_camera_to_world[:3, 3] for frame in frames])
    return np.linalg.norm(np.diff(places, axis=0), axis=1)


def test_a_seed_gives_one_world() -> None:
    for first, second in zip(drive(street(**SMALL)), drive(street(**SMALL)), strict=True):
        for name in ("image", "depth", "T_camera_to_world", "object_flow", "category", "semantics", "instance"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_seeds_give_different_worlds() -> None:
    images = [drive(street(**SMALL), seed=seed)[0].image.astype(float) for seed in range(4)]
    for index, image in enumerate(images):
        for other in images[index + 1 :]:
            assert np.abs(image - other).mean() > 15


@pytest.mark.parametrize("name", DRIVES)
def test_every_preset_renders(name: str) -> None:
    frames = drive(drive_settings(name, **SMALL))
    assert len(frames) == 6
    assert frames[-1].image.std() > 5
    np.testing.assert_allclose([frame.seconds for frame in frames], np.arange(6) / 10)


def test_size_rate_and_intrinsics_are_those_asked_for() -> None:
    settings = street(width=70, height=50, frames=2, frame_rate=5.0, intrinsics=(60.0, 65.0, 30.0, 20.0), shake=0.0)
    first, second = drive(settings)
    assert first.image.shape == (50, 70, 3)
    assert second.seconds == 0.2
    np.testing.assert_array_equal(first.intrinsics, [[60, 0, 30], [0, 65, 20], [0, 0, 1]])
    level = drive(
        street(width=70, height=50, frames=1, shake=0.0, camera_height=(2.0, 2.0), intrinsics=(60.0, 65.0, 30.0, 20.0))
    )
    # the camera is level, so the horizon lies at cy, and row 45 sees the ground at 2 * 65 / (45 - 20) metres
    assert np.median(level[0].depth[45]) == pytest.approx(5.2, rel=1e-4)


def test_antialiasing_changes_the_picture_but_not_the_truth() -> None:
    fine, coarse = drive(street(**SMALL))[0], drive(street(**SMALL, antialias=False))[0]
    np.testing.assert_allclose(fine.depth, coarse.depth, rtol=1e-4)
    np.testing.assert_array_equal(fine.category, coarse.category)
    assert not np.array_equal(fine.image, coarse.image)


def test_ordinary_motion_between_frames() -> None:
    for seed in range(4):
        assert 0.3 < steps(drive(street(**SMALL), seed=seed)).mean() < 1.3


def test_turning_turns() -> None:
    frames = drive(drive_settings("turning", width=32, height=16, frames=60, antialias=False))
    forward = np.array([frame.T_camera_to_world[:3, 2] for frame in frames])
    assert (forward @ forward[0]).min() < 0.8


def test_a_lead_car_in_a_third_of_the_streets() -> None:
    nobody = {"parked_cars": 0.0, "oncoming_cars": 0.0, "crossing_cars": 0.0, "pedestrians": 0.0}
    settings = street(width=32, height=16, frames=2, **nobody)
    followed = 0
    for seed in range(18):
        world = make_world(settings, seed=seed)
        rows = [body.poses[0] for body in world.tables.bodies if len(body.poses) > 1 and body.semantics == CAR]
        camera = world.T_camera_to_world[0, [0, 2], 3]
        followed += any(np.linalg.norm(row[:2] - camera) < 24 for row in rows)
    assert 2 <= followed <= 11


def test_standing_camera_sees_only_the_traffic_change() -> None:
    frames = drive(static_camera(**SMALL))
    assert (steps(frames) == 0).all()
    for first, second in itertools.pairwise(frames):
        # far cars narrower than a pixel change it a little without being its truth
        changed = np.abs(first.image.astype(int) - second.image).max(axis=2) > 3
        near_movers = np.zeros_like(changed)
        rows, columns = np.nonzero(first.moving | second.moving)
        for row, column in zip(rows, columns, strict=True):
            near_movers[max(0, row - 6) : row + 7, max(0, column - 6) : column + 7] = True
        assert not (changed & ~near_movers).any()


def test_stop_and_go_stops_and_goes() -> None:
    moved = steps(drive(stop_and_go(width=32, height=16, frames=40, antialias=False)))
    assert (moved[15:24] < 1e-9).sum() >= 9
    assert moved[0] > 0.2
    assert moved[-1] > 0.2


def test_night_is_dark_and_noisy_and_keeps_the_truth() -> None:
    day, dark = drive(street(**SMALL)), drive(night(**SMALL))
    assert dark[0].image.mean() < 0.6 * day[0].image.mean()
    np.testing.assert_array_equal(day[0].depth, dark[0].depth)
    standing = drive(static_camera(**SMALL, night=True, oncoming_cars=0.0, crossing_cars=0.0, pedestrians=0.0))
    assert 1 < np.abs(standing[0].image.astype(float) - standing[1].image).mean() < 15


def test_exposure_jumps() -> None:
    plain, jumpy = drive(street(**SMALL)), drive(street(**SMALL, exposure_jumps=0.7))
    gains = []
    for first, second in zip(plain, jumpy, strict=True):
        unclipped = (second.image < 255) & (first.image > 20)
        gains.append(float(np.median(second.image[unclipped] / first.image[unclipped])))
    assert len(set(np.round(gains, 2))) > 1
    assert max(abs(np.diff(gains))) > 0.05


def test_bonnet_is_fixed_masked_and_without_truth() -> None:
    frames = drive(street(**SMALL, bonnet=True, night=False))
    hidden = ~frames[0].usable
    assert 0.05 < hidden.mean() < 0.3
    assert hidden[-1].all()
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame.usable, frames[0].usable)
        np.testing.assert_array_equal(frame.image[hidden], frames[0].image[hidden])
    assert np.isinf(frames[0].depth[hidden]).all()
    assert (frames[0].category[hidden] == NO_CATEGORY).all()
    assert (frames[0].object_flow[:, hidden] == 0).all()


def test_write_drive_makes_a_clip_folder(tmp_path: Path) -> None:
    settings = street(**SMALL, stereo_baseline=0.5, bonnet=True)
    told: list[tuple[int, int]] = []
    info = write_drive(tmp_path / "clip", settings, seed=3, progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 6) for number in range(1, 7)]
    assert read_clip(tmp_path / "clip") == info
    assert [path.name for path in tmp_path.iterdir()] == ["clip"]
    assert (info.name, info.unit, len(info)) == ("clip", "metres", 6)
    frames = drive(settings)
    assert np.abs(info.read_image(2).astype(float) - frames[2].image).mean() < 8
    right = frames[2].stereo_image
    assert right is not None
    assert np.abs(info.read_stereo_image(2).astype(float) - right).mean() < 8
    usable = info.read_usable()
    assert usable is not None
    np.testing.assert_array_equal(usable, frames[2].usable)
    truth = info.read_truth(2)
    np.testing.assert_array_equal(truth.depth, np.where(np.isfinite(frames[2].depth), frames[2].depth, 0))
    np.testing.assert_array_equal(truth.category, frames[2].category)
    np.testing.assert_array_equal(truth.semantics, frames[2].semantics)
    np.testing.assert_allclose(truth.object_flow, frames[2].object_flow, atol=2e-3)
    np.testing.assert_array_equal(truth.T_camera_to_world, frames[2].T_camera_to_world)
    assert info.stereo is not None
    assert info.stereo.T_target_to_stereo[0] == (1.0, 0.0, 0.0, -0.5)


def test_write_drive_leaves_nothing_half_written(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_drive(tmp_path / "clip", street(**SMALL), seed=1, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_write_drive_refuses_an_existing_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="exists already"):
        write_drive(tmp_path, street(**SMALL), seed=1)
    with pytest.raises(UsageError, match="Cannot write"):
        write_drive(tmp_path / "file" / "clip", street(**SMALL), seed=1)


@pytest.mark.parametrize(
    "wrong",
    [{"width": 8}, {"frames": 0}, {"frame_rate": 0.0}, {"intrinsics": (0.0, 1.0, 0.0, 0.0)}, {"stereo_baseline": -1.0}],
)
def test_impossible_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(UsageError):
        street(**wrong)


def test_a_mistyped_preset_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="did you mean turning"):
        drive_settings("turnig")


def test_rendering_is_fast_enough() -> None:
    """Loose: the benchmark measures; this notices a fall by an order of magnitude."""
    settings = street(frames=3)
    iterator = render_drive(settings, seed=1)
    next(iterator)
    start = process_time()
    assert len(list(iterator)) == 2
    assert process_time() - start < 2.5
