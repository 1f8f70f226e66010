from inspect import unwrap
from itertools import product
from typing import get_args

import pytest
import torch
from torch import nn

from vection.errors import UsageError
from vection.networks.encoders.build import build_encoder
from vection.networks.encoders.encoder import Encoder, EncoderName, repeat_first_convolution
from vection.networks.encoders.resnet import ResNet, ResNetName

CHANNELS = {
    "resnet18": (64, 64, 128, 256, 512),
    "resnet34": (64, 64, 128, 256, 512),
    "resnet50": (64, 256, 512, 1024, 2048),
    "efficientnet-lite0": (16, 24, 40, 112, 320),
}
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def torchvision_keys(counts: tuple[int, ...], *, convolutions: int) -> set[str]:
    """Keys of torchvision's ResNets without the classifier, by the rule of their layout."""
    keys = {"conv1.weight", *(f"bn1.{name}" for name in NORM)}
    for layer, count in enumerate(counts, start=1):
        for block, number in product(range(count), range(1, convolutions + 1)):
            place = f"layer{layer}.{block}"
            keys |= {f"{place}.conv{number}.weight", *(f"{place}.bn{number}.{name}" for name in NORM)}
        if layer > 1 or convolutions == 3:
            place = f"layer{layer}.0.downsample"
            keys |= {f"{place}.0.weight", *(f"{place}.1.{name}" for name in NORM)}
    return keys


@pytest.mark.parametrize(
    ("name", "counts", "convolutions", "parameters"),
    [
        # torchvision's parameter counts less the classifier's 1000 * (width + 1)
        ("resnet18", (2, 2, 2, 2), 2, 11_689_512 - 513_000),
        ("resnet34", (3, 4, 6, 3), 2, 21_797_672 - 513_000),
        ("resnet50", (3, 4, 6, 3), 3, 25_557_032 - 2_049_000),
    ],
)
def test_parameters_are_torchvisions(name: ResNetName, counts: tuple[int, ...], convolutions: int, parameters: int):
    with torch.device("meta"):
        network = ResNet(name)
    assert set(network.state_dict()) == torchvision_keys(counts, convolutions=convolutions)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


@pytest.mark.parametrize("name", get_args(EncoderName))
def test_features_halve_the_image_five_times(name: EncoderName):
    encoder = build_encoder(name, images=2).eval()
    with torch.no_grad():
        features = encoder(torch.rand(1, 6, 64, 96))
    assert encoder.channels == CHANNELS[name]
    sizes = [tuple(feature.shape) for feature in features]
    assert sizes == [(1, CHANNELS[name][i], 64 >> i + 1, 96 >> i + 1) for i in range(5)]


def as_imagenet(encoder: Encoder) -> dict[str, torch.Tensor]:
    """Return weights as an ImageNet file holds them, with the parts that encoders have no use for."""
    extra = {"fc.weight": torch.ones(3, 2)} if isinstance(encoder, ResNet) else {"_fc.weight": torch.ones(3, 2)}
    return {**encoder.state_dict(), **extra}


@pytest.mark.parametrize("name", ["resnet18", "efficientnet-lite0"])
def test_two_equal_images_give_the_response_of_one(name: EncoderName):
    torch.manual_seed(0)
    single, double = build_encoder(name).eval(), build_encoder(name, images=2).eval()
    double.load_imagenet(as_imagenet(single))
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        for one, other in zip(single(image), double(torch.cat([image, image], dim=1)), strict=True):
            torch.testing.assert_close(other, one, atol=1e-4, rtol=1e-4)


def test_repeated_first_convolution_keeps_the_response():
    weight, image = torch.randn(4, 3, 3, 3), torch.rand(1, 3, 8, 8)
    expected = nn.functional.conv2d(image, weight)
    response = nn.functional.conv2d(image.repeat(1, 3, 1, 1), repeat_first_convolution(weight, 3))
    torch.testing.assert_close(response, expected, atol=1e-5, rtol=1e-5)


def test_old_files_without_counters_load():
    network = ResNet("resnet18")
    state = {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}
    network.load_imagenet(state)


def test_resnets_normalise_their_input_around_045():
    network = ResNet("resnet18").eval()
    with torch.no_grad():
        first = network(torch.full((1, 3, 64, 64), 0.45))[0]
    assert float(first.abs().max()) == 0.0


def test_unknown_encoder():
    with pytest.raises(UsageError, match="no encoder 'resnet19'; choose one of resnet18"):
        unwrap(build_encoder)("resnet19")  # below the type check of the tests
