from pathlib import Path

import numpy as np
import pytest
from tests.data.readers.test_dynamo_layout import write_nuscenes, write_waymo

from vection.errors import DataError
from vection.evaluation.depth.baselines import constant_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import get_protocol
from vection.evaluation.truth.dynamo_layout import dynamo_truth
from vection.evaluation.truth.open import open_truth


def test_frames_with_laser_points_are_evaluated_by_category(tmp_path: Path):
    folder = write_nuscenes(tmp_path, frames=3)
    (folder / "depth/000001.npy").unlink()
    truths = open_truth(tmp_path)
    assert truths.names == ("scenes/scene-0001/FRONT/000000", "scenes/scene-0001/FRONT/000002")
    first = truths.read(truths.names[0])
    assert np.argwhere(first.moving).tolist() == [[30, 40]]
    assert np.argwhere(first.categories["static objects"]).tolist() == [[20, 10]]
    assert first.ignored.sum() == first.depth.size - 2
    assert truths.read(truths.names[1]).categories == {}
    result = evaluate_depth(constant_predictions(truths), truths, get_protocol("nuscenes"))
    assert {name: one.pixels for name, one in result.categories.items()} == {
        "all": 6, "static objects": 1, "moving objects": 1,
    }  # fmt: skip


def test_background_of_waymo_is_known(tmp_path: Path):
    write_waymo(tmp_path)
    truth = dynamo_truth(tmp_path).read("val/segment-1/FRONT/000001")
    assert truth.categories["static background"][20, 10]
    assert not truth.moving.any()
    assert truth.ignored[20, 60]


def test_a_table_says_that_the_depth_of_waymo_is_not_known(tmp_path: Path):
    """Two protocols take it, and each names a truth of its own."""
    write_waymo(tmp_path / "waymo")
    write_nuscenes(tmp_path / "nuscenes")
    for name, protocol in (("waymo", "waymo"), ("waymo", "waymo-historical"), ("nuscenes", "nuscenes")):
        truths = open_truth(tmp_path / name)
        said = evaluate_depth(constant_predictions(truths), truths, get_protocol(protocol)).truth
        for part in ("vehicle if it was prepared before January 2025", "does not state where its depth comes from"):
            assert (part in said) == (name == "waymo")


def test_nothing_to_evaluate(tmp_path: Path):
    folder = write_nuscenes(tmp_path)
    for file in (folder / "depth").iterdir():
        file.unlink()
    with pytest.raises(DataError, match="nothing can be evaluated"):
        dynamo_truth(tmp_path)


@pytest.mark.parametrize(("name", "images", "points"), [("waymo", 3, 20_000), ("nuscenes", 1, 3_300)])
def test_real_triplets_under_their_protocols(shared_data: Path, name: str, images: int, points: int):
    truths = open_truth(shared_data / f"{name}_tiny")
    assert len(truths) == images
    result = evaluate_depth(constant_predictions(truths), truths, get_protocol(name))
    assert result.categories["all"].pixels > points * images
    truth = truths.read(truths.names[0])
    assert 0 < truth.depth[truth.depth > 0].min() < truth.depth.max() < 90
