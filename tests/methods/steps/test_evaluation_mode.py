import torch
from torch import nn

from vection.methods.steps.evaluation_mode import evaluating


def test_evaluation_mode_lasts_no_longer_than_asked_for_and_returns_to_what_was():
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm2d(3)))
    network[1].eval()
    before = network[0].running_mean.clone()
    with evaluating(network):
        assert not any(module.training for module in network.modules())
        network(torch.rand(2, 3, 4, 4))
    assert torch.equal(network[0].running_mean, before)
    assert [network.training, network[0].training, network[1].training, network[1][0].training] == [
        True, True, False, False,
    ]  # fmt: skip
