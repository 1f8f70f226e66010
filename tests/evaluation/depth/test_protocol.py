from dataclasses import replace

import numpy as np
import pytest

from vection.errors import UsageError
from vection.evaluation.depth.kitti_submission import FARTHEST
from vection.evaluation.depth.protocol import GARG
from vection.evaluation.depth.protocols import (
    EIGEN_BENCHMARK,
    KITTI_2015,
    KITTI_EIGEN,
    KITTI_EIGEN_STEREO,
    NUSCENES,
    PROTOCOLS,
    WAYMO,
    get_protocol,
)


@pytest.mark.parametrize(
    ("size", "window"),
    [
        ((375, 1242), (153, 371, 44, 1197)),
        ((370, 1226), (151, 366, 44, 1181)),
        ((374, 1238), (152, 370, 44, 1193)),
        ((376, 1241), (153, 372, 44, 1196)),
        ((370, 1224), (151, 366, 43, 1180)),
    ],
)
def test_garg_crop_of_kitti_sizes(size, window):
    assert GARG.window(*size) == window


def test_evaluated_pixels():
    truth = np.zeros((375, 1242), np.float32)
    truth[200, 100:104] = [0.001, 79.99, 80.0, 5.0]
    truth[0, 0] = 5
    truth[370, 1196] = 5
    truth[371, 1196] = 5
    mask = KITTI_EIGEN.evaluated(truth)
    assert sorted(zip(*np.nonzero(mask), strict=True)) == [(200, 101), (200, 103), (370, 1196)]
    assert EIGEN_BENCHMARK.evaluated(truth).sum() == 7


def test_description_says_everything():
    text = KITTI_EIGEN.describe()
    for part in ("velodyne", "0.001", "80 m", "Garg crop", "median scaling per image", "inverse depth", "per image"):
        assert part in text
    assert "x5.4" in KITTI_EIGEN_STEREO.describe()
    assert "no scaling" in KITTI_EIGEN_STEREO.describe()
    assert "no cap" in KITTI_2015.describe()
    assert "\n" not in text


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.name)
def test_every_description_states_all_that_changes_a_number(protocol):
    text = protocol.describe()
    for part in (protocol.name, "ground truth", "crop", "cap" if protocol.truth_below is None else " m)", "scal"):
        assert part in text
    for part in ("clamp", "resized", "averaged per image", str(protocol.images or "")):
        assert part in text


def test_the_categories_of_dynamo_depth_are_averaged_over_pixels():
    assert WAYMO.averaging_of("all") == "per image"
    assert WAYMO.averaging_of("moving objects") == "per pixel"
    assert "categories per pixel" in WAYMO.describe()
    assert "lower medians" in NUSCENES.describe()
    assert KITTI_2015.averaging_of("moving") == "per image"


def test_rows_of_the_papers():
    # Monodepth2, Table 3: "All M results benefit from median scaling, while MS uses the unmodified network prediction."
    m, ms = get_protocol("make3d-c1"), get_protocol("make3d-c1-stereo")
    assert (m.scaling, ms.scaling) == ("median-per-image", "none")
    assert replace(ms, name=m.name, scaling=m.scaling, factor=m.factor) == m
    # Li et al. and SC-SfMLearner evaluate as Zhou et al., who resize depth.
    for name in ("kitti-eigen-depth", "cityscapes-depth", "waymo-li"):
        assert get_protocol(name).resize == "depth"
    # In the maintainers' program for Make3D, OpenCV takes the nearest pixel.
    assert "OpenCV's nearest pixel (the upper left one)" in m.describe()


def test_the_server_gets_what_a_submission_holds():
    server, one_scale = get_protocol("kitti-server"), get_protocol("kitti-server-one-scale")
    assert (server.clamp, server.max_depth) == (one_scale.clamp, one_scale.max_depth) == (True, FARTHEST)


def test_names_are_unique_and_found():
    assert len({protocol.name for protocol in PROTOCOLS}) == len(PROTOCOLS)
    assert get_protocol("kitti-2015") is KITTI_2015
    with pytest.raises(UsageError, match="kitti-eigen"):
        get_protocol("kitty")
    with pytest.raises(UsageError, match="did you mean nuscenes-day-clear"):
        get_protocol("nuscenes-clear-day")
