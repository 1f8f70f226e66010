"""Replays the reference values of evaluation as strictly as the manifest says."""

import importlib.util
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

PROJECT = Path(__file__).resolve().parents[2]
FIXTURES = Path(os.environ.get("VECTION_PARITY", PROJECT.parent / "shared" / "parity"))
CASES = ["depth_metrics", "lidar_gt", "pose_ate5", "flip_postprocess"]

# Loaded by path: the tests are no package, and the import path depends on how pytest is started.
SPEC = importlib.util.spec_from_file_location("evaluation_cases", Path(__file__).with_name("evaluation_cases.py"))
assert SPEC is not None
assert SPEC.loader is not None
evaluation_cases = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(evaluation_cases)


@pytest.mark.parametrize("name", CASES)
def test_reference_values(name: str) -> None:
    if not (FIXTURES / "manifest.json").is_file():
        pytest.skip(f"no reference values at {FIXTURES}; set VECTION_PARITY to run this test")
    case = json.loads((FIXTURES / "manifest.json").read_text())["cases"][f"md2_{name}"]
    stored = load_file(FIXTURES / case["file"])
    inputs = {key.removeprefix("in."): value for key, value in stored.items() if key.startswith("in.")}
    given = getattr(evaluation_cases, name)(inputs)
    expected = {key: value for key, value in stored.items() if key.startswith("out.")}
    assert expected
    for key, value in expected.items():
        rule = next(rule for rule in case["tolerance"] if re.fullmatch(rule["match"], key))
        actual = given[key.removeprefix("out.")].to(torch.float64).numpy()
        assert actual.shape == tuple(value.shape), key
        np.testing.assert_allclose(
            actual, value.to(torch.float64).numpy(), rtol=rule["rtol"], atol=rule["atol"], err_msg=key
        )
