from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from vection.errors import UsageError
from vection.foreign_weights.layouts import import_checkpoint
from vection.foreign_weights.motion_field import (
    camera_state,
    convert_motion_field,
    depth_state,
    motion_state,
)
from vection.methods.motion_field import MotionField
from vection.methods.motion_field_settings import MotionFieldSettings
from vection.networks.cameras import PredictedCameras

KINDS = {"weight": "weights", "bias": "biases"}
NORMS = {"weight": "gamma", "bias": "beta"}


def tensorflow_name(key: str) -> str:
    """Of a weight of ours the released code's variable."""
    network, _, key = key.partition(".")
    part, *rest = key.split(".")
    kind = key.rpartition(".")[2]
    if network == "motion_network":
        if part.endswith("_scale"):
            return f"MotionFieldNet/Scales/{part.removesuffix('_scale')}"
        if part == "convolutions":
            return f"MotionFieldNet/Conv{int(rest[0]) + 1}/{KINDS[kind]}"
        if part == "refinements":
            place = "Images" if rest[0] == "7" else str(7 - int(rest[0]))
            branch = {"short": "Conv", "long1": "Conv_1", "long2": "Conv_2", "head": "Conv_3"}[rest[1]]
            return f"MotionFieldNet/Refine{place}/{branch}/{KINDS[kind]}"
        names = {"background": "background_motion", "seed": "unrefined_residual_translation"}
        return f"MotionFieldNet/{names[part]}/{KINDS[kind]}"
    part, *rest = rest
    if part in ("doublings", "joins"):
        names = {"doublings": "upconv", "joins": "iconv"}
        return f"depth_prediction/{names[part]}{5 - int(rest[0])}/{KINDS[kind]}"
    if part == "head":
        return f"depth_prediction/disp1/{KINDS[kind]}"
    if part == "stages":
        layer = f"depth_prediction/conv{int(rest[0]) + 2}_{int(rest[1]) + 1}"
        part = rest[2]
        if part.startswith("norm"):
            return f"{layer}/bn_{part[-1]}/{NORMS[kind]}"
        return f"{layer}/{'shortcut' if part == 'shortcut' else f'conv_{part[-1]}'}/kernel"
    return f"depth_prediction/conv1/{f'bn/{NORMS[kind]}' if part == 'norm1' else 'conv/kernel'}"


@pytest.fixture(scope="module")
def method() -> MotionField:
    torch.manual_seed(0)
    return MotionField(MotionFieldSettings(pretrained=False)).eval()


@pytest.fixture(scope="module")
def variables(method: MotionField) -> dict[str, Tensor]:
    state = {key: value for key, value in method.state_dict().items() if key != "residual_weight"}
    return {
        tensorflow_name(key): value.permute(2, 3, 1, 0).contiguous() if value.dim() == 4 else value
        for key, value in state.items()
    }


def test_every_weight_finds_its_place(method: MotionField, variables: dict[str, Tensor]):
    found = convert_motion_field(variables)
    expected = method.state_dict()
    assert {key for key, value in found.state_dict().items() if not torch.equal(value, expected[key])} == set()
    assert not found.training
    assert found.settings.released.padding == "tensorflow"


def test_from_a_file(tmp_path: Path, method: MotionField, variables: dict[str, Tensor]):
    save_file(variables, tmp_path / "model.safetensors")
    imported = import_checkpoint(tmp_path / "model.safetensors")
    found = imported.method
    assert (imported.layout, imported.width, imported.height) == ("motion-field", 416, 128)
    assert not imported.size_is_known
    assert isinstance(found, MotionField)
    assert torch.equal(found.motion_network.seed.weight, method.motion_network.seed.weight)


def test_another_networks_variables(variables: dict[str, Tensor]):
    with pytest.raises(UsageError, match="does not fit the networks of Li et al"):
        convert_motion_field({name: value for name, value in variables.items() if "disp1" not in name})
    with pytest.raises(UsageError, match="does not fit"):
        convert_motion_field({})
    with pytest.raises(UsageError, match="does not fit"):
        convert_motion_field({"depth_prediction/strange/thing": torch.zeros(1)})


def test_the_camera_head_is_apart():
    given = {
        "MotionFieldNet/CameraIntrinsics/foci/weights": torch.rand(1, 1, 8, 2),
        "MotionFieldNet/CameraIntrinsics/foci/biases": torch.rand(2),
        "MotionFieldNet/CameraIntrinsics/offsets/weights": torch.rand(1, 1, 8, 2),
    }
    PredictedCameras(8).load_state_dict(camera_state(given))
    assert motion_state(given) == depth_state(given) == {}
