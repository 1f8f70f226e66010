import pytest
import torch

from vection.networks.depth.decoder import DepthDecoder, SegmentationDecoder
from vection.networks.depth.shared_encoder import SharedEncoder
from vection.networks.encoders.build import build_encoder
from vection.networks.motion.pose import POSE_FACTOR, PoseDecoder


def make_shared(*, first: bool) -> SharedEncoder:
    torch.manual_seed(0)
    return SharedEncoder("resnet18", first_convolution=first, pretrained=False).eval()


@pytest.mark.parametrize("first", [False, True])
def test_both_heads_read_what_leaves_the_shared_part(first: bool):
    shared = make_shared(first=first)
    features = shared(torch.rand(2, 3, 64, 96))
    assert features[-1].shape == (2, 256 if first else 512, 2, 3)
    disparities = DepthDecoder(shared.channels, first_is_done=first)(features)
    scores = SegmentationDecoder(shared.channels, classes=19, first_is_done=first)(features)
    assert [tuple(d.shape) for d in disparities] == [(2, 1, 64 >> s, 96 >> s) for s in range(4)]
    assert scores.shape == (2, 19, 64, 96)


def test_the_shared_first_convolution_is_the_only_difference_of_the_two_splits():
    image = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    apart, together = make_shared(first=False), make_shared(first=True)
    own = DepthDecoder(apart.channels).eval()
    rest = DepthDecoder(apart.channels, first_is_done=True).eval()
    state = own.state_dict()
    moved = {key: state.pop(f"before_upsampling.0.{key}") for key in ("conv.weight", "conv.bias")}
    together.first.load_state_dict(moved)
    together.encoder.load_state_dict(apart.encoder.state_dict())
    rest.load_state_dict(state)
    with torch.no_grad():
        torch.testing.assert_close(rest(together(image))[0], own(apart(image))[0])


def test_scores_stay_in_float32_under_autocast():
    shared = make_shared(first=False)
    decoder = SegmentationDecoder(shared.channels, classes=19)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert decoder(shared(torch.rand(1, 3, 64, 64))).dtype == torch.float32


def test_imagenet_normalisation_is_that_of_every_colour_of_every_image():
    torch.manual_seed(0)
    plain = build_encoder("resnet18", images=2).eval()
    imagenet = build_encoder("resnet18", images=2, normalisation="imagenet").eval()
    imagenet.load_state_dict(plain.state_dict())
    image = torch.rand(1, 6, 64, 64)
    mean = torch.tensor([0.485, 0.456, 0.406] * 2)[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225] * 2)[:, None, None]
    same = 0.225 * (image - mean) / deviation + 0.45  # what the plain one has to see
    with torch.no_grad():
        for one, other in zip(imagenet(image), plain(same), strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_a_pose_head_scaled_at_its_start_has_small_weights_and_plain_outputs():
    torch.manual_seed(0)
    decoder = PoseDecoder(8, poses=1, scaled="at-start")
    assert decoder.head.out_channels == 6
    assert float(decoder.head.weight.detach().abs().max()) <= POSE_FACTOR / 16 + 1e-9  # default start: 1 / sqrt(256)
    with torch.no_grad():
        decoder.head.weight.zero_()
        decoder.head.bias.fill_(1.0)
        axis_angle, _ = decoder([torch.rand(1, 8, 2, 3)])
    assert axis_angle.tolist() == [[1.0] * 3]
