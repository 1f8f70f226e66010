from dataclasses import replace

import cv2
import numpy as np
import pytest

from vection.data.clips.folder import ClipInfo, FrameInfo, read_clip, write_clip
from vection.errors import DataError, UsageError
from vection.evaluation.depth.baselines import constant_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import KITTI_2015, KITTI_2015_SGDEPTH
from vection.evaluation.objects.protocol import MOTION_SEGMENTATION, MOTION_SEGMENTATION_WAYMO
from vection.evaluation.objects.result import evaluate_object_maps
from vection.evaluation.predictions.kinds import PredictedObjects
from vection.evaluation.predictions.read import read_depth_folder
from vection.evaluation.truth.open import open_truth
from vection.evaluation.truth.truth_set import clip_truth, exported_truth, kitti_2015_truth, png_truth


def make_clip(folder, *, truth: bool = True):
    frames = tuple(FrameInfo(f"frames/{index:06d}.jpg", 0.1 * index, (5.0, 5.0, 2.0, 1.0)) for index in range(2))
    info = ClipInfo(folder, folder.name, 5, 3, "metres", "made up", frames, truth="truth" if truth else None)
    write_clip(info)
    if truth:
        (folder / "truth").mkdir()
        depth = np.full((3, 5), 7, np.float32)
        category = np.array([[255] * 5, [0] * 5, [0, 0, 1, 1, 2]], np.uint8)
        for frame in frames:
            np.savez(folder / "truth" / f"{frame.stem}.npz", depth=depth, category=category)


def test_one_clip(tmp_path):
    make_clip(tmp_path / "street")
    truths = clip_truth(tmp_path / "street")
    assert truths.names == ("000000", "000001")
    truth = truths.read("000001")
    assert truth.group == "street"
    assert truth.image == tmp_path / "street" / "frames" / "000001.jpg"
    counts = {name: int(where.sum()) for name, where in truth.categories.items()}
    assert counts == {"static background": 7, "static objects": 2, "moving objects": 1}


def test_motion_and_classes_of_a_clip(tmp_path):
    make_clip(tmp_path / "street")
    semantics = np.array([[10, 10, 10, 255, 255], [0] * 5, [0, 0, 13, 13, 13]], np.uint8)
    flow = np.zeros((3, 3, 5), np.float16)
    flow[2, 2, 4] = 1.5
    path = tmp_path / "street" / "truth" / "000000.npz"
    with np.load(path) as arrays:
        known = dict(arrays)
    np.savez(path, **known, semantics=semantics, object_flow=flow)
    truths = clip_truth(tmp_path / "street")
    truth = truths.read("000000")
    assert truth.object_flow.shape == (3, 5, 3)
    assert truth.object_flow[2, 4].tolist() == [0, 0, 1.5]
    np.testing.assert_array_equal(truth.classes, semantics)
    assert np.argwhere(truth.moving).tolist() == [[2, 4]]
    # The sky does not move; of the bonnet nothing is asked.
    assert np.argwhere(truth.ignored).tolist() == [[0, 3], [0, 4]]
    bare = truths.read("000001")
    assert bare.object_flow is None
    assert bare.classes is None
    assert np.count_nonzero(bare.ignored) == 5


def test_root_of_clips_leaves_out_those_without_truth(tmp_path):
    make_clip(tmp_path / "a")
    make_clip(tmp_path / "b", truth=False)
    make_clip(tmp_path / "c")
    assert clip_truth(tmp_path).names == ("a/000000", "a/000001", "c/000000", "c/000001")
    with pytest.raises(DataError, match="holds ground truth"):
        clip_truth(tmp_path / "b")


def test_lost_scans_and_neighbours_of_listed_frames_have_no_truth(tmp_path):
    make_clip(tmp_path / "a")
    (tmp_path / "a/truth/000001.npz").unlink()
    assert clip_truth(tmp_path / "a").names == ("000000",)
    make_clip(tmp_path / "b")
    write_clip(replace(read_clip(tmp_path / "b"), targets=(1,)))
    assert clip_truth(tmp_path / "b").names == ("000001",)


def make_kitti_2015(root):
    training = root / "training"
    for folder in ("disp_occ_0", "obj_map"):
        (training / folder).mkdir(parents=True)
    (root / "calib").mkdir()
    (root / "calib" / "calib_cam_to_cam.txt").write_text(
        "P_rect_02: 700 0 600 45 0 700 170 0 0 0 1 0\nP_rect_03: 700 0 600 -305 0 700 170 0 0 0 1 0\n"
    )
    (root / "raw_drive_and_frame.txt").write_text("000003 2011_09_26 drive_a 0000000001\n")
    disparity = np.array([[0, 256 * 10, 256 * 35]], np.uint16)
    cv2.imwrite(str(training / "disp_occ_0" / "000003_10.png"), disparity)
    cv2.imwrite(str(training / "obj_map" / "000003_10.png"), np.array([[0, 0, 3]], np.uint8))


def test_kitti_2015_depth_is_focal_times_baseline_over_disparity(tmp_path):
    make_kitti_2015(tmp_path)
    (truth,) = kitti_2015_truth(tmp_path)
    np.testing.assert_allclose(truth.depth, [[0, 35, 10]])  # 700 px * 0.5 m
    np.testing.assert_array_equal(truth.categories["moving"], [[False, False, True]])
    assert (truth.name, truth.group) == ("000003_10", "drive_a")
    assert open_truth(tmp_path).source == KITTI_2015.ground_truth


def test_the_truth_of_sgdepth_has_a_nominal_baseline(tmp_path):
    make_kitti_2015(tmp_path)
    truths = open_truth(tmp_path, source=KITTI_2015_SGDEPTH.ground_truth)
    np.testing.assert_allclose(truths.read("000003_10").depth, [[0, 37.8, 10.8]], rtol=1e-6)  # 700 px * 0.54 m
    assert truths.source == KITTI_2015_SGDEPTH.ground_truth
    with pytest.raises(UsageError, match="is not what the protocol 'kitti-2015' compares with"):
        evaluate_depth(constant_predictions(truths), truths, KITTI_2015)


def test_kitti_2015_prefers_the_calibration_of_the_image(tmp_path):
    make_kitti_2015(tmp_path)
    own = tmp_path / "training" / "calib_cam_to_cam"
    own.mkdir()
    (own / "000003.txt").write_text(
        "P_rect_02: 700 0 600 45 0 700 170 0 0 0 1 0\nP_rect_03: 700 0 600 -655 0 700 170 0 0 0 1 0\n"
    )
    np.testing.assert_allclose(kitti_2015_truth(tmp_path).read("000003_10").depth, [[0, 70, 20]])


def test_missing_layouts_say_where_they_looked(tmp_path):
    with pytest.raises(UsageError, match="training/disp_occ_0"):
        kitti_2015_truth(tmp_path)
    with pytest.raises(UsageError, match="no ground truth of a known form"):
        png_truth(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        exported_truth(tmp_path / "gt.npz")


def test_png_folder(tmp_path):
    (tmp_path / "drive").mkdir()
    cv2.imwrite(str(tmp_path / "drive" / "0000000005.png"), np.array([[0, 2560]], np.uint16))
    (truth,) = png_truth(tmp_path)
    assert (truth.name, truth.group) == ("drive/0000000005", "drive")
    np.testing.assert_array_equal(truth.depth, [[0, 10]])
    cv2.imwrite(str(tmp_path / "drive" / "0000000006.png"), np.array([[0, 255]], np.uint8))
    with pytest.raises(DataError, match="16-bit"):
        list(png_truth(tmp_path))


def test_suffixes_in_upper_case_and_hidden_files(tmp_path):
    for name, depth in (("a.PNG", 10), ("b.png", 20)):
        assert cv2.imwrite(str(tmp_path / name), np.full((1, 2), 256 * depth, np.uint16))
        (tmp_path / f"._{name}").write_bytes(b"of a Mac")
    assert [(truth.name, truth.depth[0, 0]) for truth in png_truth(tmp_path)] == [("a", 10), ("b", 20)]
    reader = read_depth_folder(tmp_path)
    assert {name: reader.read(name).values[0, 0] for name in reader.names} == {"a": 10, "b": 20}


def test_pickled_ground_truth_is_refused(tmp_path):
    maps = np.empty(2, object)
    maps[:] = [np.ones((2, 3), np.float32), np.ones((2, 4), np.float32)]
    np.savez(tmp_path / "gt_depths.npz", data=maps)
    with pytest.raises(DataError, match=r"pickled objects.*export it again"):
        list(exported_truth(tmp_path / "gt_depths.npz"))


def test_text_file_named_npz_is_refused(tmp_path):
    (tmp_path / "gt.npz").write_text("not an archive")
    with pytest.raises(DataError, match=r"no.* zip file"):
        exported_truth(tmp_path / "gt.npz")


def test_unknown_name(tmp_path):
    make_clip(tmp_path / "street")
    with pytest.raises(UsageError, match="no ground truth of '9'"):
        clip_truth(tmp_path / "street").select(["9"])


def numbered(folder, *, seconds, ingest):
    """A clip of two frames, and a reader of predictions of frames that have other times."""
    make_clip(folder)
    info = read_clip(folder)
    frames = tuple(replace(frame, seconds=time) for frame, time in zip(info.frames, seconds, strict=True))
    write_clip(replace(info, frames=frames, ingest=ingest))
    return clip_truth(folder)


@pytest.mark.parametrize("evaluate", [evaluate_depth, evaluate_object_maps])
def test_names_of_other_frames_are_refused(tmp_path, evaluate):
    """A clip of every third frame numbers them 0, 1; so does a prediction of all frames."""
    truths = numbered(tmp_path / "clip", seconds=(0.0, 0.3), ingest={"stride": 3})
    protocol = KITTI_2015 if evaluate is evaluate_depth else MOTION_SEGMENTATION
    predictions = constant_predictions(truths)
    with pytest.raises(DataError, match=r"1 differ, '000001' is 0.1 s here and 0.3 s there.*predict the clip folder"):
        evaluate(replace(predictions, seconds={"000000": 0.0, "000001": 0.1}), truths, protocol)


def test_times_that_tell_nothing_change_nothing(tmp_path):
    ingested = numbered(tmp_path / "a", seconds=(0.0, 0.3), ingest={"stride": 3})
    prepared = numbered(tmp_path / "b", seconds=(7.0, 7.3), ingest={"source_size": [5, 3]})
    for truths, seconds in ((ingested, {"000000": 0.0, "000001": 0.31}), (ingested, {}), (prepared, {"000001": 0.1})):
        predictions = replace(constant_predictions(truths), seconds=seconds)
        assert evaluate_depth(predictions, truths, KITTI_2015).images == 2


def test_each_of_several_sources_must_be_the_protocols(tmp_path):
    for name, source in (("a", "kitti-2015-disparity"), ("b", "kitti-velodyne-x"), ("c", None)):
        make_clip(tmp_path / name)
        write_clip(replace(read_clip(tmp_path / name), truth_source=source))
    truths = clip_truth(tmp_path)
    with pytest.raises(UsageError, match=r"stereo disparity.*; velodyne projected.*clips of each source by themselves"):
        evaluate_depth(constant_predictions(truths), truths, KITTI_2015)
    fitting = truths.select([name for name in truths.names if not name.startswith("b")])
    assert evaluate_depth(constant_predictions(fitting), fitting, KITTI_2015).images == 4


def test_first_frames_of_clips_are_known(tmp_path):
    make_clip(tmp_path / "a")
    make_clip(tmp_path / "b")
    write_clip(replace(read_clip(tmp_path / "b"), breaks=(1,)))
    truths = clip_truth(tmp_path)
    assert truths.first == {"a/000000", "b/000000", "b/000001"}
    mask = PredictedObjects(motion_mask=np.ones((3, 5), np.float32))
    masks = replace(constant_predictions(truths), read_objects=lambda _: mask)
    assert list(evaluate_object_maps(masks, truths, MOTION_SEGMENTATION_WAYMO).images) == ["a/000001"]
