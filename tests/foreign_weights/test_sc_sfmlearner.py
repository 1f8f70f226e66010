from pathlib import Path

import pytest
import torch
from torch import Tensor

from vection.errors import UsageError
from vection.foreign_weights.layouts import import_checkpoint
from vection.methods.sc_sfmlearner import ScSfmLearner, ScSfmLearnerSettings
from vection.methods.sc_sfmlearner_settings import AS_RELEASED, Released
from vection.networks.motion.pose import PoseNet


def import_sc_sfmlearner(folder: Path) -> ScSfmLearner:
    method = import_checkpoint(folder, layout="sc-sfmlearner").method
    assert isinstance(method, ScSfmLearner)
    return method


PARTS = {"down": "conv", "up": "upconv", "merge": "iconv", "heads": "predict_disp"}
POSE = ("squeeze", "conv1", "conv2", "head")
FILES = ("dispnet_model_best.pth.tar", "exp_pose_model_best.pth.tar")


def public_dispnet(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The paper's code numbers levels from 1 and wraps single layers into lists."""
    public = {}
    for key, value in state.items():
        part, number, rest = key.split(".", maxsplit=2)
        wrapped = f"0.{rest}" if part in ("up", "heads") else rest
        public[f"{PARTS[part]}{int(number) + 1}.{wrapped}"] = value
    for scale, channels in ((5, 256), (6, 512)):
        public[f"predict_disp{scale}.0.weight"] = torch.zeros(1, channels, 3, 3)
        public[f"predict_disp{scale}.0.bias"] = torch.zeros(1)
    return public


def public_unet(state: dict[str, Tensor]) -> dict[str, Tensor]:
    public = {"encoder.encoder.fc.weight": torch.ones(10, 512)}
    for key, value in state.items():
        part, rest = key.split(".", maxsplit=1)
        if part == "encoder":
            public[f"encoder.encoder.{rest}"] = value
            continue
        name, number, *_, last = rest.split(".")
        index = {"before_upsampling": 2 * int(number), "after_skip": 2 * int(number) + 1, "heads": 10 + int(number)}
        middle = "conv" if name == "heads" else "conv.conv"
        public[f"decoder.decoder.{index[name]}.{middle}.{last}"] = value
    for scale in (1, 2, 3):
        public[f"decoder.decoder.{10 + scale}.conv.weight"] = torch.zeros(1, (32, 64, 128)[scale - 1], 3, 3)
        public[f"decoder.decoder.{10 + scale}.conv.bias"] = torch.zeros(1)
    return public


def public_pose(method: ScSfmLearner) -> dict[str, Tensor]:
    motion = method.ego_motion
    public = {}
    if motion.posenet is not None:
        for key, value in motion.posenet.state_dict().items():
            if key.startswith("head."):
                public[key.replace("head.", "pose_pred.")] = value
            else:
                _, number, name = key.split(".")
                public[f"conv{int(number) + 1}.0.{name}"] = value
        return public
    for key, value in motion.encoder.state_dict().items():
        public[f"encoder.encoder.{key}"] = value
    for key, value in motion.decoder.state_dict().items():
        layer, name = key.split(".")
        public[f"decoder.net.{POSE.index(layer)}.{name}"] = value
    return public


def write_public(folder: Path, method: ScSfmLearner, *, names: tuple[str, str] = FILES) -> Path:
    """Write a method's weights as the public checkpoints hold them."""
    folder.mkdir()
    state = method.depth_network.state_dict()
    depth = public_dispnet(state) if "down.0.0.weight" in state else public_unet(state)
    for name, weights in zip(names, (depth, public_pose(method)), strict=True):
        torch.save({"epoch": 7, "state_dict": weights}, folder / name)
    return folder


def make_method(**changes: object) -> ScSfmLearner:
    torch.manual_seed(0)
    return ScSfmLearner(ScSfmLearnerSettings(**changes)).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [{"depth_network": "dispnet"}, {"depth_network": "resnet18", "ego_motion": "resnet18"}],
    ids=["paper", "released"],
)
def test_an_imported_model_computes_the_same(tmp_path: Path, changes: dict[str, object]):
    method = make_method(**changes)
    imported = import_sc_sfmlearner(write_public(tmp_path / "public", method))
    assert not imported.training
    settings = imported.settings
    assert (settings.depth_network, settings.ego_motion) == (changes["depth_network"], method.settings.ego_motion)
    of_paper = Released(smoothness="first-order")
    assert settings.released == (of_paper if changes["depth_network"] == "dispnet" else AS_RELEASED)
    first, second = torch.rand(2, 1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(imported.predict_depth(first), method.predict_depth(first))
        assert torch.equal(imported.predict_motion(first, second).ego, method.predict_motion(first, second).ego)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    method = make_method(depth_network="resnet18")  # the networks of two versions, which need not fit each other
    return write_public(tmp_path_factory.mktemp("public") / "whole", method)


def link(folder: Path, whole: Path) -> Path:
    folder.mkdir()
    for file in whole.iterdir():
        (folder / file.name).symlink_to(file)
    return folder


def test_the_last_checkpoint_serves_where_there_is_no_best(tmp_path: Path, public: Path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in FILES:
        (folder / name.replace("model_best", "checkpoint")).symlink_to(public / name)
    assert import_sc_sfmlearner(folder).settings.depth_network == "resnet18"


def test_without_a_depth_network_there_is_nothing_to_import(tmp_path: Path, public: Path):
    folder = link(tmp_path / "model", public)
    (folder / FILES[0]).unlink()
    with pytest.raises(UsageError, match=f"is no SC-SfMLearner checkpoint: it lacks the depth network, '{FILES[0]}'"):
        import_sc_sfmlearner(folder)


def test_without_a_pose_network_depth_is_known_and_motion_is_not(tmp_path: Path, public: Path):
    folder = link(tmp_path / "model", public)
    (folder / FILES[1]).unlink()
    assert import_sc_sfmlearner(public).knows.ego_motion
    assert not import_sc_sfmlearner(folder).knows.ego_motion


def test_renamed_files_are_told_apart_by_their_tensors(tmp_path: Path, public: Path):
    folder = tmp_path / "model"
    folder.mkdir()
    for old, new in zip(FILES, ("second.tar", "first.tar"), strict=True):
        (folder / new).symlink_to(public / old)
    assert import_sc_sfmlearner(folder).knows.ego_motion


STRANGE: dict[str, dict[str, Tensor]] = {
    "another network": PoseNet().state_dict(),
    "unknown numbers": {"conv2.0.weight": torch.ones(1), "upconv1.0.weight": torch.ones(1), "conv9.0": torch.ones(1)},
    "no numbers": {"pose_pred.weight": torch.ones(1), "convx.0.weight": torch.ones(1)},
    "too little": {"encoder.encoder.conv1.weight": torch.ones(1)},
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", [None, *STRANGE])
def test_strange_files_are_refused_in_a_sentence(tmp_path: Path, public: Path, file: str, content: str | None):
    folder = link(tmp_path / "model", public)
    (folder / file).unlink()
    if content is None:
        (folder / file).write_bytes(b"these are not weights")
    else:
        torch.save({"state_dict": STRANGE[content]}, folder / file)
    with pytest.raises(UsageError, match=file.split("_model")[0]) as caught:
        import_sc_sfmlearner(folder)
    assert "\n" not in str(caught.value)
