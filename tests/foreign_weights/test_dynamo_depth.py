from pathlib import Path

import pytest
import torch
from tests.foreign_weights.test_lite_mono import released_decoder
from tests.networks.depth.test_lite_mono import released
from torch import Tensor

from vection.errors import UsageError
from vection.foreign_weights.layouts import import_checkpoint
from vection.methods.dynamo_depth import DynamoDepth, DynamoDepthSettings
from vection.methods.dynamo_depth_settings import Released


def import_dynamo_depth(folder: Path) -> DynamoDepth:
    method = import_checkpoint(folder, layout="dynamo-depth").method
    assert isinstance(method, DynamoDepth)
    return method


POSE = {"squeeze": "0", "conv1": "1", "conv2": "2", "head": "3"}
ALIASES = ("squeeze", "pose0", "pose1", "pose2")


def released_refinement(key: str) -> str:
    part, *rest = key.split(".")
    if part == "seed":
        return f"_residual_translation.{rest[0]}"
    if part == "corrections":
        return f"refine_motion_redu{rest[0]}.{rest[1]}"
    return f"refine_motion_conv{rest[0]}.{('first', 'second').index(part)}.{rest[1]}"


def pose_file(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The release holds every layer twice."""
    numbered = {f"net.{POSE[key.split('.')[0]]}.{key.split('.')[1]}": value for key, value in state.items()}
    twice = {f"{ALIASES[int(key.split('.')[1])]}.{key.split('.')[2]}": value for key, value in numbered.items()}
    return twice | numbered


def write_checkpoint(folder: Path, *, motion: bool = True) -> DynamoDepth:
    torch.manual_seed(0)
    method = DynamoDepth(
        DynamoDepthSettings(
            pretrained=False,
            released=Released(motion_images="three", pair_order="source-first", flow_order="object-first"),
        )
    ).eval()

    def prefixed(state: dict[str, Tensor]) -> dict[str, Tensor]:
        own = {f"encoder.{key}": value for key, value in state.items()}
        return own | {"encoder.fc.weight": torch.ones(1000, 512), "encoder.fc.bias": torch.ones(1000)}

    files = {
        "depth_enc": {
            released(key, deep=True): value for key, value in method.depth_network.encoder.state_dict().items()
        },
        "depth_dec": {released_decoder(key): value for key, value in method.depth_network.decoder.state_dict().items()},
        "pose_enc": prefixed(method.ego_motion.encoder.state_dict()),
        "pose_dec": pose_file(method.ego_motion.decoder.state_dict()),
    }
    if motion:
        files["motion_enc"] = prefixed(method.motion_encoder.state_dict())
        for name, decoder in (("motion_dec", method.flow_decoder), ("motion_mask", method.mask_decoder)):
            files[name] = {released_refinement(key): value for key, value in decoder.state_dict().items()}
    for name, state in files.items():
        torch.save({**state, "height": 320, "width": 480} if name.endswith("_enc") else state, folder / f"{name}.pth")
    return method


def test_a_released_checkpoint_predicts_what_it_was_written_from(tmp_path: Path):
    method = write_checkpoint(tmp_path)
    found = import_dynamo_depth(tmp_path)
    assert found.settings.released.motion_images == "three"
    assert found.settings.released.pair_order == "source-first"
    frames = torch.rand(3, 1, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(found.predict_depth(frames[1]), method.predict_depth(frames[1]))
        one = found.predict_motion(frames[1], frames[2], before=frames[0])
        other = method.predict_motion(frames[1], frames[2], before=frames[0])
    torch.testing.assert_close(one.ego, other.ego)
    torch.testing.assert_close(one.moving, other.moving)


def test_a_checkpoint_of_the_first_stage_has_depth_and_pose(tmp_path: Path):
    method = write_checkpoint(tmp_path, motion=False)
    frame = torch.rand(1, 3, 64, 96)
    found = import_dynamo_depth(tmp_path)
    assert not found.knows.object_motion
    with torch.no_grad():
        torch.testing.assert_close(found.predict_depth(frame), method.predict_depth(frame))


def test_missing_and_strange_files(tmp_path: Path):
    with pytest.raises(UsageError, match="holds no weight files"):
        import_dynamo_depth(tmp_path)
    write_checkpoint(tmp_path)
    (tmp_path / "pose_enc.pth").rename(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"lacks 'pose_enc.pth'"):
        import_dynamo_depth(tmp_path)
    (tmp_path / "elsewhere").rename(tmp_path / "pose_enc.pth")
    torch.save({"net.0.weight": torch.ones(1)}, tmp_path / "pose_dec.pth")
    with pytest.raises(UsageError, match=r"'pose_dec.pth' does not fit"):
        import_dynamo_depth(tmp_path)
    torch.save({"strange": torch.ones(1)}, tmp_path / "motion_dec.pth")
    write = {"refine_motion_convX": torch.ones(1)}
    torch.save(write, tmp_path / "motion_mask.pth")
    with pytest.raises(UsageError, match="does not fit a Dynamo-Depth network"):
        import_dynamo_depth(tmp_path)
