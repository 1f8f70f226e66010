from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.data.readers import fake_waymo as fake

from vection.data.clips.folder import read_clip
from vection.data.clips.intrinsics import camera_matrix
from vection.data.prepare.preparation import prepare
from vection.data.readers.sequences import PrepareSettings
from vection.data.readers.sparse_depth import MOVING_OBJECT, NO_CATEGORY, STATIC_OBJECT, move
from vection.data.readers.waymo.camera import vehicle_to_camera
from vection.data.readers.waymo.frame import even_inclinations, frame_time, matrix4, parse_frame
from vection.data.readers.waymo.labels import CITYSCAPES_IDS, box_categories, panoptic_categories, read_panoptic
from vection.data.readers.waymo.lasers import frame_points, image_points, rotations, undistortion
from vection.data.readers.waymo.parquet import read_frame as read_parquet
from vection.data.readers.waymo.parquet import segment_times
from vection.data.readers.waymo.segments import list_sequences
from vection.data.readers.waymo.tfrecord import read_record, write_records
from vection.errors import DataError, UsageError
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import get_protocol
from vection.evaluation.predictions.kinds import PredictedMap, PredictionReader
from vection.evaluation.truth.open import open_truth

SETTINGS = PrepareSettings(width=96, height=64)


@pytest.fixture(scope="module")
def frame():
    return parse_frame(fake.frame_record(1), camera="FRONT")


@pytest.fixture(scope="module")
def drive(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("waymo")
    fake.write_tfrecord(root / "training", frames=3)
    return root


def test_frame_is_read_from_its_record(frame):
    vehicle, at_image = fake.poses(1)
    np.testing.assert_allclose(frame.T_vehicle_to_world, vehicle)
    np.testing.assert_allclose(frame.T_vehicle_to_world_of_image, at_image)
    np.testing.assert_allclose(frame.camera.T_camera_to_vehicle, fake.CAMERA)
    assert frame.camera.numbers == (180, 182, 94, 66)
    assert frame.camera.distortion == tuple(fake.DISTORTION)
    assert [box.speed for box in frame.boxes] == pytest.approx([np.hypot(3, 0.2), 0.2])
    assert [scan.poses is None for scan in frame.scans] == [False, True]
    np.testing.assert_allclose(frame.scans[0].inclinations, fake.TOP_BEAMS)
    np.testing.assert_allclose(frame.scans[1].inclinations, even_inclinations(-0.4, 0.1, rows=fake.ROWS))


def test_points_of_a_turning_laser_lie_on_the_wall(frame):
    points, projections = frame_points(frame)
    assert projections is not None
    assert len(projections) == len(points) > 5000
    on_wall = np.abs(points[:, 0] - fake.WALL) < 1e-3
    on_cars = np.min([np.abs(points[:, 0] - x) for x, _, _ in fake.CARS], axis=0) < 1e-3
    assert (on_wall | on_cars).all()
    assert 0.02 < on_cars.mean() < 0.5


def test_middle_column_looks_ahead_and_earlier_ones_to_the_left(frame):
    scan = frame.scans[0]
    alone = np.zeros_like(scan.ranges)
    alone[:, fake.COLUMNS // 2] = scan.ranges[:, fake.COLUMNS // 2]
    alone[:, 280] = scan.ranges[:, 280]
    points, _ = frame_points(type(frame)(**{**vars(frame), "scans": (type(scan)(**{**vars(scan), "ranges": alone}),)}))
    ahead = points[np.abs(points[:, 1]) < 0.2]
    assert len(ahead) == len(points) // 2
    assert (points[points[:, 1] > 0.2][:, 1] > 5).all()


def test_rotation_is_yaw_after_pitch_after_roll():
    roll, pitch, yaw = np.radians([90.0, 0, 0]), np.radians([0.0, 90, 0]), np.radians([0.0, 0, 90])
    R = rotations(np.stack([roll, pitch, yaw, roll + yaw]))
    np.testing.assert_allclose(R[:3] @ [1, 2, 3], [[1, -3, 2], [3, 2, -1], [-2, 1, 3]], atol=1e-12)
    np.testing.assert_allclose(R[3], R[2] @ R[0], atol=1e-12)


@pytest.mark.parametrize(("kind", "depth"), [("camera-z", 10.5), ("compensated", 10.0), ("waymo-projection", 10.5)])
def test_depth_is_z_of_the_camera(frame, kind, depth):
    found = image_points(frame, kind=kind, camera_number=1)
    seen, wall = found.seen, np.abs(found.points[:, 0] - fake.WALL) < 1e-3
    assert len(seen) > 500
    # the camera looks 0.01 rad to the left
    assert np.abs(seen[wall, 2] - depth).max() < 0.08


def test_waymos_own_pixels_are_undistorted_to_where_the_points_project(frame):
    direct = image_points(frame, kind="camera-z", camera_number=1)
    theirs = image_points(frame, kind="waymo-projection", camera_number=1)
    both, one, other = np.intersect1d(direct.index, theirs.index, return_indices=True)
    assert len(both) > 500
    # whole pixels against exact ones
    assert np.abs(direct.seen[one, :2] - theirs.seen[other, :2]).max() < 1.2
    historical = image_points(frame, kind="vehicle-distance", camera_number=1)
    np.testing.assert_allclose(historical.seen[:, 2], np.linalg.norm(historical.points, axis=1))
    assert np.abs(historical.seen[:, 0] % 1).max() == 0


def test_truth_says_what_moves(drive: Path):
    (sequence,) = list_sequences(drive, SETTINGS).sequences
    source = sequence.frames[1].read()
    truth = source.truth
    assert truth is not None
    assert truth.category is not None
    assert source.image.shape == (*truth.depth.shape, 3) == (fake.HEIGHT, fake.WIDTH, 3)
    for value, depth, grey in ((0, 10.5, 60), (2, 6.5, 220), (1, 7.5, 220)):
        where = truth.category == value
        # labels, image and laser points fit each other once all are undistorted
        assert np.median(truth.depth[where & (truth.depth > 0)]) == pytest.approx(depth, abs=0.1)
        assert np.mean(np.abs(source.image[where].astype(float) - grey) < 40) > 0.98
        # lasers beside the camera also see the wall behind a car's edge
        assert np.mean(np.abs(truth.depth[where & (truth.depth > 0)] - depth) < 0.2) > 0.8
    assert set(np.unique(truth.semantics)) == {2, 13}
    assert not (truth.category == 255).any()
    np.testing.assert_allclose(source.T_camera_to_world, fake.poses(1)[1] @ fake.CAMERA @ fake.AXES)


def test_boxes_alone_say_what_moves_at_laser_points(drive: Path):
    settings = PrepareSettings(width=96, height=64, variant="boxes")
    truth = list_sequences(drive, settings).sequences[0].frames[0].read().truth
    assert ((truth.category == 255) == (truth.depth == 0)).all()
    assert np.allclose(truth.depth[truth.category == 2], 6.5, atol=0.1)
    assert truth.semantics is None


@pytest.mark.parametrize("variant", [None, "boxes"])
def test_without_boxes_nobody_knows_what_moves(variant: str | None, tmp_path: Path):
    pytest.importorskip("pyarrow")
    fake.write_parquet(tmp_path, frames=2)
    (tmp_path / "lidar_box" / f"{fake.SEGMENT}.parquet").unlink()
    source = list_sequences(tmp_path, replace(SETTINGS, variant=variant)).sequences[0].frames[1].read()
    assert source.notes == ("what moves is not known: the frame has no boxes (lidar_box)",)
    if variant == "boxes":
        assert source.truth.category is None
    else:
        assert set(np.unique(source.truth.category)) == {0, NO_CATEGORY}


def test_listing_reads_times_and_names_only(drive: Path, tmp_path: Path):
    (sequence,) = list_sequences(drive, SETTINGS).sequences
    assert sequence.name == f"training/segment-{fake.SEGMENT}/FRONT"
    assert [frame.name for frame in sequence.frames] == ["000000", "000001", "000002"]
    assert [frame.seconds for frame in sequence.frames] == pytest.approx([0, 0.1, 0.2])
    # a frame whose fields come in another order is read as a whole
    write_records(tmp_path / "b.tfrecord", [fake.field(20, 1.0) + fake.frame_record(2)])
    assert frame_time(tmp_path / "b.tfrecord", 0) == pytest.approx(fake.START_MICROS / 1e6 + 0.2)


def test_published_list_chooses_frames(drive: Path, tmp_path: Path):
    (tmp_path / "list.txt").write_text(f"val/segment-{fake.SEGMENT}/FRONT 2\nsegment-9_9_9_9_9/FRONT 0\n")
    settings = PrepareSettings(width=96, height=64, split=str(tmp_path / "list.txt"))
    (sequence,) = list_sequences(drive, settings).sequences
    assert [(frame.name, frame.target) for frame in sequence.frames] == [("000001", False), ("000002", True)]
    (sequence,) = list_sequences(drive, replace(settings, neighbours=False)).sequences
    assert [frame.name for frame in sequence.frames] == ["000002"]


def test_listed_frames_behind_the_end_are_left_out(drive: Path, tmp_path: Path):
    (tmp_path / "list.txt").write_text("".join(f"segment-{fake.SEGMENT} {frame}\n" for frame in (1, 3, 9)))
    settings = replace(SETTINGS, split=str(tmp_path / "list.txt"))
    made = prepare("waymo", drive, tmp_path / "clips", settings=settings, workers=0)
    assert [frame.stem for frame in made.clips[0].frames] == ["000000", "000001", "000002"]
    reason = "the list names it, but it is not there."
    assert [(skip.frame, skip.reason) for skip in made.skipped] == [("000003", reason), ("000009", reason)]


def test_tables_hold_the_same_frame(frame, tmp_path: Path):
    pytest.importorskip("pyarrow")
    fake.write_parquet(tmp_path / "validation", frames=2)
    root = tmp_path / "validation"
    times = segment_times(root, fake.SEGMENT, camera="FRONT")
    assert times == [fake.START_MICROS, fake.START_MICROS + 100_000]
    other = read_parquet(root, fake.SEGMENT, time=times[1], camera="FRONT")
    assert (other.jpeg, other.panoptic_png, other.panoptic_divisor) == (frame.jpeg, frame.panoptic_png, 1000)
    assert [box.speed for box in other.boxes] == pytest.approx([box.speed for box in frame.boxes])
    np.testing.assert_array_equal(other.boxes[0].size, frame.boxes[0].size)
    for kind in ("compensated", "waymo-projection"):
        ours, theirs = (image_points(one, kind=kind, camera_number=1) for one in (frame, other))
        np.testing.assert_allclose(ours.seen, theirs.seen, atol=1e-9)
    (sequence,) = list_sequences(tmp_path, SETTINGS).sequences
    assert sequence.name == f"validation/segment-{fake.SEGMENT}/FRONT"
    assert sequence.frames[1].read().truth.category is not None
    (root / "vehicle_pose" / f"{fake.SEGMENT}.parquet").write_bytes(b"no table")
    with pytest.raises(DataError, match="cannot be read"):
        sequence.frames[0].read()
    (root / "vehicle_pose" / f"{fake.SEGMENT}.parquet").unlink()
    with pytest.raises(DataError, match="download the component vehicle_pose"):
        sequence.frames[0].read()


def test_damaged_segment_is_prepared_as_far_as_it_goes(tmp_path: Path):
    file = fake.write_tfrecord(tmp_path / "data", frames=5)
    content = bytearray(file.read_bytes())
    content[len(content) * 3 // 10] ^= 1  # within the second frame
    file.write_bytes(content[:-10])
    made = prepare("waymo", tmp_path / "data", tmp_path / "clips", settings=SETTINGS, workers=0)
    assert [frame.stem for frame in made.clips[0].frames] == ["000000", "000002", "000003"]
    reasons = " ".join(skip.reason for skip in made.skipped)
    assert "record 4 is cut off" in reasons
    assert "damaged" in reasons
    clip = read_clip(tmp_path / "clips" / f"segment-{fake.SEGMENT}" / "FRONT")
    assert clip.frames[0].intrinsics == pytest.approx((90, 91, 46.75, 32.75))
    assert clip.read_truth(1).depth.shape == (fake.HEIGHT, fake.WIDTH)


def test_frames_without_lasers_are_kept_and_noted(tmp_path: Path):
    write_records(tmp_path / "a.tfrecord", [fake.frame_record(0, lasers=False)])
    (sequence,) = list_sequences(tmp_path, SETTINGS).sequences
    source = sequence.frames[0].read()
    assert source.truth is None
    assert "no laser scans" in source.notes[0]


def test_wrong_settings_and_records(tmp_path: Path):
    with pytest.raises(UsageError, match="FRONT_LEFT"):
        list_sequences(tmp_path, PrepareSettings(width=96, height=64, cameras=("front",)))
    with pytest.raises(UsageError, match="no variant 'z'"):
        list_sequences(tmp_path, PrepareSettings(width=96, height=64, variant="z"))
    with pytest.raises(DataError, match="lacks the image"):
        parse_frame(fake.frame_record(0), camera="SIDE_LEFT")
    with pytest.raises(DataError, match="16 finite"):
        matrix4(np.ones(12))
    broken = fake.frame_record(0).replace(
        fake.compressed(fake.range_channels(fake.fake_scans(0)[0].ranges))[:8], b"x" * 8
    )
    with pytest.raises(DataError, match="decompressed"):
        parse_frame(broken, camera="FRONT")


def test_real_frame(shared_data: Path):
    file = shared_data / "waymo_frame" / "pvps_data_one_frame.tfrecord"
    segment = shared_data / "waymo_tiny/val/segment-1024360143612057520_3580_000_3600_000/FRONT"
    frame = parse_frame(read_record(file, 0), camera="FRONT")
    assert len(frame.boxes) == 75
    assert frame.panoptic_divisor == 1000
    # the same frame as number 1 of the triplet that Dynamo-Depth's preparation made
    odometry = np.loadtxt(segment / "odometry.txt").reshape(-1, 4, 4)
    np.testing.assert_allclose(frame.T_vehicle_to_world, odometry[1])
    (sequence,) = list_sequences(file.parent, SETTINGS).sequences
    assert sequence.frames[0].seconds == 0
    theirs = cv2.imread(str(segment / "rgb/original/000001.jpg"))[..., ::-1].astype(float)
    source = sequence.frames[0].read()
    assert np.abs(theirs - source.image).mean() < 1.5  # JPEG twice
    assert (source.usable > 0).mean() > 0.999
    with np.load(segment / "mask/000001.npz") as stored:
        theirs, ours = stored["semantic"][..., 0], read_panoptic(frame)
    assert ours is not None
    assert (ours.classes == theirs).mean() > 0.98  # another release of the labels


def test_real_labels_boxes_and_laser_points_agree(shared_data: Path):
    frame = parse_frame(read_record(shared_data / "waymo_frame" / "pvps_data_one_frame.tfrecord", 0), camera="FRONT")
    # the record has no lasers, but Dynamo-Depth's preparation of the same frame has their points
    segment = shared_data / "waymo_tiny/val/segment-1024360143612057520_3580_000_3600_000/FRONT"
    seen = np.load(segment / "depth/000001.npy")
    rays = np.column_stack([seen[:, :2], np.ones(len(seen))]) @ np.linalg.inv(camera_matrix(frame.camera.numbers)).T
    points = move(rays * seen[:, 2:], np.linalg.inv(vehicle_to_camera(frame.camera.T_camera_to_vehicle)))
    label = read_panoptic(frame)
    assert label is not None
    straight = label.remapped(undistortion(frame.camera))
    dense = panoptic_categories(straight, seen=seen, points=points, boxes=frame.boxes)
    sparse = box_categories(seen=seen, points=points, boxes=frame.boxes, height=1280, width=1920)
    # two people walk across, a machine stands; a box also holds the ground at their feet
    for value in (MOVING_OBJECT, STATIC_OBJECT):
        at_points = (dense == value) & (sparse != NO_CATEGORY)
        assert np.count_nonzero(at_points) > 800
        assert np.mean(sparse[at_points] == value) > 0.65
    assert 0.01 < np.mean(dense == MOVING_OBJECT) < 0.05


def test_classes_of_cityscapes():
    assert len(CITYSCAPES_IDS) == 29
    assert CITYSCAPES_IDS[[2, 9, 19, 20, 25]].tolist() == [13, 11, 2, 0, 10]


def test_clips_know_their_truth_and_are_compared_under_its_protocol(tmp_path: Path):
    fake.write_tfrecord(tmp_path / "data", frames=3)
    for variant, protocol, right in ((None, "waymo", 10.5), ("vehicle-distance", "waymo-historical", 12.0)):
        settings = PrepareSettings(width=96, height=64, variant=variant)
        out = tmp_path / protocol
        prepare("waymo", tmp_path / "data", out, settings=settings, workers=0)
        truths = open_truth(out)
        flat = PredictionReader("flat", truths.names, lambda _: PredictedMap(np.full((64, 96), 7.0, np.float32)))
        result = evaluate_depth(flat, truths, get_protocol(protocol))
        assert set(result.categories) == {"all", "static background", "static objects", "moving objects"}
        assert result.ratio_median == pytest.approx(right / 7, rel=0.05)
        other = {"waymo": "waymo-historical", "waymo-historical": "waymo"}[protocol]
        with pytest.raises(UsageError, match="is not what the protocol"):
            evaluate_depth(flat, truths, get_protocol(other))
