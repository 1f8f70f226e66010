import pytest
import torch

from vection.networks.encoders.padding import (
    DoublingConvolution,
    StridedConvolution,
    halving_max_pool,
    pad_same,
    same_padding,
)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [(8, 3, 2, (0, 1)), (7, 3, 2, (1, 1)), (8, 7, 2, (2, 3)), (1, 3, 2, (1, 1)), (8, 1, 2, (0, 0)), (8, 3, 1, (1, 1))],
)
def test_same_padding_is_tensorflows(size: int, kernel: int, stride: int, expected: tuple[int, int]):
    assert same_padding(size, kernel=kernel, stride=stride) == expected


@pytest.mark.parametrize("padding", ["symmetric", "tensorflow"])
@pytest.mark.parametrize("size", [(8, 12), (7, 5), (1, 2)])
def test_half_the_size_rounded_up(padding, size: tuple[int, int]):
    x = torch.rand(1, 2, *size)
    expected = (-(-size[0] // 2), -(-size[1] // 2))
    assert StridedConvolution(2, 3, 3, stride=2, padding=padding)(x).shape[-2:] == expected
    assert StridedConvolution(2, 3, 1, stride=2, padding=padding)(x).shape[-2:] == expected
    assert halving_max_pool(x, padding=padding).shape[-2:] == expected


def test_the_odd_row_is_below_and_to_the_right():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert pad_same(x, kernel=3, stride=2)[0, 0, :, -1].tolist() == [0] * 5
    assert halving_max_pool(x, padding="tensorflow")[0, 0].tolist() == [[10, 11], [14, 15]]
    assert halving_max_pool(x, padding="symmetric")[0, 0].tolist() == [[5, 7], [13, 15]]
    assert halving_max_pool(-1 - x, padding="tensorflow")[0, 0, 1, 1] == -11  # padding never wins


@pytest.mark.parametrize("padding", ["symmetric", "tensorflow"])
def test_doubling_is_the_transpose_of_halving(padding):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(1, 2, 6, 8, generator=generator), torch.rand(1, 3, 3, 4, generator=generator)
    halve = StridedConvolution(2, 3, 3, stride=2, bias=False, padding=padding)
    double = DoublingConvolution(3, 2, padding=padding)
    with torch.no_grad():
        double.weight.copy_(halve.weight)
        torch.nn.init.zeros_(double.bias)
        torch.testing.assert_close((halve(x) * y).sum(), (x * double(y)).sum())
