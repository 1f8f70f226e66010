import math

import pytest
import torch
from torch import Tensor

from vection.losses.smoothness import edge_aware_smoothness_loss, normalise_by_mean


def map_of(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows)[None, None]


def test_by_hand():
    values = map_of([[1.0, 3.0, 3.0], [2.0, 2.0, 5.0]])
    grey = map_of([[0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    image = torch.cat([grey, grey, torch.zeros_like(grey)], dim=1)  # the mean over RGB is 2/3 of the grey step
    x = (2 * math.exp(-1 / 3) + 0 + 0 + 3 * math.exp(-2 / 3)) / 4
    y = (1 * 1 + 1 * math.exp(-1 / 3) + 2 * math.exp(-1 / 3)) / 3
    assert float(edge_aware_smoothness_loss(values, image)) == pytest.approx(x + y, rel=1e-6)


def test_constant_values_are_smooth():
    image = torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    assert float(edge_aware_smoothness_loss(torch.full((1, 1, 4, 5), 0.3), image)) == 0


def test_an_edge_of_the_image_lets_go():
    values = map_of([[0.0, 0.0, 1.0, 1.0]] * 2)
    flat = torch.zeros(1, 3, 2, 4)
    edge = values.expand(1, 3, 2, 4)
    ratio = edge_aware_smoothness_loss(values, edge) / edge_aware_smoothness_loss(values, flat)
    assert float(ratio) == pytest.approx(math.exp(-1), rel=1e-6)


def test_normalised_values_do_not_know_their_scale():
    values = 0.1 + torch.rand(2, 1, 4, 5, generator=torch.Generator().manual_seed(1))
    normalised = normalise_by_mean(values)
    torch.testing.assert_close(normalised.mean(dim=(2, 3)), torch.ones(2, 1))
    torch.testing.assert_close(normalise_by_mean(0.01 * values), normalised, atol=1e-4, rtol=1e-4)


def test_gradient():
    generator = torch.Generator().manual_seed(2)
    values = torch.rand(1, 1, 3, 4, dtype=torch.float64, generator=generator).requires_grad_()
    image = torch.rand(1, 3, 3, 4, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(lambda v: edge_aware_smoothness_loss(normalise_by_mean(v), image), (values,))


def test_an_image_of_another_size_is_refused():
    with pytest.raises(Exception, match=r"(?i)type-check|size"):
        edge_aware_smoothness_loss(torch.ones(1, 1, 4, 5), torch.ones(1, 3, 4, 6))


def test_squared_by_hand():
    values = map_of([[1.0, 3.0, 3.0], [2.0, 2.0, 5.0]])
    grey = map_of([[0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    x = ((2 * math.exp(-0.5)) ** 2 + (3 * math.exp(-1)) ** 2) / 4
    y = (1 + math.exp(-0.5) ** 2 + (2 * math.exp(-0.5)) ** 2) / 3
    loss = edge_aware_smoothness_loss(values, grey.expand(1, 3, 2, 3), squared=True)
    assert float(loss) == pytest.approx(x + y, rel=1e-6)


def test_steps_from_and_to_what_is_not_usable_do_not_count():
    values = map_of([[0.0, 1.0, 9.0, 2.0]] * 2)
    usable = torch.tensor([[True, True, False, True]] * 2)[None, None]
    image = torch.zeros(1, 3, 2, 4)
    assert float(edge_aware_smoothness_loss(values, image, usable=usable)) == pytest.approx(1.0)
    assert float(edge_aware_smoothness_loss(values, image, usable=usable, squared=True)) == pytest.approx(1.0)
    full_size = usable.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    assert float(edge_aware_smoothness_loss(values, image, usable=full_size)) == pytest.approx(1.0)
    assert float(edge_aware_smoothness_loss(values, image, usable=torch.zeros_like(usable))) == 0
    everywhere = torch.ones_like(usable)
    plain = float(edge_aware_smoothness_loss(values, image))
    assert float(edge_aware_smoothness_loss(values, image, usable=everywhere)) == pytest.approx(plain)
