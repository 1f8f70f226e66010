import json
from pathlib import Path

import pytest

from vection.errors import DataError, UsageError
from vection.formats.prediction_folder import (
    LIST_FILE,
    PredictedFrame,
    PredictionList,
    file_of,
    find_prediction_folders,
    is_prediction_folder,
    read_prediction_list,
    write_prediction_list,
)

PREDICTIONS = PredictionList(
    unit="metres",
    frames=(
        PredictedFrame("0", file_of("depth", "0"), motion_mask=file_of("motion_mask", "0")),
        PredictedFrame("1", file_of("depth", "1"), seconds=0.1, intrinsics=(1.0, 2.0, 3.0, 4.0)),
    ),
    scale_source="known",
    model="m",
    width=8,
    height=4,
)


def test_the_list_reads_back_equal_and_leaves_out_what_is_not_predicted(tmp_path: Path):
    write_prediction_list(tmp_path, PREDICTIONS)
    assert read_prediction_list(tmp_path) == PREDICTIONS
    first, second = json.loads((tmp_path / LIST_FILE).read_text())["frames"]
    assert first == {
        "name": "0",
        "file": "depth/0.npy",
        "seconds": 0.0,
        "intrinsics": None,
        "motion_mask": "motion_mask/0.png",
    }
    assert set(second) == {"name", "file", "seconds", "intrinsics"}


def test_folders_are_told_by_their_list(tmp_path: Path):
    assert not is_prediction_folder(tmp_path)
    assert find_prediction_folders(tmp_path) == []
    for name in ("a", "b/c"):
        write_prediction_list(tmp_path / name, PREDICTIONS)
    assert set(find_prediction_folders(tmp_path)) == {tmp_path / "a", tmp_path / "b" / "c"}
    assert find_prediction_folders(tmp_path / "a") == [tmp_path / "a"]


@pytest.mark.parametrize(
    ("change", "place"),
    [({"unit": None}, "'unit'"), ({"frames": [{"file": "0"}]}, r"'frames\.0\.name'"), ({"frames": 3}, "'frames'")],
)
def test_wrong_content_names_the_place(tmp_path: Path, change: dict[str, object], place: str):
    write_prediction_list(tmp_path, PREDICTIONS)
    content = json.loads((tmp_path / LIST_FILE).read_text())
    (tmp_path / LIST_FILE).write_text(json.dumps(content | change))
    with pytest.raises(DataError, match=place):
        read_prediction_list(tmp_path)


def test_no_list(tmp_path: Path):
    with pytest.raises(UsageError, match="predict again"):
        read_prediction_list(tmp_path)
