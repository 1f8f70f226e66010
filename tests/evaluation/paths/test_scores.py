import io
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from tests.evaluation.paths.test_trajectory import rotation, scaled, winding_path

from vection.errors import UsageError
from vection.evaluation.paths.protocol import (
    DYNAMO_SNIPPETS,
    KITTI_ODOMETRY,
    MONODEPTH2_SNIPPETS,
    ODOMETRY,
    ODOMETRY_PROTOCOLS,
    SC_SFMLEARNER,
    get_odometry_protocol,
)
from vection.evaluation.paths.scores import paths_json, score_path, segments_csv
from vection.evaluation.paths.tables import paths_tables
from vection.formats.camera_path import CameraPath

TRUE = CameraPath("true", winding_path(150))
PREDICTED = CameraPath("predicted", scaled(winding_path(150), 0.1))
KITTI_100M = replace(ODOMETRY, alignments=("none",), snippets=())


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
    # What the paths are read from says it where the name does not.
    for place in ("clips/09", "clips/09/image_2", "poses/09.txt", "clips/09 (up-to-scale)"):
        for predicted, true in (
            (PREDICTED, replace(TRUE, description=place)),
            (replace(PREDICTED, description=place), TRUE),
        ):
            result = score_path(predicted, true, SC_SFMLEARNER, name="truth")
            assert (result.frames, result.left_out) == (141, 9)
    assert score_path(PREDICTED, replace(TRUE, description="poses/09.txt"), SC_SFMLEARNER, name="07").left_out == 0
    for place in ("truth.txt", "seq09.txt", "2011_09_26/drive", "09/a/b/c.txt"):
        with pytest.raises(UsageError, match="Nothing says which sequence"):
            score_path(PREDICTED, replace(TRUE, description=place), SC_SFMLEARNER)
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


def test_snippets_are_pooled_over_sequences():
    """Every snippet has the same weight, so the longer sequence weighs more."""
    noisy = TRUE.poses.copy()
    noisy[::2, 0, 3] += 0.1
    seconds = np.arange(150) / 10
    wrong = score_path(CameraPath("p", noisy), replace(TRUE, seconds=seconds), DYNAMO_SNIPPETS, name="a")
    short = CameraPath("t", TRUE.poses[:50], seconds=seconds[:50])
    right = score_path(CameraPath("p", TRUE.poses[:50]), short, DYNAMO_SNIPPETS, name="b")
    content = paths_json([wrong, right], DYNAMO_SNIPPETS, truth="t")
    five, hundred = content["all_snippets"]
    errors = np.concatenate([wrong.snippets[0].errors.translation, right.snippets[0].errors.translation])
    assert (five["snippets"], hundred["snippets"]) == (146 + 46, 51)
    assert five["ate"] == pytest.approx(errors.mean())
    assert five["std"] == pytest.approx(errors.std())
    assert five["ate"] == pytest.approx(wrong.snippets[0].ate * 146 / 192)
    lengths = np.linalg.norm(np.diff(TRUE.poses[:, :3, 3], axis=0), axis=1) * 10
    assert content["speed"]["mean"] == pytest.approx(np.concatenate([lengths, lengths[:49]]).mean())
    [table] = paths_tables([wrong, right], DYNAMO_SNIPPETS, truth="t")
    assert "m/s over all steps" in table.caption
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table)
    assert "all 2 sequences" in console.export_text()
    assert paths_json([score_path(PREDICTED, TRUE, DYNAMO_SNIPPETS)], DYNAMO_SNIPPETS, truth="t")["speed"] is None


def test_neither_snippets_nor_steps_go_across_missing_frames():
    """The prediction turns and grows too much, alike in all steps; 60 frames are missing in the middle."""
    true, wrong = (np.tile(np.eye(4), (150, 1, 1)) for _ in range(2))
    true[:, 2, 3] = np.arange(150)
    for number in range(1, 150):
        step = np.eye(4)
        step[:3, :3], step[2, 3] = rotation((0, 1, 0), 0.002), 1.5
        wrong[number] = wrong[number - 1] @ step
    kept = np.r_[0:50, 110:150]
    truth = CameraPath("t", true)
    whole, parts = (
        score_path(CameraPath("p", wrong[numbers], numbers=numbers), truth, replace(ODOMETRY, alignments=("none",)))
        for numbers in (np.arange(150), kept)
    )
    assert parts.snippets[0].ate == pytest.approx(whole.snippets[0].ate)
    assert [(one.frames, one.snippets, one.across_gaps) for one in parts.snippets] == [(5, 46 + 36, 4)]
    assert parts.aligned[0].rpe_translation == pytest.approx(whole.aligned[0].rpe_translation)
    assert parts.aligned[0].rpe_rotation == pytest.approx(whole.aligned[0].rpe_rotation)
    assert (whole.gaps, parts.gaps, parts.to_json()["gaps"]) == (0, 1, 1)
    # Poses that the truth lacks are missing as well, but every second frame is what there is.
    lacking = CameraPath("t", true[kept], numbers=kept)
    assert score_path(CameraPath("p", wrong, numbers=np.arange(150)), lacking, ODOMETRY).gaps == 1
    assert score_path(CameraPath("p", wrong[::2], numbers=np.arange(0, 150, 2)), truth, ODOMETRY).gaps == 0
    console = Console(width=200, record=True, file=io.StringIO())
    for table in paths_tables([parts], replace(ODOMETRY, alignments=("none",)), truth="t"):
        console.print(table)
    text = " ".join(console.export_text().split())
    for part in ("90 (gaps: 1)", "82 (4 across gaps left out)", "frames are missing in 1 places"):
        assert part in text


def test_segments_begin_at_numbers_of_frames():
    numbers = np.arange(150) + 1000
    result = score_path(replace(PREDICTED, numbers=numbers), replace(TRUE, numbers=numbers), KITTI_ODOMETRY, name="a")
    assert segments_csv([result]).splitlines()[1].startswith("a,none,1000,100.0,")


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
    assert DYNAMO_SNIPPETS.describe().endswith("the path of the vehicle, here it is the camera's")
    with pytest.raises(UsageError, match="kitti-odometry"):
        get_odometry_protocol("kitty")


def test_a_single_segment_has_no_interval():
    straight = np.tile(np.eye(4), (102, 1, 1))
    straight[:, 2, 3] = np.arange(102)
    (one,) = score_path(CameraPath("p", straight), CameraPath("t", straight), KITTI_100M).aligned
    assert len(one.segments.length) == 1
    assert all(math.isnan(end) for end in one.t_err_interval)
