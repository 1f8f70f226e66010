from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vection.errors import UsageError
from vection.foreign_weights.layouts import import_checkpoint
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.networks.motion.pose import PoseNet


def import_monodepth2(folder: Path) -> Monodepth2:
    method = import_checkpoint(folder, layout="monodepth2").method
    assert isinstance(method, Monodepth2)
    return method


POSE = ("squeeze", "conv1", "conv2", "head")


def public_decoder(method: Monodepth2) -> dict[str, Tensor]:
    """Ten convolution blocks from coarse to fine, alternately before and after the skip; then a head a scale."""
    state = {}
    for key, value in method.depth_network.decoder.state_dict().items():
        part, number, *rest = key.split(".")
        index = {"before_upsampling": 2 * int(number), "after_skip": 2 * int(number) + 1, "heads": 10 + int(number)}
        middle = ["conv"] if part == "heads" else ["conv", "conv"]
        state[".".join(["decoder", str(index[part]), *middle, rest[-1]])] = value
    return state


def write_public(folder: Path, method: Monodepth2) -> Path:
    """Write a method's weights as the public checkpoints hold them."""
    folder.mkdir()
    encoder = {f"encoder.{key}": value for key, value in method.depth_network.encoder.state_dict().items()}
    extra = {"encoder.fc.weight": torch.ones(10, 512), "encoder.fc.bias": torch.ones(10)}
    torch.save(
        {**encoder, **extra, "height": 192, "width": 640, "use_stereo": method.settings.stereo}, folder / "encoder.pth"
    )
    torch.save(public_decoder(method), folder / "depth.pth")
    if method.ego_motion is None:
        return folder
    if method.settings.ego_motion == "posenet":
        network = method.ego_motion.get_submodule("network").state_dict()
        names = {"convolutions": "net", "head": "pose_conv"}
        state = {names[key.split(".")[0]] + key[key.index(".") :]: value for key, value in network.items()}
        torch.save(state, folder / "pose.pth")
        return folder
    decoder = method.ego_motion.get_submodule("decoder").state_dict()
    renamed = {f"net.{POSE.index(key.split('.')[0])}.{key.split('.')[1]}": value for key, value in decoder.items()}
    torch.save(renamed, folder / "pose.pth")
    if method.settings.ego_motion == "separate":
        state = {f"encoder.{key}": value for key, value in method.ego_motion.encoder.state_dict().items()}
        torch.save({**state, **extra}, folder / "pose_encoder.pth")
    return folder


def make_method(**changes: object) -> Monodepth2:
    torch.manual_seed(0)
    return Monodepth2(Monodepth2Settings(pretrained=False, **changes)).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"depth_network": "resnet34", "ego_motion": "posenet"},
        {"depth_network": "resnet50", "temporal": False, "stereo": True},
        {"ego_motion": "shared", "scales": 1},
        {"stereo": True},
    ],
    ids=["separate", "posenet", "stereo", "shared", "mono and stereo"],
)
def test_an_imported_model_computes_the_same(tmp_path: Path, changes: dict[str, object]):
    method = make_method(**changes)
    imported = import_monodepth2(write_public(tmp_path / "public", method))
    assert not imported.training
    settings, expected = imported.settings, method.settings
    assert (settings.depth_network, settings.scales) == (expected.depth_network, expected.scales)
    assert (settings.temporal, settings.stereo) == (expected.temporal, expected.stereo)
    first, second = torch.rand(2, 1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(imported.predict_depth(first), method.predict_depth(first))
        if method.ego_motion is not None:
            assert torch.equal(imported.predict_motion(first, second).ego, method.predict_motion(first, second).ego)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    whole = write_public(tmp_path_factory.mktemp("public") / "whole", make_method())

    def link(folder: Path) -> Path:
        folder.mkdir()
        for file in whole.iterdir():
            (folder / file.name).symlink_to(file)
        return folder

    return link


@pytest.mark.parametrize("missing", ["encoder.pth", "depth.pth"])
def test_a_missing_file_is_named(tmp_path: Path, public: Callable[[Path], Path], missing: str):
    folder = public(tmp_path / "model")
    (folder / missing).unlink()
    with pytest.raises(UsageError, match=f"is no Monodepth2 checkpoint: it lacks '{missing}'"):
        import_monodepth2(folder)


def test_a_folder_that_does_not_exist(tmp_path: Path):
    with pytest.raises(UsageError, match="There is no checkpoint at"):
        import_monodepth2(tmp_path / "nothing")


@pytest.mark.parametrize("file", ["encoder.pth", "depth.pth", "pose_encoder.pth", "pose.pth"])
@pytest.mark.parametrize("content", ["garbage", "another network", "numbered otherwise"])
def test_strange_files_are_refused_in_a_sentence(
    tmp_path: Path, public: Callable[[Path], Path], file: str, content: str
):
    folder = public(tmp_path / "model")
    (folder / file).unlink()
    if content == "garbage":
        (folder / file).write_bytes(b"these are not weights")
    elif content == "another network":
        torch.save(PoseNet().state_dict(), folder / file)
    else:
        torch.save({"net.9.weight": torch.ones(1), "decoder.x.conv.weight": torch.ones(1)}, folder / file)
    with pytest.raises(UsageError, match=file.replace(".", r"\.")) as caught:
        import_monodepth2(folder)
    assert "\n" not in str(caught.value)
