"""Two processes of torchrun train what one trains alone."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.training import gradients
from tests.training.test_resume import records

from vection.errors import UsageError
from vection.formats.checkpoint import find_checkpoint, load_weights, read_config
from vection.formats.run_folder import RunFolder
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.runs.measure import measure_clips
from vection.runs.train import train
from vection.training.batches import divide_step

ROOT = Path(__file__).parents[2]


def torchrun(*words: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", *map(str, words)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_gradients_of_all_methods_are_those_of_one_process(tmp_path: Path, tiny_clips: Path):
    clips = tmp_path / "clips"
    shutil.copytree(tiny_clips, clips)
    measure_clips(clips)
    process = torchrun(gradients.__file__, clips, tmp_path / "two.pt")
    gradients.main(clips, tmp_path / "one.pt")
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 0, complaint
    one, two = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("one", "two"))
    assert one.keys() == two.keys() == set(gradients.RECIPES)
    for recipe, expected in one.items():
        assert two[recipe].keys() == expected.keys()
        largest = max(float(gradient.abs().max()) for gradient in expected.values())
        assert largest > 0
        # The masks of SGDepth are predicted with running statistics, and each process has seen a batch of its own.
        part = 1e-2 if recipe == "sgdepth-debug" else 1e-5
        for name, gradient in expected.items():
            torch.testing.assert_close(two[recipe][name], gradient, rtol=0, atol=part * largest, msg=f"{recipe} {name}")


def test_a_run_that_two_processes_began_goes_on_in_one(
    tmp_path: Path, tiny_clips: Path, debug_recipe: Callable[..., Recipe]
):
    changes = {"steps_per_epoch": 12, "accumulation": 2, "precision": "float32"}
    settings = [f"--training.{name}={value}" for name, value in changes.items()]
    words = ("train", "monodepth2-debug", "--data", tiny_clips, *settings, "--out")
    run, recipe = tmp_path / "run", debug_recipe(**changes)
    process = torchrun("-m", "vection", *words, run)
    deadline = time.monotonic() + 120
    while not any(record["step"] >= 2 for record in records(run)):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    found = find_checkpoint(RunFolder(run).last)
    assert found is not None
    assert 2 <= read_config(found)["position"]["step"] < 24
    train(recipe, data=tiny_clips, out=run, device="cpu")
    alone = train(recipe, data=tiny_clips, out=tmp_path / "alone", device="cpu")
    methods = [build_method(recipe.method) for _ in range(2)]
    for method, folder in zip(methods, (run, alone), strict=True):
        load_weights(method, RunFolder(folder).last)
        assert read_config(RunFolder(folder).last)["position"]["step"] == 24
    moved = 24 * recipe.stages[0].learning_rate
    for own, expected in zip(*(method.parameters() for method in methods), strict=True):
        assert float((own - expected).detach().abs().mean()) < 0.1 * moved


def test_what_cannot_be_divided_is_refused():
    assert divide_step(12, 1, processes=4) == (3, 1)
    assert divide_step(12, 4, processes=2) == (12, 2)
    with pytest.raises(UsageError, match="among 5 processes"):
        divide_step(12, 1, processes=5)
