from pathlib import Path

import pytest
import torch
from tests.foreign_weights.test_monodepth2 import POSE
from tests.networks.depth.test_lite_mono import released
from torch import Tensor

from vection.errors import UsageError
from vection.foreign_weights.layouts import import_checkpoint
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings


def released_decoder(key: str) -> str:
    part, index, *rest = key.split(".")
    if part == "heads":
        return f"decoder.{6 + int(index)}.conv.{rest[0]}"
    return f"decoder.{2 * int(index) + (part == 'after_skip')}.conv.conv.{rest[1]}"


def write_checkpoint(folder: Path, *, size: tuple[int, int] = (640, 192), pose: bool = True) -> Monodepth2:
    """Write a model as the public checkpoints hold it."""
    torch.manual_seed(0)
    dilations = "1024x320" if size == (1024, 320) else "640x192"
    settings = Monodepth2Settings(depth_network="lite-mono-tiny", pretrained=False, dilations=dilations, scales=3)
    method = Monodepth2(settings).eval()
    encoder: dict[str, Tensor | int] = {
        released(k): value for k, value in method.depth_network.encoder.state_dict().items()
    }
    width, height = size
    encoder |= {"height": height, "width": width, "use_stereo": False, "stages.0.0.norm.weight": torch.ones(32)}
    torch.save(encoder, folder / "encoder.pth")
    decoder = {released_decoder(key): value for key, value in method.depth_network.decoder.state_dict().items()}
    torch.save(decoder, folder / "depth.pth")
    assert method.ego_motion is not None
    if pose:
        state = {f"encoder.{key}": value for key, value in method.ego_motion.encoder.state_dict().items()}
        torch.save(state, folder / "pose_encoder.pth")
        layers = method.ego_motion.get_submodule("decoder").state_dict()
        named = {f"net.{POSE.index(key.split('.')[0])}.{key.split('.')[1]}": value for key, value in layers.items()}
        torch.save(named, folder / "pose.pth")
    return method


@pytest.mark.parametrize("size", [(640, 192), (1024, 320)])
def test_a_released_checkpoint_predicts_what_it_was_written_from(tmp_path: Path, size: tuple[int, int]):
    method, frames = write_checkpoint(tmp_path, size=size), torch.rand(2, 1, 3, 64, 96)
    imported = import_checkpoint(tmp_path)
    assert (imported.layout, imported.width, imported.height) == ("lite-mono", *size)
    found = imported.method
    with torch.no_grad():
        torch.testing.assert_close(found.predict_depth(frames[0]), method.predict_depth(frames[0]))
        torch.testing.assert_close(found.predict_motion(*frames).ego, method.predict_motion(*frames).ego)


def test_depth_alone(tmp_path: Path):
    write_checkpoint(tmp_path, pose=False)
    assert not import_checkpoint(tmp_path).method.knows.ego_motion


def test_missing_and_strange_files(tmp_path: Path):
    write_checkpoint(tmp_path)
    torch.save({"decoder.0.conv.conv.weight": torch.ones(1)}, tmp_path / "depth.pth")
    with pytest.raises(UsageError, match=r"do(es)? not fit a Lite-Mono network"):
        import_checkpoint(tmp_path)
    torch.save({"strange": torch.ones(1)}, tmp_path / "encoder.pth")
    with pytest.raises(UsageError, match="does not fit a Lite-Mono network"):
        import_checkpoint(tmp_path, layout="lite-mono")
    (tmp_path / "depth.pth").unlink()
    with pytest.raises(UsageError, match=r"lacks 'depth.pth'"):
        import_checkpoint(tmp_path, layout="lite-mono")
