"""The authors' outputs again, of weights that came through `vection import`."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.parity.test_parity import FIXTURES, MANIFEST, checkpoint, complaint

from vection.cli.main import main
from vection.geometry.camera import disparity_to_inverse_depth
from vection.runs.load import load_predictor

FINEST = {
    "md2_depth_net_r18": ("in.image_u8", "out.disp_0"),
    "sc_dispnet": ("in.image_b_u8", "out.image_b.disp1"),
    "sg_depth_seg_net": ("in.frame_0_u8", "out.disp_0"),
    "lite_mono_depth_tiny": ("in.image", "out.disp_0"),
}
"""Of each case the image and the finest output."""


@pytest.mark.parametrize("name", FINEST)
def test_reference_depth_of_an_imported_run(name: str, tmp_path: Path):
    case = MANIFEST["cases"][name]
    stored, files = load_file(FIXTURES / case["file"]), checkpoint(case)
    assert files is not None
    (tmp_path / "public").mkdir()
    for file, state in files.items():
        torch.save({"epoch": 1, "state_dict": state}, tmp_path / "public" / f"{file.split('.')[0]}.pth.tar")
    assert main(["import", str(tmp_path / "public"), "--out", str(tmp_path / "run")]) == 0
    image, output = FINEST[name]
    with torch.no_grad():
        depth = load_predictor(tmp_path / "run").method.predict_depth(stored[image].float() / 255)
    expected = stored[output]
    # SC-SfMLearner's "disparity" is the inverse depth itself.
    if not name.startswith("sc_"):
        expected = disparity_to_inverse_depth(expected, min_depth=0.1, max_depth=100.0)
    rule = next(rule for rule in case["tolerance"] if re.fullmatch(rule["match"], output))
    assert complaint(1 / depth, expected, rule | {"atol": 10 * rule["atol"]}) is None  # the inverse depth is up to 10
