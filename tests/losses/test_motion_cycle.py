import pytest
import torch
from torch import Tensor

from vection.geometry.motion import Moved
from vection.geometry.rigid import rotation_from_euler
from vection.losses.motion_cycle import rotation_cycle_loss, translation_cycle_loss

HEIGHT, WIDTH = 4, 5
EVERYWHERE = torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
ANGLES = torch.tensor([[0.1, -0.2, 0.3]])


def in_place() -> Moved:
    y, x = torch.meshgrid(torch.arange(float(HEIGHT)), torch.arange(float(WIDTH)), indexing="ij")
    return Moved(torch.stack([x, y], dim=-1)[None], torch.ones(1, 1, HEIGHT, WIDTH), EVERYWHERE)


def constant(vector: Tensor) -> Tensor:
    return vector.view(1, 3, 1, 1).expand(1, 3, HEIGHT, WIDTH).contiguous()


def test_a_rotation_and_its_inverse_cancel():
    R = rotation_from_euler(ANGLES)
    assert float(rotation_cycle_loss(R, R.transpose(1, 2))) == pytest.approx(0, abs=1e-9)
    assert float(rotation_cycle_loss(R, R)) > 0.1
    one = torch.eye(3)[None]
    assert float(rotation_cycle_loss(one, one)) == 0


def test_a_half_turn_and_none():
    one, turned = torch.eye(3)[None], torch.diag(torch.tensor([-1.0, 1.0, -1.0]))[None]
    assert float(rotation_cycle_loss(turned, one)) == pytest.approx(1)


@pytest.mark.parametrize("order", ["paper", "released"])
def test_translations_that_cancel(order):
    R = rotation_from_euler(ANGLES)
    back = R.transpose(1, 2)
    T = torch.tensor([[0.3], [0.0], [-1.0]])
    fields = constant(T), constant(-back @ T)
    closed = translation_cycle_loss(*fields, (R, back), moved=in_place(), visible=EVERYWHERE, order=order)
    assert float(closed) == pytest.approx(0, abs=1e-9)
    open_ended = translation_cycle_loss(fields[0], fields[0], (R, back), moved=in_place(), visible=EVERYWHERE)
    assert float(open_ended) > 1


def test_hidden_pixels_count_as_zero():
    one = torch.eye(3)[None]
    T = constant(torch.tensor([1.0, 0.0, 0.0]))
    visible = EVERYWHERE.clone()
    visible[..., 1:] = False
    loss = translation_cycle_loss(T, T, (one, one), moved=in_place(), visible=visible)
    assert float(loss) == pytest.approx(2 / WIDTH)  # |2 T|^2 / (2 |T|^2)


def test_the_place_gets_no_gradient():
    generator = torch.Generator().manual_seed(0)
    T, back = torch.rand(2, 1, 3, HEIGHT, WIDTH, generator=generator).requires_grad_()
    place = in_place()
    pixels = (place.pixels + 0.3).requires_grad_()
    one = torch.eye(3)[None]
    loss = translation_cycle_loss(
        T, back, (one, one), moved=Moved(pixels, place.depth, place.valid), visible=EVERYWHERE
    )
    assert torch.autograd.grad(loss, pixels, allow_unused=True) == (None,)
