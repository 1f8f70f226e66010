"""Exported networks predict what PyTorch predicts; what does not is refused; files know what they are."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vection.engines.engine import SUFFIXES
from vection.engines.run_times import open_network
from vection.errors import DataError, UsageError
from vection.formats.checkpoint import save_checkpoint
from vection.methods.method import changed
from vection.recipes.methods import build_method
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe
from vection.runs.networks.export import STATEMENT, _place_beside, export_network

HEIGHT, WIDTH = 64, 96
NEEDED = {"onnx": ("onnx", "onnxruntime", "onnxscript"), "openvino": ("openvino",), "torch": ()}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def make_run(folder: Path, recipe: str = "monodepth2-debug", **changes: object) -> Path:
    """Write a run folder of random weights, of which batch norms have statistics of their own."""
    chosen = get_recipe(recipe)
    method = replace(changed(chosen.method, **changes), pretrained=False)
    chosen = replace(chosen, method=method, data=replace(chosen.data, height=HEIGHT, width=WIDTH))
    torch.manual_seed(0)
    built = build_method(chosen.method)
    for module in built.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr]
    save_checkpoint(
        folder / "checkpoints" / "best", weights=built.state_dict(), config={"recipe": recipe_to_json(chosen)}
    )
    return folder


def needs(run_time: str) -> None:
    missing = [package for package in NEEDED[run_time] if find_spec(package) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: pip install 'vection[{run_time}]'")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(4):
        small = generator.integers(0, 256, (8, 12, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(small, (2 * WIDTH, 2 * HEIGHT)))
    return folder


@pytest.mark.parametrize("run_time", ["onnx", "openvino", "torch"])
@pytest.mark.parametrize("dynamic", [False, True])
def test_depth_of_a_file_is_that_of_pytorch(run_time: str, dynamic: bool, tmp_path: Path):
    needs(run_time)
    run = make_run(tmp_path / "run")
    (exported,) = export_network(run, to=run_time, dynamic=dynamic)  # type: ignore[arg-type]
    assert exported.file == tmp_path / f"run-{run_time}-fp32" / f"depth{SUFFIXES[run_time]}"  # type: ignore[index]
    assert exported.agreement.largest < 1e-4
    network = open_network(exported.file, threads=1)
    assert network.description == exported.description
    size = (3, 128, 160, 3) if dynamic else (1, HEIGHT, WIDTH, 3)
    depth = network.run({"image": np.zeros(size, np.uint8)})["depth"]
    assert depth.shape == size[:3]
    assert (depth > 0).all()
    stated = json.loads((exported.file.parent / STATEMENT).read_text())
    assert stated[0]["agreement"]["largest"] == exported.agreement.largest


def test_a_file_of_the_run_here_lies_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    assert _place_beside(Path(), "onnx-fp32") == tmp_path.resolve() / "run-onnx-fp32"
    assert _place_beside(Path("street"), "onnx-fp32") == Path("street-onnx-fp32")


MATRIX = [
    *(("monodepth2-debug", {"depth_network": name}) for name in ("resnet18", "resnet34", "resnet50")),
    *(("monodepth2-debug", {"depth_network": name}) for name in ("lite-mono-tiny", "lite-mono-8m")),
    ("monodepth2-debug", {"ego_motion": "posenet"}),
    ("monodepth2-debug", {"ego_motion": "shared"}),
    ("sc-sfmlearner-debug", {}),
    ("sc-sfmlearner-dispnet-416x128", {}),
    ("sc-sfmlearner-dispresnet-416x128", {}),
    ("sgdepth-debug", {}),
    ("motion-field-debug", {}),
    ("dynamo-depth-debug", {}),
    ("dynamo-depth-synthetic", {}),
    ("measured-depth-debug", {}),
    ("street", {}),
]


NOT_WRITTEN = {
    ("dynamo-depth-debug", "onnx", "motion"),
    ("dynamo-depth-synthetic", "onnx", "motion"),
    ("dynamo-depth-synthetic", "openvino", "motion"),
}


@pytest.mark.slow
@pytest.mark.parametrize("run_time", ["onnx", "openvino", "torch"])
@pytest.mark.parametrize(("recipe", "changes"), MATRIX)
def test_every_method_and_encoder(recipe: str, changes: dict[str, object], run_time: str, tmp_path: Path):
    needs(run_time)
    run = make_run(tmp_path / "run", recipe, **changes)
    knows = build_method(replace(changed(get_recipe(recipe).method, **changes), pretrained=False)).knows
    parts = ["depth", *["motion"] * knows.ego_motion, *["classes"] * knows.classes]
    for part in parts:
        if (recipe, run_time, part) in NOT_WRITTEN:
            with pytest.raises(UsageError, match="cannot export the motion"):
                export_network(run, to=run_time, parts=[part], out=tmp_path / part)  # type: ignore[list-item, arg-type]
        else:
            export_network(run, to=run_time, parts=[part], out=tmp_path / part)  # type: ignore[list-item, arg-type]


def test_motion_is_exported_with_what_the_method_looks_at(tmp_path: Path):
    run = make_run(tmp_path / "run", "dynamo-depth-debug")
    (exported,) = export_network(run, to="torch", parts=["motion"])
    assert exported.description.inputs == ("first", "second", "before", "intrinsics")
    assert exported.description.outputs == ("T_first_to_second", "object_flow", "motion_mask")
    assert exported.agreement.largest < 1e-4


def test_motion_that_hangs_on_time_is_not_exported_and_what_is_not_learned_neither(tmp_path: Path):
    run = make_run(tmp_path / "run", "dynamo-depth-debug", flow_seconds=0.05)
    with pytest.raises(UsageError, match="depends on the time between frames"):
        export_network(run, to="torch", parts=["motion"])
    config = run / "checkpoints" / "best" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"knows": {"object_motion": False}}))
    (exported,) = export_network(run, to="torch", parts=["motion"])
    assert exported.description.inputs == ("first", "second")
    assert exported.description.outputs == ("T_first_to_second",)


@pytest.mark.parametrize("run_time", ["onnx", "openvino"])
def test_eight_bits_are_measured_and_compared_on_frames(run_time: str, images: Path, tmp_path: Path):
    needs("onnx")
    needs(run_time)
    run = make_run(tmp_path / "run")
    with pytest.raises(UsageError, match="name them with `frames`"):
        export_network(run, to=run_time, precision="int8")  # type: ignore[arg-type]
    (exported,) = export_network(run, to=run_time, precision="int8", frames=images)  # type: ignore[arg-type]
    assert 1e-9 < exported.agreement.mean < 0.02
    assert {path.name for path in exported.file.parent.iterdir()} <= {"depth.onnx", "depth.xml", "depth.bin", STATEMENT}


def test_beyond_the_tolerance_nothing_is_written(images: Path, tmp_path: Path):
    needs("onnx")
    run = make_run(tmp_path / "run")
    with pytest.raises(UsageError, match="differs from PyTorch by"):
        export_network(run, to="onnx", precision="int8", frames=images, tolerance=1e-9)
    assert not (tmp_path / "run-onnx-int8").exists()


def test_what_cannot_be_exported_is_said(tmp_path: Path):
    run = make_run(tmp_path / "run", "measured-depth-debug")
    with pytest.raises(UsageError, match="has no bf16"):
        export_network(run, to="onnx", precision="bf16", frames=tmp_path)
    with pytest.raises(UsageError, match="do not fit the networks"):
        export_network(run, to="torch", size=(100, 96))
    with pytest.raises(UsageError, match="knows no motion"):
        export_network(run, to="torch", parts=["motion"])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not overwritten"):
        export_network(run, to="torch", out=tmp_path / "mine", overwrite=True)
    broken = tmp_path / "depth.pt2"
    broken.write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot read"):
        open_network(broken)
