import pytest
import torch

from vection.networks.depth.decoder import DepthDecoder
from vection.networks.encoders.build import build_encoder
from vection.networks.motion.ego_motion import EgoMotionName, build_ego_motion
from vection.networks.motion.pose import POSE_FACTOR, PoseDecoder, PoseNet

CHANNELS = (16, 24, 40, 112, 320)


def pyramid(batch: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(batch, c, 32 >> i, 48 >> i, generator=generator) for i, c in enumerate(CHANNELS)]


@pytest.mark.parametrize(("scales", "outputs"), [(4, 1), (1, 1), (4, 3)])
def test_disparities_are_finest_first_and_between_zero_and_one(scales: int, outputs: int):
    decoder = DepthDecoder(CHANNELS, scales=scales, outputs=outputs)
    with torch.no_grad():
        disparities = decoder(pyramid())
    assert [tuple(d.shape) for d in disparities] == [(2, outputs, 64 >> s, 96 >> s) for s in range(scales)]
    assert all(float(d.min()) > 0 and float(d.max()) < 1 for d in disparities)


def test_the_heads_stay_in_float32_under_autocast():
    torch.manual_seed(0)
    decoder = DepthDecoder(CHANNELS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        disparity = decoder(pyramid())[0]
    assert disparity.dtype == torch.float32
    # bfloat16 has at most 256 values in (1/2, 1) and (1/4, 1/2) together
    assert len(disparity.unique()) > 1000


def test_decoders_learn_from_every_feature():
    features = [feature.requires_grad_() for feature in pyramid()]
    sum(d.sum() for d in DepthDecoder(CHANNELS)(features)).backward()
    assert all(feature.grad is not None and float(feature.grad.abs().sum()) > 0 for feature in features)


@pytest.mark.parametrize("images", [1, 2])
def test_pose_decoder_gives_the_first_pose(images: int):
    decoder = PoseDecoder(32, images=images)
    features = [torch.randn(3, 32, 2, 3) for _ in range(images)]
    axis_angle, translation = decoder(features)
    poses = decoder.all_poses(features)
    assert poses.shape == (3, 2, 6)
    assert torch.equal(torch.cat([axis_angle, translation], dim=1), poses[:, 0])


def test_poses_start_small_and_stay_in_float32_under_autocast():
    decoder, network = PoseDecoder(32), PoseNet()
    with torch.no_grad():
        decoder.head.bias.fill_(1.0)
        decoder.head.weight.zero_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        axis_angle, translation = decoder([torch.randn(1, 32, 2, 3)])
        parts = network(torch.rand(1, 3, 128, 128), torch.rand(1, 3, 128, 128))
    torch.testing.assert_close(axis_angle, torch.full((1, 3), POSE_FACTOR))
    assert [part.dtype for part in (translation, *parts)] == [torch.float32] * 3


def test_posenet_works_at_the_smallest_size():
    axis_angle, translation = PoseNet()(torch.rand(2, 3, 64, 96), torch.rand(2, 3, 64, 96))
    assert axis_angle.shape == translation.shape == (2, 3)
    assert float(axis_angle.detach().abs().max()) < 0.1


@pytest.mark.parametrize("name", ["separate", "shared", "posenet"])
def test_every_pose_network_gives_a_rigid_transform_that_depends_on_the_order(name: EgoMotionName):
    torch.manual_seed(0)
    encoder = build_encoder("resnet18").eval()
    network = build_ego_motion(name, encoder="resnet18", channels=encoder.channels[-1], pretrained=False).eval()
    first, second = torch.rand(2, 2, 3, 64, 96)
    with torch.no_grad():
        one, two = encoder(first)[-1], encoder(second)[-1]
        depth = torch.full((2, 1, 64, 96), 2.0)
        T = network(first, second, features=(one, two), depth=depth).T_first_to_second
        swapped = network(second, first, features=(two, one), depth=depth).T_first_to_second
        farther = network(first, second, features=(one, two), depth=2 * depth).T_first_to_second
    rotation = T[:, :3, :3]
    torch.testing.assert_close(rotation @ rotation.transpose(1, 2), torch.eye(3).expand(2, 3, 3), atol=1e-6, rtol=0)
    assert not torch.equal(T, swapped)
    # PoseNet's translation is in units of 1 / (mean inverse depth); the others do not look at the depth.
    torch.testing.assert_close(farther[:, :3, 3], T[:, :3, 3] * (0.5 if name == "posenet" else 1))


def test_the_shared_network_needs_features():
    network = build_ego_motion("shared", encoder="resnet18", channels=512, pretrained=False)
    with pytest.raises(ValueError, match="features of both frames"):
        network(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64), features=None, depth=torch.ones(1, 1, 64, 64))
