"""Replays the reference values of evaluation that are too large for a copy here, as strictly as their manifest says."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.parity import cases

PROJECT = Path(__file__).resolve().parents[2]
FIXTURES = Path(os.environ.get("VECTION_PARITY", PROJECT.parent / "shared" / "parity"))
CASES = ["md2_depth_metrics", "md2_lidar_gt", "md2_pose_ate5", "md2_flip_postprocess"]
CASES += ["cityscapes_depth_gt", "odom_kitti_metrics_seq09", "odom_kitti_metrics_seq10"]


@pytest.mark.parametrize("name", CASES)
def test_reference_values(name: str) -> None:
    if not (FIXTURES / "manifest.json").is_file():
        pytest.skip(f"no reference values at {FIXTURES}; set VECTION_PARITY to run this test")
    case = json.loads((FIXTURES / "manifest.json").read_text())["cases"][name]
    stored = load_file(FIXTURES / case["file"])
    inputs = {key.removeprefix("in."): value for key, value in stored.items() if key.startswith("in.")}
    given = cases.run(name, inputs, None)
    expected = {key: value for key, value in stored.items() if key.startswith("out.")}
    assert expected
    for key, value in expected.items():
        rule = next(rule for rule in case["tolerance"] if re.fullmatch(rule["match"], key))
        actual = given[key.removeprefix("out.")].to(torch.float64).numpy()
        assert actual.shape == tuple(value.shape), key
        rtol, atol = rule.get("rtol", 0.0), rule.get("atol", 0.0)
        np.testing.assert_allclose(actual, value.to(torch.float64).numpy(), rtol=rtol, atol=atol, err_msg=key)
