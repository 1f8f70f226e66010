"""Every command of docs/datasets.md runs, in its order, on tiny data sets in their real layouts."""

import re
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.data.readers.fake_data_sets import WRITERS

from vection.cli.main import main
from vection.evaluation.depth import kitti_submission
from vection.recipes.recipe import Recipe
from vection.runs import train as training

PAGE = Path(__file__).parents[2] / "docs" / "datasets.md"
SIZE = {"width": 128, "height": 64}
LI_SIZE = {"width": 416, "height": 128}
"""Of Cityscapes' window, whose shape is checked."""
PLACEHOLDERS = {
    "KITTI raw": {"RECIPE": "monodepth2", "PROTOCOL": "kitti-eigen"},
    "KITTI odometry": {"RECIPE": "sc-sfmlearner-odometry", "PROTOCOL": "sc-sfmlearner"},
    "KITTI depth prediction benchmark": {"SCALE": "1.5"},
}
SMALL: dict[str, dict[str, Any]] = {
    "monodepth2": {"depth_network": "efficientnet-lite0"},
    "sc_sfmlearner": {"depth_network": "dispnet"},
    "sgdepth": {"depth_network": "efficientnet-lite0"},
    "motion_field": {"depth_network": "efficientnet-lite0", "motion_channels": (8, 16, 32)},
    "dynamo_depth": {
        "depth_network": "lite-mono-tiny",
        "motion_encoder": "efficientnet-lite0",
        "depth_weights": None,
    },
}
"""Networks by method, so that a step is soon done and a checkpoint soon written."""
BEFORE = {
    "Make3D": ["vection train monodepth2 --data KITTI --out runs/monodepth2"],
    "Cityscapes": ["vection train sgdepth-kitti --data KITTI --data.labels CITYSCAPES --out runs/sgdepth-kitti"],
}
"""What a section takes from those before it."""


def sections() -> dict[str, list[str]]:
    """The commands of each section, in order."""
    text = PAGE.read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        blocks = re.findall(r"^```\w*\n(.*?)^```", body, flags=re.DOTALL | re.MULTILINE)
        lines = [re.split(r"\s+#", line)[0] for block in blocks for line in block.splitlines()]
        found[title] = [line for line in lines if line.startswith("vection ")]
    return {title: commands for title, commands in found.items() if commands}


def words_of(command: str, *, title: str) -> list[str]:
    """The command's words, at a tiny size and in this process."""
    for word, meaning in PLACEHOLDERS.get(title, {}).items():
        command = re.sub(rf"\b{word}\b", meaning, command)
    words = shlex.split(command.replace("[", "").replace("]", ""))[1:]
    sized = words[0] == "prepare"
    usual = LI_SIZE if title == "Cityscapes" else SIZE
    for name in SIZE:
        if f"--{name}" in words:
            words[words.index(f"--{name}") + 1] = str(SIZE[name])
        elif sized:
            words += [f"--{name}", str(usual[name])]
    if sized:
        words += ["--workers", "0"]
    return words


def tiny(recipe: Recipe) -> Recipe:
    """The recipe's last stage in one step of two samples, with small images and small networks of random weights."""
    size = LI_SIZE if recipe.name == "motion-field" else SIZE
    return replace(
        recipe,
        method=replace(recipe.method, pretrained=False, **SMALL[recipe.method.name]),
        data=replace(recipe.data, **size, batch_size=2, workers=0),
        stages=(replace(recipe.stages[-1], epochs=1),),
        training=replace(recipe.training, steps_per_epoch=1, validation_batches=1, precision="float32"),
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    train = training.train

    def train_little(recipe: Recipe, **options: Any) -> Path:
        return train(tiny(recipe), **options)

    monkeypatch.setattr(training, "train", train_little)
    monkeypatch.setattr(kitti_submission, "write_submission", partial(kitti_submission.write_submission, images=1))
    monkeypatch.setenv("VECTION_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("title", sections())
def test_the_commands_of_a_section_run(title: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = BEFORE.get(title, []) + sections()[title]
    if title == "Make3D":
        pytest.importorskip("scipy.io")
    for place in sorted({word.partition("/")[0] for command in commands for word in command.split()} & set(WRITERS)):
        WRITERS[place](folder / place)
    for command in commands:
        assert main(words_of(command, title=title)) == 0, f"{command}\n{capsys.readouterr().err}"


def test_all_sections_with_commands_are_found() -> None:
    assert set(PLACEHOLDERS) | set(BEFORE) | {"Waymo Open", "nuScenes", "Cityscapes", "KITTI 2015"} <= set(sections())
    assert sum(map(len, sections().values())) > 45


def test_whole_commands_stand_in_blocks() -> None:
    """What stands in a sentence or a table is the name of a command or of an option, and is not run."""
    text = re.sub(r"^```.*?^```", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert not [span for span in re.findall(r"`(vection [^`]+)`", text) if re.search(r"--(data|out)\b", span)]
