import pytest
import torch

from vection.networks.depth.build import DisparityNetworkName, build_disparity_network, most_scales


@pytest.mark.parametrize("name", ["dispnet", "resnet18", "efficientnet-lite0"])
@pytest.mark.parametrize("scales", [1, 4])
def test_every_network_predicts_the_wanted_scales(name: DisparityNetworkName, scales: int):
    network = build_disparity_network(name, scales=scales, pretrained=False).eval()
    with torch.no_grad():
        disparities = network(torch.rand(1, 3, 64, 96))
    assert [tuple(d.shape) for d in disparities] == [(1, 1, 64 >> s, 96 >> s) for s in range(scales)]


def test_how_many_scales_there_are():
    assert (most_scales("dispresnet"), most_scales("resnet50")) == (6, 4)
