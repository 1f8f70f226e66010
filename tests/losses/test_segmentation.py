import math

import pytest
import torch

from vection.losses.segmentation import CITYSCAPES_CLASS_WEIGHTS, weighted_cross_entropy


def test_hand_values():
    # Two classes; p(class 1) is 3/4 at three pixels; true classes 1, 0, unknown.
    scores = torch.zeros(1, 2, 1, 3)
    scores[:, 1] = math.log(3.0)
    classes = torch.tensor([[[[1, 0, 255]]]], dtype=torch.uint8)
    weights = torch.tensor([2.0, 5.0])
    total = 5 * math.log(4 / 3) + 2 * math.log(4)
    by_pixels = weighted_cross_entropy(scores, classes, weights=weights)
    by_weights = weighted_cross_entropy(scores, classes, weights=weights, average="weights")
    assert float(by_pixels) == pytest.approx(total / 2, rel=1e-6)
    assert float(by_weights) == pytest.approx(total / 7, rel=1e-6)


@pytest.mark.parametrize("average", ["pixels", "weights"])
def test_without_known_pixels_the_loss_and_its_gradient_are_zero(average: str):
    scores = torch.randn(2, 19, 4, 5, requires_grad=True)
    classes = torch.full((2, 1, 4, 5), 255, dtype=torch.uint8)
    loss = weighted_cross_entropy(scores, classes, weights=torch.tensor(CITYSCAPES_CLASS_WEIGHTS), average=average)
    loss.backward()
    assert float(loss.detach()) == 0
    assert scores.grad is not None
    assert not scores.grad.any()


def test_unknown_pixels_have_no_gradient_and_do_not_change_the_mean():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(1, 19, 4, 6, generator=generator).requires_grad_()
    classes = torch.randint(0, 19, (1, 1, 4, 6), generator=generator, dtype=torch.uint8)
    weights = torch.tensor(CITYSCAPES_CLASS_WEIGHTS)
    half = weighted_cross_entropy(scores[..., :3], classes[..., :3], weights=weights)
    unknown = torch.where(torch.arange(6) < 3, classes, 255).to(torch.uint8)
    loss = weighted_cross_entropy(scores, unknown, weights=weights)
    torch.testing.assert_close(loss, half)
    loss.backward()
    assert scores.grad is not None
    assert not scores.grad[..., 3:].any()
    assert scores.grad[..., :3].any()


def test_rare_classes_weigh_more():
    assert len(CITYSCAPES_CLASS_WEIGHTS) == 19
    road, rider = CITYSCAPES_CLASS_WEIGHTS[0], CITYSCAPES_CLASS_WEIGHTS[12]
    assert road == min(CITYSCAPES_CLASS_WEIGHTS)
    # w = 1 / ln(1.02 + p) of a class that fills a share p of all pixels.
    assert math.exp(1 / road) - 1.02 == pytest.approx(0.4066, abs=1e-3)
    assert rider < 1 / math.log(1.02) < 51
