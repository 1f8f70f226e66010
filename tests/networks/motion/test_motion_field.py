import pytest
import torch

from vection.networks.motion.motion_field import LEAST_SCALE, MotionFieldNet, cameras_of_videos, enlarge


def frames(channels: int = 4, *, height: int = 40, width: int = 72) -> tuple[torch.Tensor, torch.Tensor]:
    one, other = torch.rand(2, 2, channels, height, width, generator=torch.Generator().manual_seed(0))
    return one, other


@pytest.mark.parametrize("padding", ["symmetric", "tensorflow"])
@pytest.mark.parametrize("upsampling", ["corners-aligned", "corners-not-aligned"])
@pytest.mark.parametrize("inputs", [6, 8])
def test_shapes_for_any_size(padding, upsampling, inputs: int):
    network = MotionFieldNet(inputs=inputs, channels=(4, 8, 8, 16), padding=padding, upsampling=upsampling)
    found = network(*frames(inputs // 2, height=37, width=50))
    assert found.angles.shape == found.background.shape == (2, 3)
    assert found.residual.shape == (2, 3, 37, 50)
    assert found.feature.shape == (2, network.feature_channels, 1, 1)


def test_size_of_the_paper():
    parameters = sum(parameter.numel() for parameter in MotionFieldNet().parameters())
    assert parameters == pytest.approx(44.18e6, rel=1e-3)


def test_every_parameter_learns():
    network = MotionFieldNet(channels=(4, 8, 8))
    found = network(*frames())
    (found.residual.square().sum() + found.angles.square().sum() + found.background.square().sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name


def test_a_scale_below_the_least_is_put_back_and_still_learns():
    network = MotionFieldNet(channels=(4, 8)).train()
    with torch.no_grad():
        network.rotation_scale.fill_(-0.5)
    found = network(*frames())
    found.angles.sum().backward()
    assert float(network.rotation_scale.detach()) == pytest.approx(LEAST_SCALE)
    assert network.rotation_scale.grad is not None
    assert float(network.rotation_scale.grad.abs()) > 0


def test_a_quick_start_moves_more_and_does_not_learn_the_factors():
    torch.manual_seed(0)
    slow, quick = (MotionFieldNet(start=start) for start in ("released", "quick"))
    assert not [name for name, _ in quick.named_parameters() if "scale" in name]
    assert set(quick.state_dict()) == set(slow.state_dict())
    with torch.no_grad():
        assert float(quick(*frames()).background.abs().mean()) > 5 * float(slow(*frames()).background.abs().mean())


def test_predictions_do_not_change_weights():
    network = MotionFieldNet(channels=(4, 8)).eval()
    with torch.no_grad():
        network.translation_scale.fill_(0.0)
        unscaled = network(*frames()).background / LEAST_SCALE
        network.translation_scale.fill_(1.0)
        torch.testing.assert_close(network(*frames()).background, unscaled)
        network.translation_scale.fill_(0.0)
        network(*frames())
    assert float(network.translation_scale.detach()) == 0


def test_enlarging():
    field = torch.tensor([0.0, 1.0]).expand(1, 3, 2, 2).contiguous()
    aligned = enlarge(field, height=2, width=4, upsampling="corners-aligned")
    torch.testing.assert_close(aligned[0, 0, 0], torch.tensor([0, 1 / 3, 2 / 3, 1]))
    shifted = enlarge(field, height=2, width=4, upsampling="corners-not-aligned")
    torch.testing.assert_close(shifted[0, 0, 0], torch.tensor([0, 0.5, 1, 1]))


def test_float32_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = MotionFieldNet(channels=(4, 8))(*frames())
    assert found.angles.dtype == found.background.dtype == found.residual.dtype == torch.float32


def test_cameras_of_videos_start_at_the_mean_side():
    (K,) = cameras_of_videos(torch.tensor([[1.0, 1.0, 0.5, 0.5]]), height=128, width=416)
    assert K.tolist() == [[272, 0, 208], [0, 272, 64], [0, 0, 1]]
