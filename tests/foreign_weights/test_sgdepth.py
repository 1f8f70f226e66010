import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vection.errors import UsageError
from vection.foreign_weights.layouts import import_checkpoint
from vection.foreign_weights.sgdepth import convert_sgdepth
from vection.methods.method import changed
from vection.methods.sgdepth import SgDepth
from vection.methods.sgdepth_settings import AS_RELEASED, SgDepthSettings

PUBLIC = (
    (r"depth_network\.encoder\.encoder\.", "common.encoder.encoder."),
    (r"depth_network\.encoder\.first\.conv\.", "common.decoder.blocks.step_0.conv."),
    (r"depth_network\.decoder\.heads\.", "depth.multires.convs."),
    (r"segmentation_decoder\.head\.", "seg.multires.convs.0."),
    (r"ego_motion\.encoder\.", "pose.encoder.encoder."),
    (r"ego_motion\.decoder\.squeeze\.", "pose.decoder.squeeze."),
    (r"ego_motion\.decoder\.conv([12])\.", r"pose.decoder.conv_\1."),
    (r"ego_motion\.decoder\.head\.", "pose.decoder.conv_3."),
)


def make_method(**changes: object) -> SgDepth:
    torch.manual_seed(0)
    return SgDepth(changed(SgDepthSettings(pretrained=False, released=AS_RELEASED), **changes)).eval()


def public_name(key: str) -> str:
    for own, public in PUBLIC:
        if re.match(own, key):
            return re.sub(own, public, key)
    pattern = r"(depth_network\.|segmentation_)decoder\.(\w+)\.(\d)\.conv\.(.+)"
    task, part, number, rest = re.fullmatch(pattern, key).groups()  # type: ignore[union-attr]
    step = 2 * int(number) + (part == "after_skip")
    return f"{'seg' if task == 'segmentation_' else 'depth'}.decoder.blocks.step_{step}.conv.{rest}"


def public_state(method: SgDepth) -> dict[str, Tensor]:
    return {public_name(k): v for k, v in method.state_dict().items() if not k.startswith("log.")}


@pytest.mark.parametrize(
    ("shared", "encoder"),
    [("encoder", "resnet18"), ("encoder-and-first-convolution", "resnet18"), ("encoder", "resnet34")],
)
def test_public_weights_give_the_same_predictions(tmp_path: Path, shared: str, encoder: str):
    method = make_method(shared=shared, depth_network=encoder)
    torch.save(public_state(method), tmp_path / "model.pth")
    frames = torch.rand(2, 1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for place in (tmp_path, tmp_path / "model.pth"):
        imported = import_checkpoint(place, layout="sgdepth").method
        with torch.no_grad():
            assert torch.equal(imported.predict_depth(frames[0]), method.predict_depth(frames[0]))
            assert torch.equal(imported.predict_classes(frames[0]), method.predict_classes(frames[0]))
            assert torch.equal(imported.predict_motion(*frames).ego, method.predict_motion(*frames).ego)


def test_files_that_are_no_sgdepth_checkpoint(tmp_path: Path):
    with pytest.raises(UsageError, match="There is no checkpoint at"):
        import_checkpoint(tmp_path / "model.pth")
    state = public_state(make_method())
    with pytest.raises(UsageError, match=r"holds a tensor named 'encoder\.conv1\.weight'"):
        convert_sgdepth({**state, "encoder.conv1.weight": torch.zeros(1)})
    state.pop("pose.decoder.conv_3.bias")
    with pytest.raises(UsageError, match="does not fit an SGDepth network"):
        convert_sgdepth(state)
