import pytest
import torch

from vection.geometry.rigid import rotation_from_euler
from vection.networks.motion.euler_motion import EulerMotion, PoseNetworkName, transform_from_vector
from vection.networks.motion.pose import POSE_FACTOR


def test_six_numbers_are_translation_then_angles():
    vector = torch.tensor([[1.0, 2.0, 3.0, 0.1, -0.2, 0.3]])
    T = transform_from_vector(vector)
    torch.testing.assert_close(T[0, :3, 3], torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(T[:, :3, :3], rotation_from_euler(torch.tensor([[0.1, -0.2, 0.3]])))


@pytest.mark.parametrize("name", ["posenet", "resnet18", "efficientnet-lite0"])
def test_the_motion_of_a_pair_depends_on_its_order(name: PoseNetworkName):
    torch.manual_seed(0)
    network = EulerMotion(name).eval()
    first, second = torch.rand(2, 2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        pair, back = network(first, second), network(second, first)
        vector, _ = network.vector(first, second)
    T = pair.T_first_to_second
    assert torch.equal(T, transform_from_vector(vector))
    assert tuple(pair.feature.shape[:2]) == (2, network.feature_channels)
    assert not torch.equal(T, back.T_first_to_second)
    # a pass of its own, not an inverse
    assert not torch.allclose(T @ back.T_first_to_second, torch.eye(4).expand(2, 4, 4), atol=1e-6)


@pytest.mark.parametrize("name", ["posenet", "resnet18"])
def test_motion_starts_small_and_in_float32_under_autocast(name: PoseNetworkName):
    torch.manual_seed(0)
    network = EulerMotion(name)
    head = network.posenet.head if network.posenet is not None else network.decoder.head
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.arange(1.0, 7.0))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        vector, _ = network.vector(torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 96))
    torch.testing.assert_close(vector, POSE_FACTOR * torch.arange(1.0, 7.0)[None])


def test_posenet_starts_from_zero_biases():
    network = EulerMotion("posenet")
    assert all(not bias.any() for name, bias in network.named_parameters() if name.endswith("bias"))
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_586_774  # table 6: 1.59M
