import numpy as np
import pytest
import torch
from tests.methods import test_sgdepth as sgdepth
from tests.methods.test_motion_field import make_batch, make_method
from torch import Tensor

from vection.methods.method import Progress
from vection.networks.motion.motion_field import PredictedMotion
from vection.training.health.findings import remarks
from vection.training.health.statistics import look
from vection.training.true_depth import true_abs_rel
from vection.training.validation import validate


class Away(torch.nn.Module):
    """Stands in for a motion network that takes everything behind the camera."""

    def forward(self, first: Tensor, second: Tensor) -> PredictedMotion:
        rows, _, height, width = first.shape
        motion = torch.tensor([[0.0, 0.0, -1000.0]]).expand(rows, 3)
        return PredictedMotion(0 * motion, motion, torch.zeros(rows, 3, height, width), torch.zeros(rows, 8, 1, 1))


def test_true_depth_of_the_frames_is_compared_where_it_is_known(monkeypatch: pytest.MonkeyPatch):
    method, batch = make_method(), make_batch()
    assert "abs_rel" not in validate(method, method, [batch], progress=Progress()).statistics
    monkeypatch.setattr(method, "predict_depth", lambda image: 3 + image[:, :1])
    right = 7 * (3 + batch.target[:, 0].numpy())  # in another unit
    wrong = right * np.where(np.arange(right.shape[1])[:, None] < right.shape[1] // 2, 2, 1).astype(np.float32)
    error = true_abs_rel(3 + batch.target[1, 0], wrong[1])
    assert error is not None
    assert error > 0.2
    for truths, expected in (((right[0], wrong[1]), error / 2), ((None, wrong[1]), error), ((right[0], None), 0)):
        said = validate(method, method, [batch], progress=Progress(), true_depth=truths.__getitem__)
        assert said.statistics["abs_rel"] == pytest.approx(expected, abs=1e-6)


def test_sparse_true_depth_of_another_size():
    depth = torch.full((4, 8), 0.5)
    truth = np.zeros((8, 16), np.float32)
    truth[3, 3:6] = 10, 10, 20
    assert true_abs_rel(depth, truth) == pytest.approx(0.5 / 3)
    assert true_abs_rel(depth, np.full((8, 16), 90, np.float32)) is None  # beyond 80 m
    assert true_abs_rel(depth * np.nan, truth) == float("inf")


def test_a_motion_that_leaves_nothing_to_compare_is_remarked():
    method, batch = make_method(), make_batch()
    learning = validate(method, method, [batch], progress=Progress())
    assert 0.05 < learning.statistics["share_visible"] < 1
    assert not [remark for remark in remarks(learning.statistics) if "other frame" in remark]
    method.motion_network = Away()  # type: ignore[assignment]
    lost = validate(method, method, [batch], progress=Progress())
    assert lost.statistics["share_visible"] == lost.terms["colour"] == lost.terms["ssim"] == 0
    assert "Only 0% of the pixels are found in the other frame" in remarks(lost.statistics)[0]
    assert lost.nothing_compared(method.comparing)
    assert not learning.nothing_compared(method.comparing)
    assert not learning.nothing_compared(("segmentation",))


def test_of_segmentation_alone_no_depth_is_scored_or_told():
    batch, depth = sgdepth.make_batch(), np.full((sgdepth.HEIGHT, sgdepth.WIDTH), 10, np.float32)
    for learns, told in (("segmentation", False), ("depth-and-segmentation", True)):
        method = sgdepth.make_method(learns=learns)
        said = validate(method, method, [batch], progress=Progress(), true_depth=lambda _: depth)
        assert {"abs_rel", "median"} <= set(said.statistics) if told else said.statistics == {}
        assert bool(remarks(said.statistics)) == told
        assert bool(look(method, batch)) == told
