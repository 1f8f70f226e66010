from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import Tensor

from vection.errors import UsageError
from vection.networks.depth.build import DepthNetworkName, build_depth_network
from vection.networks.depth.lite_mono import (
    LiteMonoDecoder,
    LiteMonoEncoder,
    LiteMonoName,
    _drop_path,
    position_waves,
    stage_dilations,
)
from vection.networks.encoders.encoder import EncoderName

# Millions of parameters, encoder and decoder, without the layer normalisations that the release never uses.
MILLIONS = {"lite-mono-tiny": 2.148, "lite-mono-small": 2.477, "lite-mono-base": 3.075, "lite-mono-8m": 8.776}


def millions(module: torch.nn.Module) -> float:
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


@pytest.mark.parametrize("name", get_args(LiteMonoName))
def test_sizes_and_parameters(name: LiteMonoName):
    network = build_depth_network(name, pretrained=False)
    encoder = network.encoder
    assert isinstance(encoder, LiteMonoEncoder)
    dead = sum(
        2 * width * len(one) for width, one in zip(encoder.channels, stage_dilations(name, "640x192"), strict=True)
    )
    assert millions(network) + dead / 1e6 == pytest.approx(MILLIONS[name], abs=6e-4)


@pytest.mark.parametrize(("height", "width"), [(32, 64), (96, 32), (64, 96)])
def test_any_multiple_of_32(height: int, width: int):
    network = build_depth_network("lite-mono-tiny", pretrained=False).eval()
    with torch.no_grad():
        features = network.encoder(torch.rand(1, 3, height, width))
        disparities = network(torch.rand(1, 3, height, width))
    assert [tuple(one.shape[1:]) for one in features] == [
        (32, height // 4, width // 4), (64, height // 8, width // 8), (128, height // 16, width // 16),
    ]  # fmt: skip
    sizes = [(height // 2**scale, width // 2**scale) for scale in range(3)]
    assert [tuple(one.shape) for one in disparities] == [(1, 1, *size) for size in sizes]
    assert all(0 < float(one.min()) < float(one.max()) < 1 for one in disparities)


def test_dilations_of_the_two_sets():
    base = "lite-mono-base"
    assert stage_dilations(base, "640x192") == ((1, 2, 3), (1, 2, 3), (1, 2, 3, 1, 2, 3, 2, 4, 6))
    assert stage_dilations(base, "1024x320") == ((1, 2, 5), (1, 2, 5), (1, 2, 5, 1, 2, 5, 2, 4, 10))
    assert stage_dilations("lite-mono-tiny", "1024x320")[2] == (1, 2, 5, 2, 4, 10)
    assert stage_dilations("lite-mono-8m", "1024x320") == stage_dilations("lite-mono-8m", "640x192")


def test_every_parameter_learns_and_fewer_scales_have_fewer_heads():
    torch.manual_seed(0)
    encoder = LiteMonoEncoder("lite-mono-tiny", drop_path=0.2)
    decoder = LiteMonoDecoder(encoder.channels, scales=2)
    disparities = decoder(encoder(torch.rand(2, 3, 32, 64)))
    assert len(disparities) == 2
    torch.stack([one.sum() for one in disparities]).sum().backward()
    for name, parameter in [*encoder.named_parameters(), *decoder.named_parameters()]:
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_a_dropped_path_keeps_the_mean_and_is_off_outside_training():
    torch.manual_seed(0)
    x = torch.ones(4000, 2, 1, 1)
    dropped = _drop_path(x, 0.4, training=True)
    assert dropped[:, 0, 0, 0].unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert torch.equal(dropped[:, 0], dropped[:, 1])  # a sample is dropped as a whole
    assert float(dropped.mean()) == pytest.approx(1, abs=0.05)
    assert _drop_path(x, 0.4, training=False) is x
    rates = [block.drop_path for stage in LiteMonoEncoder("lite-mono-tiny", drop_path=0.3).stages for block in stage]
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(0.3)
    assert rates == sorted(rates)


def test_position_waves_by_hand():
    waves = position_waves(2, 4, like=torch.zeros(()))
    assert waves.shape == (1, 64, 2, 4)
    turn = 2 * torch.pi
    assert float(waves[0, 0, 0, 0]) == pytest.approx(torch.sin(torch.tensor(turn / 2)).item(), abs=1e-4)  # y: half way
    assert float(waves[0, 33, 0, 0]) == pytest.approx(0, abs=1e-4)  # cos of a quarter turn in x
    assert torch.equal(waves[0, :32, :, 0], waves[0, :32, :, 3])
    assert torch.equal(waves[0, 32:, 0], waves[0, 32:, 1])


@pytest.mark.parametrize("name", ["resnet18", "efficientnet-lite0"])
def test_other_encoders_have_the_decoder_of_monodepth2(name: EncoderName):
    network = build_depth_network(name, pretrained=False).eval()
    with torch.no_grad():
        assert [one.shape[-1] for one in network(torch.rand(1, 3, 64, 96))] == [96, 48, 24, 12]


def test_every_encoder_is_a_depth_network():
    assert set(get_args(DepthNetworkName)) == {*get_args(EncoderName), *get_args(LiteMonoName)}


def imagenet_file(folder: Path) -> tuple[Path, dict[str, Tensor]]:
    """A file as the authors' pretraining writes it: released names, in "model", with a classifier."""
    torch.manual_seed(3)
    encoder = LiteMonoEncoder("lite-mono-tiny")
    state = {released(key): value for key, value in encoder.state_dict().items()}
    state |= {"norm.weight": torch.ones(128), "head.weight": torch.ones(10, 128)}
    torch.save({"model": state, "epoch": 3}, folder / "tiny.pth")
    return folder / "tiny.pth", encoder.state_dict()


def released(key: str, *, deep: bool = False) -> str:
    """The release's name of a tensor of ours; `deep` are base and 8m."""
    key = key.replace("attention.queries_keys_values", "xca.qkv").replace("attention.output", "xca.proj")
    key = key.replace("attention.temperature", "xca.temperature").replace("attention_norm", "norm_xca")
    key = key.replace("attention_gain", "gamma_xca").replace("gain", "gamma").replace("depthwise", "ddwconv.conv")
    key = key.replace("positions", "pos_embd.token_projection")
    key = key.replace("perceptron.0", "pwconv1").replace("perceptron.2", "pwconv2")
    if key.startswith("stages") and ("running" in key or "tracked" in key):
        key = key.replace(".norm.", ".bn1.")
    part, *rest = key.split(".")
    if part == "stem":
        return f"downsample_layers.0.{rest[0]}.{'conv' if rest[1] == '0' else 'bn_gelu.bn'}.{rest[2]}"
    if part == "merges":
        return "stem2.0.conv.weight" if rest[0] == "0" else f"downsample_layers.{rest[0]}.0.conv.weight"
    last = {"0": "3", "1": "3", "2": "9" if deep else "6"}[rest[0]]
    return key if rest[1] == last else key.replace(".norm.", ".bn1.")


def test_imagenet_weights_come_from_a_file(tmp_path: Path):
    file, expected = imagenet_file(tmp_path)
    network = build_depth_network("lite-mono-tiny", pretrained=True, weights=file)
    for key, value in network.encoder.state_dict().items():
        assert torch.equal(value, expected[key]), key
    with pytest.raises(UsageError, match="do not fit the network 'lite-mono-8m'"):
        build_depth_network("lite-mono-8m", pretrained=True, weights=file)
    with pytest.raises(UsageError, match=r"depth_weights.*pretrained=False"):
        build_depth_network("lite-mono-8m", pretrained=True)
