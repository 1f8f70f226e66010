"""Replays reference values through `cases.py`: inputs and outputs of the authors' public code, no code of theirs."""

import json
import math
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.parity import cases
from torch import Tensor

FIXTURES = Path(__file__).with_name("fixtures")
MANIFEST = json.loads((FIXTURES / "manifest.json").read_text())


def generated(key: str, shape: list[int], kind: str) -> Tensor:
    """One tensor of a checkpoint, by the manifest's weight rule."""
    if kind == "counter":
        return torch.zeros(shape, dtype=torch.int64)
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()) + MANIFEST["seed"]))
    x = generator.standard_normal(shape).astype(np.float32)
    rules = {
        "conv": lambda: x * np.float32(math.sqrt(1 / math.prod(shape[1:]))),
        "conv_hwio": lambda: x * np.float32(math.sqrt(1 / math.prod(shape[:-1]))),
        "deconv_hwoi": lambda: x * np.float32(math.sqrt(1 / (shape[0] * shape[1] * shape[3]))),
        "motion_scale": lambda: np.float32(0.1) * (1 + np.float32(0.1) * x),
        "bias": lambda: np.float32(0.1) * x,
        "norm_bias": lambda: np.float32(0.1) * x,
        "running_mean": lambda: np.float32(0.1) * x,
        "layer_scale": lambda: np.float32(0.1) * x,
        "temperature": lambda: 1 + np.float32(0.1) * x,
        "norm_weight": lambda: 1 + np.float32(0.1) * x,
        "running_var": lambda: 1 + np.float32(0.2) * np.abs(x),
    }
    return torch.from_numpy(np.asarray(rules[kind](), dtype=np.float32))


def checkpoint(case: dict[str, Any]) -> dict[str, dict[str, Tensor]] | None:
    files: dict[str, dict[str, Tensor]] = {}
    for name, rows in case.get("state_dict", {}).items():
        known = {key: (shape, kind) for key, shape, kind in rows}
        originals = {key: kind.removeprefix("alias:") if ":" in kind else key for key, (_, kind) in known.items()}
        files[name] = {key: generated(original, *known[original]) for key, original in originals.items()}
    return files or None


def complaint(actual: Tensor, expected: Tensor, rule: dict[str, Any]) -> str | None:
    """Say how `actual` breaks the rule; None if it does not."""
    if actual.numel() == expected.numel() == 1:
        actual = actual.reshape(expected.shape)
    if actual.shape != expected.shape:
        return f"shape {tuple(actual.shape)} instead of {tuple(expected.shape)}"
    a, e = actual.double(), expected.double()
    if not expected.is_floating_point() or "max_mismatch" in rule or "max_mismatch_fraction" in rule:
        allowed = rule.get("max_mismatch", rule.get("max_mismatch_fraction", 0) * e.numel())
        wrong = int((a != e).sum())
        return None if wrong <= allowed else f"{wrong} of {e.numel()} differ"
    if not torch.equal(a.isnan(), e.isnan()):
        return "NaN in other places"
    a, e = a.nan_to_num(0, 0, 0), e.nan_to_num(0, 0, 0)
    over = (a - e).abs() > rule["atol"] + rule["rtol"] * e.abs()
    relative = float((a - e).norm() / (e.norm() + 1e-300))
    if not over.any():
        return None
    if over.double().mean() <= rule.get("max_outlier_fraction", 0) and relative <= rule.get("max_rel_l2", math.inf):
        return None
    return f"{int(over.sum())} of {e.numel()} off, at most by {float((a - e).abs().max()):.3g}"


@pytest.mark.parametrize("name", MANIFEST["cases"])
def test_reference_values(name: str):
    case = MANIFEST["cases"][name]
    stored = load_file(FIXTURES / case["file"])
    inputs = {key.removeprefix("in."): value for key, value in stored.items() if key.startswith("in.")}
    expected = {key: value for key, value in stored.items() if key.startswith("out.")}
    given = cases.run(name, inputs, checkpoint(case))
    assert expected
    complaints = {}
    for key, value in expected.items():
        rule = next(rule for rule in case["tolerance"] if re.fullmatch(rule["match"], key))
        complaints[key] = complaint(given[key.removeprefix("out.")].detach(), value, rule)
    assert {key: text for key, text in complaints.items() if text} == {}
