"""evo, another program for camera paths, run as a process where it is installed: its numbers are ours."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.paths.test_trajectory import rotation, winding_path

from vection.evaluation.paths.odometry import rebase
from vection.evaluation.paths.trajectory import trajectory_errors
from vection.formats.camera_path import kitti_text, read_path, tum_text

# evo has no alignment by one scale with the first pose held fixed.
FLAGS = {"none": [], "scale_7dof": ["--correct_scale"], "6dof": ["--align"], "7dof": ["--align", "--correct_scale"]}


@pytest.fixture(params=["made_up", "09"])
def paths(request, tmp_path) -> tuple[Path, Path]:
    """A true and a predicted path in TUM format, both beginning at the identity; 09 is a published one."""
    program("ape")
    if request.param == "made_up":
        generator = np.random.default_rng(0)
        true = winding_path(200)
        predicted = true.copy()
        predicted[:, :3, 3] = 0.3 * true[:, :3, 3] + generator.normal(size=(200, 3)).cumsum(0) * 0.05
        for pose in predicted:
            pose[:3, :3] = pose[:3, :3] @ rotation((1, 2, 3), 0.02 * generator.normal())
    else:
        folder = request.getfixturevalue("shared_data") / "kitti_odometry"
        if not folder.is_dir():
            pytest.skip(f"no {folder}")
        true = read_path(folder / "poses" / "09.txt").poses
        predicted = read_path(folder / "predicted" / "example_1" / "09.txt").poses
    files = tmp_path / "true.txt", tmp_path / "predicted.txt"
    for file, poses in zip(files, (true, predicted), strict=True):
        file.write_text(tum_text(list(rebase(poses)), [0.1 * index for index in range(len(poses))]))
    return files


@pytest.mark.parametrize("alignment", FLAGS)
def test_whole_path(paths, tmp_path, alignment):
    true, predicted = (read_path(file).poses for file in paths)
    ours = trajectory_errors(predicted, true, alignment=alignment)
    assert evo("ape", "tum", *paths, *FLAGS[alignment], home=tmp_path)["rmse"] == pytest.approx(ours.ate, rel=1e-6)


@pytest.mark.parametrize("alignment", FLAGS)
def test_single_steps(paths, tmp_path, alignment):
    true, predicted = (read_path(file).poses for file in paths)
    ours = trajectory_errors(predicted, true, alignment=alignment)
    found = evo("rpe", "tum", *paths, *FLAGS[alignment], home=tmp_path)
    assert found["mean"] == pytest.approx(ours.rpe_translation, rel=1e-6)
    found = evo("rpe", "tum", *paths, *FLAGS[alignment], "--pose_relation", "angle_deg", home=tmp_path)
    assert found["mean"] == pytest.approx(np.degrees(ours.rpe_rotation), abs=1e-6)


def test_it_reads_our_kitti_files(paths, tmp_path):
    poses = [read_path(file).poses for file in paths]
    files = tmp_path / "true.kitti", tmp_path / "predicted.kitti"
    for file, path in zip(files, poses, strict=True):
        file.write_text(kitti_text(list(path)))
    ours = trajectory_errors(poses[1], poses[0], alignment="none").ate
    assert evo("ape", "kitti", *files, home=tmp_path)["rmse"] == pytest.approx(ours, rel=1e-6)


def program(kind: str) -> str:
    """Return evo's program; the test is skipped, before it has done anything, where it is not installed."""
    found = shutil.which(f"evo_{kind}", path=os.environ.get("VECTION_EVO") or None)
    if found is None:
        pytest.skip(f"evo_{kind} is not installed; VECTION_EVO names the folder of its programs")
    return found


def evo(kind: str, file_format: str, true: Path, predicted: Path, *flags: str, home: Path) -> dict[str, float]:
    """Statistics of the translation, or of what `flags` say, over frames (ape) or consecutive pairs (rpe)."""
    out = home / "result.zip"
    out.unlink(missing_ok=True)
    command = [
        program(kind),
        file_format,
        str(true),
        str(predicted),
        *flags,
        "--save_results",
        str(out),
        "--no_warnings",
    ]
    # Its settings go into the home folder.
    done = subprocess.run(command, capture_output=True, check=False, text=True, env={**os.environ, "HOME": str(home)})
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(out) as archive:
        return json.loads(archive.read("stats.json"))
