"""No pickle is executed, ever: a payload for each place that reads files of others."""

import ast
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.cli.conftest import SMALL

import vection
from vection.data.clips.folder import read_clip
from vection.data.readers.dynamo_layout import _read_masks, _read_points
from vection.data.readers.sc_sfmlearner_folders import _depth
from vection.data.synthetic.drive import write_drive
from vection.engines.run_times import EXTRA_FILE, open_network
from vection.errors import VectionError
from vection.evaluation.paths.camera_path import open_paths
from vection.evaluation.predictions.read import open_predictions
from vection.evaluation.truth.truth_set import exported_truth
from vection.exports.scene import read_depth
from vection.foreign_weights.layouts import import_checkpoint
from vection.formats.checkpoint import WEIGHTS, save_checkpoint
from vection.formats.measured_geometry import read_map
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.networks.weights.pretrained import imagenet_weights
from vection.reports.examples import read_examples

MARK = "executed"


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return os.mkdir, (str(self.folder / MARK),)


def object_array(folder: Path) -> np.ndarray:
    return np.array([Payload(folder)], dtype=object)


def npy(folder: Path, name: str) -> Path:
    np.save(folder / name, object_array(folder), allow_pickle=True)
    return folder / name


def raw(folder: Path, name: str) -> Path:
    """A bare pickle, which NumPy and torch would load as well."""
    (folder / name).write_bytes(pickle.dumps(Payload(folder), protocol=2))
    return folder / name


def npz(folder: Path, name: str, *keys: str) -> Path:
    np.savez(folder / name, **dict.fromkeys(keys, object_array(folder)))
    return folder / name


def pth(folder: Path, name: str, *, zipped: bool = True) -> Path:
    state = {"encoder.conv1.weight": torch.zeros(1), "payload": Payload(folder)}
    torch.save(state, folder / name, _use_new_zipfile_serialization=zipped)
    return folder / name


def truth(folder: Path) -> object:
    write_drive(folder / "clip", SMALL, seed=1)
    npz(folder / "clip/truth", "000000.npz", "depth")
    return read_clip(folder / "clip").read_truth(0)


def checkpoint(folder: Path) -> object:
    save_checkpoint(folder / "last", weights={}, config={"recipe": {}})
    shutil.copy(raw(folder, "pickle"), folder / "last" / WEIGHTS)
    return vection.load(folder / "last")


def program(folder: Path, *, constant: str = "", member: str = "", inputs: bool = False) -> object:
    """An exported program with a payload where PyTorch would look for a constant, for code or for example inputs."""
    exported = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
    torch.export.save(exported, folder / "a.pt2", extra_files={EXTRA_FILE: "{}"})
    (folder / "hostile").mkdir()
    with zipfile.ZipFile(folder / "a.pt2") as whole, zipfile.ZipFile(folder / "hostile/a.pt2", "w") as hostile:
        for name in whole.namelist():
            data = whole.read(name)
            if constant and name.endswith("constants_config.json"):
                stated = {"path_name": constant, "is_param": False, "use_pickle": True, "tensor_meta": None}
                data = json.dumps({"config": {"x": stated}}).encode()
            if inputs and "sample_inputs" in name:
                torch.save({"a": Payload(folder)}, folder / "inputs")
                data = (folder / "inputs").read_bytes()
            hostile.writestr(name, data)
        for name in filter(None, (constant and f"a/data/constants/{constant}", member)):
            hostile.writestr(name, pickle.dumps(Payload(folder)))
    return open_network(folder / "hostile/a.pt2")


def network(folder: Path) -> object:
    settings = Monodepth2Settings(depth_network="lite-mono-tiny", depth_weights=str(pth(folder, "a.pth")))
    return Monodepth2(settings)


PLACES: dict[str, Callable[[Path], object]] = {
    "predictions, .npy": lambda folder: open_predictions(npy(folder, "depths.npy"), names=["a"]),
    "predictions, .npy that is a pickle": lambda folder: open_predictions(raw(folder, "depths.npy"), names=["a"]),
    "predictions, .npz of one array": lambda folder: open_predictions(npz(folder, "a.npz", "depths"), names=["a"]),
    "predictions, .npz": lambda folder: open_predictions(npz(folder, "depths.npz", "a", "b"), names=["a"]).read("a"),
    "predictions, a folder of maps": lambda folder: open_predictions(npy(folder, "a.npy").parent).read("a"),
    "truth of a clip": truth,
    "exported truth": lambda folder: exported_truth(npz(folder, "gt_depths.npz", "data")),
    "exported truth of several images": lambda folder: exported_truth(npz(folder, "gt.npz", "a", "b")).read("a"),
    "steps of a path": lambda folder: open_paths(npy(folder, "poses.npy")),
    "measured depth": lambda folder: read_map(npz(folder, "a.npz", "depth").parent, "a", size=(4, 4)),
    "depth to export": lambda folder: read_depth(npy(folder, "a.npy")),
    "examples of a report": lambda folder: read_examples(npz(folder, "a.npz", "image", "depth", "unit").parent),
    "laser points of Dynamo-Depth's layout": lambda folder: _read_points(npy(folder, "a.npy")),
    "labels of Dynamo-Depth's layout": lambda folder: _read_masks(npz(folder, "a.npz", "motion_label")),
    "depth of SC-SfMLearner's layout": lambda folder: _depth(npy(folder, "a.npy")),
    "weights of a run": checkpoint,
    "public weights, a zip archive": lambda folder: import_checkpoint(pth(folder, "encoder.pth")),
    "public weights, the older format": lambda folder: import_checkpoint(pth(folder, "encoder.pth", zipped=False)),
    "public weights, a bare pickle": lambda folder: import_checkpoint(raw(folder, "encoder.pth")),
    "public weights named .safetensors": lambda folder: import_checkpoint(raw(folder, "model.safetensors")),
    "a checkpoint of Lightning": lambda folder: import_checkpoint(pth(folder, "last.ckpt")),
    "ImageNet weights": lambda folder: imagenet_weights("resnet18", weights=pth(folder, "resnet18.pth")),
    "ImageNet weights of a setting": network,
    "an exported program, a constant": lambda folder: program(folder, constant="opaque_obj_0"),
    "an exported program, a custom object": lambda folder: program(folder, constant="custom_obj_0"),
    "an exported program, machine code": lambda folder: program(folder, member="a/data/aotinductor/model/a.so"),
    "an exported program, example inputs": lambda folder: program(folder, inputs=True),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_payload_is_refused(place: Callable[[Path], object], tmp_path: Path):
    with pytest.raises(VectionError):
        place(tmp_path)
    assert not (tmp_path / MARK).exists()


def test_the_payload_would_be_executed(tmp_path: Path):
    np.load(npy(tmp_path, "a.npy"), allow_pickle=True)
    assert (tmp_path / MARK).exists()


def test_a_program_without_payload_is_read(tmp_path: Path):
    with pytest.raises(VectionError, match=r"not valid at 'part'"):  # which is its description
        program(tmp_path)


def test_nothing_in_the_library_unpickles():
    found = []
    for path in Path(vection.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            words = {word.arg: ast.unparse(word.value) for word in node.keywords}
            allowed = {"torch.load": words.get("weights_only") == "True", "np.load": "True" not in words.values()}
            if name in ("eval", "exec", "pickle.load", "pickle.loads", "joblib.load") or not allowed.get(name, True):
                found.append(f"{path}:{node.lineno}")
    assert found == []
