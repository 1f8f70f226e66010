import math

import pytest
import torch
from torch import nn

from vection.errors import DataError
from vection.geometry.rigid import transform_from_axis_angle
from vection.training.health.findings import remarks
from vection.training.health.finite import (
    DivergenceError,
    first_not_finite,
    stop_if_gradient_not_finite,
    stop_if_not_finite,
)
from vection.training.health.statistics import depth_statistics

FINE, BAD = torch.ones(2), torch.tensor([1.0, math.nan])
GOOD = {"median": 5.0, "spread_within_image": 0.5, "nearest": 1.0, "farthest": 50.0, "translation": 0.1,
        "share_at_near_limit": 0.1, "share_at_far_limit": 0.4}  # fmt: skip


def test_the_first_tensor_that_is_not_finite():
    named = [("a", FINE), ("none", None), ("whole", torch.ones(2, dtype=torch.uint8)), ("b", BAD), ("c", BAD)]
    assert first_not_finite(named) == "b"
    assert first_not_finite([("a", FINE), ("inf", torch.tensor(-math.inf))]) == "inf"
    assert first_not_finite(named[:3]) is None


def test_finite_terms_pass_whatever_the_weights():
    network = nn.Linear(1, 1)
    nn.init.constant_(network.weight, math.nan)
    stop_if_not_finite({"photometric": FINE.mean()}, method=network, inputs=[("target", BAD)], step=3)


@pytest.mark.parametrize(
    ("poisoned", "words"),
    [
        ("input", "the input 'intrinsics' already is. Check the frames"),
        ("weight", r"the weight 'bias' already is. Lower the learning rate"),
        ("nothing", "inputs and weights are finite. Train in float32"),
    ],
)
def test_the_culprit_is_named(poisoned: str, words: str):
    network = nn.Linear(1, 1)
    if poisoned == "weight":
        nn.init.constant_(network.bias, math.inf)
    inputs = [("target", FINE), ("intrinsics", BAD if poisoned == "input" else FINE)]
    terms = {"smoothness": FINE.mean(), "photometric": BAD.mean()}
    with pytest.raises(DataError, match=words) as caught:
        stop_if_not_finite(terms, method=network, inputs=inputs, step=17)
    assert "step 17: the loss term 'photometric'" in str(caught.value)


def test_the_first_layer_whose_output_is_not_finite_is_named():
    network = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Identity(), nn.ReLU()), nn.Identity())
    network[1][0].register_forward_hook(lambda layer, inputs, output: output / 0)
    with pytest.raises(DivergenceError, match=r"what '1\.0' puts out is not") as caught:
        stop_if_not_finite(
            {"smoothness": BAD.mean()},
            method=network,
            inputs=[],
            step=2,
            compute=lambda: network(torch.ones(1, 1)),
        )
    assert caught.value.curable


def test_bad_data_cannot_be_cured_by_going_back():
    with pytest.raises(DivergenceError) as caught:
        stop_if_not_finite({"smoothness": BAD.mean()}, method=nn.Linear(1, 1), inputs=[("target", BAD)], step=2)
    assert not caught.value.curable


def test_a_gradient_that_is_not_finite_is_named():
    network = nn.Linear(1, 1)
    stop_if_gradient_not_finite(network, step=1)
    network.bias.grad = torch.tensor([math.inf])
    with pytest.raises(DivergenceError, match="gradient of the weight 'bias'"):
        stop_if_gradient_not_finite(network, step=1)


def test_statistics_by_hand():
    depth = torch.tensor([[1.0, 2.0, 4.0], [2.0, 4.0, 8.0]]).view(2, 1, 1, 3)
    turn = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.02, 0.0]])
    step = torch.tensor([[0.0, 3.0, 4.0], [0.0, 0.0, 1.0]])
    statistics = depth_statistics(depth, ego_motion=transform_from_axis_angle(turn, step))
    assert statistics["rotation"] == pytest.approx(0.02, rel=1e-4)
    assert statistics["nearest"] == 1.0
    assert statistics["farthest"] == 4.0
    assert statistics["median"] == 2.0
    assert statistics["translation"] == 3.0
    assert statistics["spread_within_image"] == statistics["spread_within_rows"] == pytest.approx(math.log(2))
    assert "translation" not in depth_statistics(depth)


def test_shares_at_the_limits_of_the_depth():
    depth = torch.tensor([0.1, 0.104, 0.11, 1.0, 50.0, 89.0, 91.0, 100.0]).view(1, 1, 2, 4)
    statistics = depth_statistics(depth, limits=(0.1, 100.0))
    assert statistics["share_at_near_limit"] == 2 / 8
    assert statistics["share_at_far_limit"] == 2 / 8
    assert "share_at_near_limit" not in depth_statistics(depth)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, None),
        ({"spread_within_image": 0.01}, "collapse"),
        ({"share_at_far_limit": 0.6}, "far limit"),
        ({"share_at_near_limit": 0.3}, "near limit"),
        ({"translation": 0.0}, "camera motion is zero"),
        ({"share_visible": 0.03}, "Only 3% of the pixels are found in the other frame"),
        ({"spread_within_rows": 0.001}, "the same along each row"),
        ({"step_by_measured": 1e-3}, "0.001 of what was measured"),
        ({"step_by_measured": 100.0}, "camera motion explodes"),
        ({"step": 50.0}, "camera motion explodes: 50 times the median depth"),
        ({"rotation": 2.0}, "115 degrees between two frames"),
        ({"change": 0.0}, "no parallax to learn from"),
        ({"measured_share": 0.0}, "was the camera's motion measurable"),
        ({"mask: motion-mask": 0.01}, "The motion mask swallows the frame: 1% of the pixels count"),
        ({"weights": 3.0}, "3 times as large as when training began"),
        ({"error": 1.8}, "explained worse than at the beginning"),
        ({"scale_drift": 0.7}, "predicted depth grows by 101 % in 100 steps"),
        ({"scale_drift": -0.7}, "predicted depth shrinks"),
    ],
)
def test_remarks(changed: dict[str, float], words: str | None):
    found = remarks({**GOOD, **changed})
    assert [words in remark for remark in found if words] == ([] if words is None else [True])
    assert len(found) == (words is not None)


def test_terms_that_compare_nothing():
    assert ["Only 0% of the pixels" in remark for remark in remarks(GOOD, nothing_compared=True)] == [True]


def test_learning_the_camera_needs_turns():
    straight = {**GOOD, "rotation": 0.001}
    assert remarks(straight) == []
    assert ["hardly turns" in remark for remark in remarks(straight, learns_intrinsics=True)] == [True]
    assert remarks({**GOOD, "rotation": 0.01}, learns_intrinsics=True) == []
