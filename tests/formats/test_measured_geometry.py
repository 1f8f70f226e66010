import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vection.errors import DataError, UsageError
from vection.formats.measured_geometry import (
    FOLDER,
    MeasuredFrame,
    MeasuredList,
    MeasuredPair,
    is_measured,
    read_measured,
    rows_of,
    write_map,
    write_measured_list,
)

PAIR = MeasuredPair(
    0, 1, rotation=rows_of(np.eye(3)), direction=(0.0, 0.0, -1.0), tracks=200, inliers=150, baseline=1.0
)
LISTED = MeasuredList(
    width=6,
    height=4,
    measured_width=12,
    measured_height=8,
    source="test",
    settings={"parallax": 1.0},
    pairs=(PAIR, MeasuredPair(1, 2, reason="cut")),
    frames=(MeasuredFrame("a", share=0.5, scale=2.0), MeasuredFrame("b"), MeasuredFrame("c", segment=1)),
)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    depth = np.zeros((4, 6), np.float32)
    depth[:2] = 3.0
    write_map(tmp_path / FOLDER, "a", depth=depth, weight=np.where(depth > 0, np.float32(0.5), np.float32(0)))
    write_measured_list(tmp_path / FOLDER, LISTED)
    return tmp_path


def test_what_is_written_is_read(clip):
    measured = read_measured(clip)
    assert is_measured(clip)
    assert measured.listed == LISTED
    assert measured.pair(0, 1) == PAIR
    assert measured.pair(0, 2) is None
    assert measured.pair(1, 2).reason == "cut"
    depth = measured.read_depth(0)
    assert depth.depth[:2] == pytest.approx(6.0)
    assert not depth.depth[2:].any()
    assert depth.weight[:2] == pytest.approx(0.5, abs=0.003)
    assert measured.has_depth(0)


def test_what_moves_is_optional(clip):
    assert read_measured(clip).read_depth(0).moving is None  # written without it, as by an older vection
    moving = np.zeros((4, 6), bool)
    moving[3] = True
    write_map(clip / FOLDER, "a", depth=np.ones((4, 6), np.float32), weight=np.ones((4, 6), np.float32), moving=moving)
    assert np.array_equal(read_measured(clip).read_depth(0).moving, moving)


def test_a_frame_without_depth_has_an_empty_map(clip):
    depth = read_measured(clip).read_depth(1)
    assert depth.depth.shape == (4, 6)
    assert not depth.known.any()


def test_a_clip_that_is_not_measured(tmp_path):
    assert not is_measured(tmp_path)
    with pytest.raises(UsageError, match=r"is not measured: .*measured\.json does not exist"):
        read_measured(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 1000}, r"measured\.json was written by a newer vection"),
        ({"width": 0}, r"measured\.json is not valid at 'width'"),
        ({"pairs": [{"first": 0, "second": 7}]}, "has a pair of frames 0 and 7 of 3"),
        ({"pairs": [{"first": 0, "second": 1, "reason": "dull"}]}, r"is not valid at 'pairs\.0\.reason'"),
    ],
)
def test_a_wrong_list_is_refused(clip, change, said):
    path = clip / FOLDER / "measured.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=said):
        read_measured(clip)


def test_half_a_list_is_refused(clip):
    path = clip / FOLDER / "measured.json"
    path.write_text(path.read_text()[:50])
    with pytest.raises(DataError, match=r"is not valid JSON .*remove the folder and measure the clip again"):
        read_measured(clip)


def break_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60:70] = bytes(10)
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [Path.unlink, break_off, spoil, lambda path: path.write_bytes(b"")])
def test_a_broken_map_is_refused(clip, damage):
    damage(clip / FOLDER / "a.npz")
    with pytest.raises(DataError, match=r"The measured depth .*a\.npz is missing or broken .*measure the clip again"):
        read_measured(clip).read_depth(0)


def test_a_map_of_another_size_is_refused(clip):
    write_measured_list(clip / FOLDER, replace(LISTED, width=8))
    with pytest.raises(DataError, match=r"a\.npz is 6x4 but measured\.json says 8x4"):
        read_measured(clip).read_depth(0)


def test_numbers_that_are_no_depth_are_refused(clip):
    nonsense = np.full((4, 6), -1, np.float32)
    write_map(clip / FOLDER, "a", depth=nonsense, weight=np.abs(nonsense))
    with pytest.raises(DataError, match="holds numbers that are no depth"):
        read_measured(clip).read_depth(0)
