import argparse
import io
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vection.errors import UsageError
from vection.networks.weights.weight_file import read_weight_file, read_weights


def saved(content: object) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def test_a_missing_weight_file(tmp_path: Path):
    with pytest.raises(UsageError, match="does not exist"):
        read_weights(tmp_path / "nothing.pth")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize(
    "content", [b"", b"garbage, not weights", saved({"a": torch.ones(999)})[:2000]], ids=["empty", "text", "cut"]
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match="is not a"):
        read_weights(tmp_path / name)


def test_a_file_with_code_in_it_is_refused_by_the_name_of_its_type(tmp_path: Path):
    torch.save({"weight": threading.Thread}, tmp_path / "code.pth")
    with pytest.raises(UsageError, match=r"read safely.*'threading\.Thread'.*save its weights alone") as caught:
        read_weights(tmp_path / "code.pth")
    assert "\n" not in str(caught.value)


def test_a_file_of_something_else(tmp_path: Path):
    torch.save([torch.ones(2)], tmp_path / "list.pth")
    with pytest.raises(UsageError, match="no dictionary of tensors"):
        read_weights(tmp_path / "list.pth")


def test_safetensors_and_torch_files_are_read_alike(tmp_path: Path):
    state = {"a": torch.arange(3.0)}
    save_file(state, tmp_path / "file.safetensors")
    torch.save({**state, "height": 192, "use_stereo": True, "note": "x"}, tmp_path / "file.pth")
    for name in ("file.safetensors", "file.pth"):
        read = read_weights(tmp_path / name)
        assert list(read) == ["a"]
        assert torch.equal(read["a"], state["a"])
    assert read_weight_file(tmp_path / "file.pth").numbers == {"height": 192, "use_stereo": 1}


def test_weights_saved_from_a_data_parallel_wrapper(tmp_path: Path):
    torch.save({"epoch": 3, "state_dict": {"module.a": torch.ones(1)}}, tmp_path / "file.pth.tar")
    assert list(read_weights(tmp_path / "file.pth.tar")) == ["a"]


def test_what_a_training_framework_puts_beside_the_weights_is_skipped(tmp_path: Path):
    """As Lightning does: settings as a Namespace, paths, numbers of numpy, its own kind of dictionary."""
    kind = type("AttributeDict", (dict,), {"__module__": "pytorch_lightning.utilities.parsing"})
    module = type(argparse)("pytorch_lightning.utilities.parsing")
    module.AttributeDict = kind  # type: ignore[attr-defined]
    content = {
        "epoch": 99,
        "state_dict": OrderedDict({"depth_net.a": torch.ones(2)}),
        "hyper_parameters": {"hparams": argparse.Namespace(lr=1e-4, place=Path("/data/kitti"))},
        "callbacks": {"best": np.float64(0.1), "files": [Path("a.ckpt")]},
        "hparams": kind(batch_size=4),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in ("pytorch_lightning", "pytorch_lightning.utilities"):
            patch.setitem(__import__("sys").modules, name, type(argparse)(name))
        patch.setitem(__import__("sys").modules, "pytorch_lightning.utilities.parsing", module)
        torch.save(content, tmp_path / "last.ckpt")
    assert list(read_weights(tmp_path / "last.ckpt")) == ["depth_net.a"]
