import pytest
import torch

from vection.networks.depth.dispnet import FEEDING_SCALES, HEADS, DispNet, ResidualBlock


def image(height: int = 64, width: int = 96, *, batch: int = 1) -> torch.Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("residual", "parameters"), [(False, 31_603_814), (True, 80_883_910)])
def test_sizes_are_the_papers(residual: bool, parameters: int):
    with torch.device("meta"):  # table 6: 80.88M
        network = DispNet(residual=residual, scales=HEADS)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(("height", "width"), [(64, 96), (50, 70), (128, 128)])
def test_disparities_of_any_size_are_finest_first(residual: bool, height: int, width: int):
    torch.manual_seed(0)
    network = DispNet(residual=residual, scales=3).eval()
    with torch.no_grad():
        disparities = network(image(height, width))
    expected = []
    for _ in range(3):
        expected.append((1, 1, height, width))
        height, width = (height + 1) // 2, (width + 1) // 2
    assert [tuple(disparity.shape) for disparity in disparities] == expected
    assert all(0 < float(d.min()) < float(d.max()) < 1 for d in disparities)


def test_one_scale_alone_teaches_every_parameter():
    torch.manual_seed(0)
    network = DispNet()
    assert len(network.heads) == FEEDING_SCALES
    (disparity,) = network(image())
    disparity.square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name


def test_coarse_disparities_are_fed_to_finer_levels():
    torch.manual_seed(0)
    network = DispNet(scales=4).eval()
    with torch.no_grad():
        before = network(image())
        network.heads[3].bias += 1.0
        after = network(image())
    assert all(not torch.allclose(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("scales", [0, 7])
def test_scales_that_do_not_exist(scales: int):
    with pytest.raises(ValueError, match="1 to 6 scales"):
        DispNet(scales=scales)


def test_the_head_stays_in_float32_under_autocast():
    torch.manual_seed(0)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        (disparity,) = DispNet()(image())
    assert disparity.dtype == torch.float32


def test_a_residual_block_of_one_size_has_no_shortcut():
    assert ResidualBlock(8, 8).downsample is None
    assert ResidualBlock(8, 8, stride=2).downsample is not None
    assert tuple(ResidualBlock(8, 16, stride=2)(torch.rand(2, 8, 6, 10)).shape) == (2, 16, 3, 5)
