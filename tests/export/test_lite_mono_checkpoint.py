from pathlib import Path

import pytest
import torch
from tests.networks.test_lite_mono import released
from torch import Tensor

from vection.errors import UsageError
from vection.export.lite_mono_checkpoint import import_lite_mono
from vection.networks.depth_network import DepthNetwork, build_depth_network


def released_decoder(key: str) -> str:
    part, index, *rest = key.split(".")
    if part == "heads":
        return f"decoder.{6 + int(index)}.conv.{rest[0]}"
    return f"decoder.{2 * int(index) + (part == 'after_skip')}.conv.conv.{rest[1]}"


def write_checkpoint(folder: Path) -> DepthNetwork:
    torch.manual_seed(0)
    network = build_depth_network("lite-mono-tiny", pretrained=False).eval()
    encoder: dict[str, Tensor | int] = {released(key): value for key, value in network.encoder.state_dict().items()}
    encoder |= {"height": 192, "width": 640, "use_stereo": False, "stages.0.0.norm.weight": torch.ones(32)}
    torch.save(encoder, folder / "encoder.pth")
    decoder = {released_decoder(key): value for key, value in network.decoder.state_dict().items()}
    torch.save(decoder, folder / "depth.pth")
    return network


def test_a_released_checkpoint_predicts_what_it_was_written_from(tmp_path: Path):
    network, image = write_checkpoint(tmp_path), torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        for given, expected in zip(import_lite_mono(tmp_path)(image), network(image), strict=True):
            torch.testing.assert_close(given, expected)


def test_missing_and_strange_files(tmp_path: Path):
    with pytest.raises(UsageError, match=r"lacks 'encoder.pth'"):
        import_lite_mono(tmp_path)
    write_checkpoint(tmp_path)
    torch.save({"decoder.0.conv.conv.weight": torch.ones(1)}, tmp_path / "depth.pth")
    with pytest.raises(UsageError, match="do not fit a Lite-Mono network"):
        import_lite_mono(tmp_path)
    torch.save({"strange": torch.ones(1)}, tmp_path / "encoder.pth")
    with pytest.raises(UsageError, match="tensors have other names"):
        import_lite_mono(tmp_path)
