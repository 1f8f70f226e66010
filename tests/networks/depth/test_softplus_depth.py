import math

import pytest
import torch

from vection.networks.depth.softplus_depth import RandomisedResNet18, SigmoidDepth, SoftplusDepth
from vection.networks.encoders.resnet import ResNet


@pytest.mark.parametrize("padding", ["symmetric", "tensorflow"])
@pytest.mark.parametrize("border", ["zeros", "reflect"])
def test_depth_is_positive_and_has_the_images_size(padding, border):
    network = SoftplusDepth(padding=padding, border=border)
    depth = network(torch.rand(2, 3, 64, 96), noise=0.5).detach()
    assert depth.shape == (2, 1, 64, 96)
    assert float(depth.min()) > 0


def test_size_of_the_paper():
    parameters = sum(parameter.numel() for parameter in SoftplusDepth().parameters())
    assert parameters == pytest.approx(14.33e6, rel=1e-3)


def test_softplus_in_float32_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert SoftplusDepth()(torch.rand(1, 3, 32, 64)).dtype == torch.float32


def test_samples_do_not_depend_on_each_other():
    network = SoftplusDepth().train()
    images = torch.rand(2, 3, 32, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(network(images)[:1], network(images[:1]), atol=1e-5, rtol=1e-5)


def test_imagenet_weights_go_to_their_places():
    torch.manual_seed(0)
    theirs, own = ResNet("resnet18").eval(), RandomisedResNet18()
    state = theirs.state_dict() | {"fc.weight": torch.ones(10, 512)}
    own.load_imagenet(state)
    assert torch.equal(own.get_parameter("stages.1.1.conv2.weight"), state["layer2.1.conv2.weight"])
    assert torch.equal(own.get_parameter("stages.3.0.norm1.bias"), state["layer4.0.bn1.bias"])
    with torch.no_grad():  # a fresh batch norm has statistics 0 and 1, so folding it in changes nothing
        x = torch.rand(1, 64, 8, 8)
        expected = theirs.get_submodule("layer2.0.downsample")(x)
        torch.testing.assert_close(own.get_submodule("stages.1.0.shortcut")(x), expected)


def test_sigmoid_depth_stays_within_its_limits():
    network = SigmoidDepth("efficientnet-lite0", limits=(2.0, 5.0)).eval()
    depth = network(torch.rand(1, 3, 64, 96)).detach()
    assert depth.shape == (1, 1, 64, 96)
    assert float(depth.min()) >= 2
    assert float(depth.max()) <= 5


def test_central_depth_starts_in_the_middle_of_its_range():
    torch.manual_seed(0)
    network = SigmoidDepth("resnet18", limits=(0.03, 30.0), central=True).eval()
    assert network.decoder.heads[0].bias.item() == pytest.approx(math.log(0.03 / 30) / 2)
    assert network(torch.rand(1, 3, 64, 96)).median().item() == pytest.approx((0.03 * 30) ** 0.5, rel=0.5)
