"""The commands of docs/export.md for networks do what the page says."""

import re
import shlex
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.runs.networks.test_export import HEIGHT, WIDTH, make_run, needs

from vection.cli.main import main
from vection.inference.video import write_video

ROOT = Path(__file__).parents[3]


def commands() -> list[list[str]]:
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    section = page[page.index("## Networks for other run times") :]
    block = re.findall(r"^```\n(.*?)^```", section, flags=re.DOTALL | re.MULTILINE)[0]
    return [shlex.split(line) for line in block.splitlines()]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_commands_write_what_they_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for run_time in ("onnx", "openvino"):
        needs(run_time)
    pytest.importorskip("av")
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "runs" / "first")
    small = np.random.default_rng(0).integers(0, 256, (4, 8, 12, 3), np.uint8)
    images = [cv2.resize(image, (2 * WIDTH, 2 * HEIGHT)) for image in small]
    write_video(tmp_path / "drive.mp4", iter(images), rate=Fraction(10))
    cv2.imwrite("photo.jpg", images[0])
    for program, *words in commands():
        if program == "vection":
            assert main(words) == 0
        else:
            words[0] = str(ROOT / words[0])
            subprocess.run([sys.executable, *words], check=True, timeout=120)
    depth = np.load("photo.depth.npy")
    assert depth.shape == (2 * HEIGHT, 2 * WIDTH)
    assert (depth > 0).all()
    assert {path.name for path in Path("runs/first-onnx-fp32").iterdir()} == {
        "depth.onnx",
        "motion.onnx",
        "network.json",
    }
    for name in ("exact", "fastest"):
        assert len(list(Path("predictions", name, "depth").iterdir())) == len(images)
