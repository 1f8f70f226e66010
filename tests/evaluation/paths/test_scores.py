import io
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from tests.evaluation.paths.test_trajectory import scaled, winding_path

from vection.errors import UsageError
from vection.evaluation.paths.protocol import (
    KITTI_ODOMETRY,
    MONODEPTH2_SNIPPETS,
    ODOMETRY,
    ODOMETRY_PROTOCOLS,
    SC_SFMLEARNER,
    get_odometry_protocol,
)
from vection.evaluation.paths.scores import paths_json, paths_tables, score_path, segments_csv
from vection.formats.camera_path import CameraPath

TRUE = CameraPath("true", winding_path(150))
PREDICTED = CameraPath("predicted", scaled(winding_path(150), 0.1))


def test_a_scaled_path_is_perfect_with_one_scale_and_with_many():
    result = score_path(PREDICTED, TRUE, ODOMETRY, name="09")
    by_name = {one.alignment: one for one in result.aligned}
    assert list(by_name) == ["scale", "7dof", "per-frame"]
    assert by_name["scale"].scale == pytest.approx(10)
    assert math.isnan(by_name["per-frame"].scale)
    for one in result.aligned:
        assert one.ate == pytest.approx(0, abs=1e-6)
        assert one.t_err == pytest.approx(0, abs=1e-6)
    assert [(one.frames, one.snippets) for one in result.snippets] == [(5, 146), (100, 51)]
    assert result.snippets[0].ate == pytest.approx(0, abs=1e-9)
    assert result.length == pytest.approx(np.linalg.norm(np.diff(TRUE.poses[:, :3, 3], axis=0), axis=1).sum())


def test_drift_of_scale_shows_with_one_scale_only():
    poses = winding_path(150)
    poses[:, :3, 3] *= np.linspace(0.05, 0.1, 150)[:, None]
    one, _, many = score_path(CameraPath("p", poses), TRUE, ODOMETRY).aligned
    assert one.t_err > 5
    low, high = one.t_err_interval
    assert low < one.t_err < high
    assert many.t_err < 0.5 * one.t_err


def test_the_papers_leave_the_first_frames_of_named_sequences_out():
    assert score_path(PREDICTED, TRUE, SC_SFMLEARNER, name="09").frames == 141
    assert score_path(PREDICTED, TRUE, SC_SFMLEARNER, name="10/image_2").frames == 120
    assert score_path(PREDICTED, TRUE, SC_SFMLEARNER, name="07").frames == 150
    with pytest.raises(UsageError, match="fewer than two"):
        score_path(PREDICTED, TRUE, replace(SC_SFMLEARNER, left_out={"07": 149}), name="07")


def test_snippets_as_monodepth2_counts_them():
    result = score_path(PREDICTED, TRUE, MONODEPTH2_SNIPPETS)
    assert result.aligned == ()
    assert [one.snippets for one in result.snippets] == [149]
    short = score_path(CameraPath("p", TRUE.poses[:3]), CameraPath("t", TRUE.poses[:3]), ODOMETRY)
    assert short.snippets == ()
    assert math.isnan(short.aligned[0].t_err)
    assert short.to_json()["alignments"][0]["t_err"] is None


def test_json_csv_and_table():
    scores = [score_path(PREDICTED, TRUE, KITTI_ODOMETRY, name=name) for name in ("09", "10")]
    content = paths_json(scores, KITTI_ODOMETRY, truth="poses")
    assert [one["name"] for one in content["sequences"]] == ["09", "10"]
    assert content["mean"]["scale"]["ate"] == pytest.approx(0, abs=1e-6)
    first = content["sequences"][0]["alignments"][0]
    assert first["alignment"] == "none"
    assert first["t_err"] == pytest.approx(90, abs=20)  # segments of this path end up to 20 % beyond their length
    lines = segments_csv(scores).splitlines()
    assert lines[0].startswith("sequence,alignment,first_frame")
    assert len(lines) == 1 + 2 * 5 * first["segments"]
    console = Console(width=200, record=True, file=io.StringIO())
    for table in paths_tables(scores, KITTI_ODOMETRY, truth="poses"):
        console.print(table)
    text = " ".join(console.export_text().split())
    for part in ("scale_7dof", "least squares", "every tenth frame", "read from poses", "95 %"):
        assert part in text


def test_protocols_have_names():
    assert len({one.name for one in ODOMETRY_PROTOCOLS}) == len(ODOMETRY_PROTOCOLS)
    assert get_odometry_protocol("sc-sfmlearner") is SC_SFMLEARNER
    assert "9 of 09, 30 of 10" in SC_SFMLEARNER.describe()
    assert "uninverted" in MONODEPTH2_SNIPPETS.describe()
    with pytest.raises(UsageError, match="kitti-odometry"):
        get_odometry_protocol("kitty")
