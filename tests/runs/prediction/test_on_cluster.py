"""A local Ray of two workers predicts and measures as this process does; killed in the middle, it goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.runs.networks.test_export import make_run
from tests.runs.prediction.test_many import write_videos

from vection.data.calibration.profiles import FOLDER
from vection.runs.prediction.on_cluster import _own_camera

pytest.importorskip("ray", reason="Ray is not installed")

MEASURE = """
import sys
from pathlib import Path
from vection.data.cluster import Cluster
from vection.data.measure.clip import measure_clip
measure_clip(Path(sys.argv[1]), workers=Cluster(workers=2))
"""


def start(*arguments: str | Path, place: Path | None = None) -> subprocess.Popen[str]:
    """Start Python in a process of its own, as a user would, in the folder `place`."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=place,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def predict_command(run: Path, videos: Path, out: Path, *more: str) -> tuple[str | Path, ...]:
    return ("-m", "vection", "predict", run, videos, "--out", out, "--no-video", "--no-png", *more)


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_predictions_equal_those_of_the_plain_command(tmp_path: Path):
    run, videos = make_run(tmp_path / "run"), write_videos(tmp_path / "videos", count=4)
    named = Path(run.name), Path(videos.name)  # as seen from where the command is given
    plain = start(*predict_command(*named, Path("plain")), place=tmp_path)
    plain.communicate()
    (broken := tmp_path / "videos" / "v9.mp4").write_text("no video")
    cluster = start(*predict_command(*named, Path("out"), "--ray", "--workers", "2"), place=tmp_path)
    output, errors = cluster.communicate()
    assert cluster.returncode == 3, errors
    assert "1 of 5 inputs" in errors
    assert "(v9)" in errors
    assert "INFO" not in errors  # little of Ray's own
    broken.unlink()
    again = start(*predict_command(*named, Path("out"), "--ray"), place=tmp_path)
    output, errors = again.communicate()
    assert again.returncode == 0, errors  # all is kept, and nothing starts
    assert len(output.splitlines()) == 4
    assert files_of(tmp_path / "out") == files_of(tmp_path / "plain")


def test_other_machines_get_the_file_of_ones_own_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (own := tmp_path / "helmet.json").write_text("{}")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    assert _own_camera("camera:helmet") == own
    assert [_own_camera(named) for named in ("camera:iphone-13", "fov:70", own)] == ["camera:iphone-13", "fov:70", own]


def test_measured_geometry_equals_that_of_one_process(tiny_clips: Path, tmp_path: Path):
    from vection.data.measure.clip import measure_clip

    clips = [Path(shutil.copytree(tiny_clips / "drive_1", tmp_path / name)) for name in ("plain", "cluster")]
    measure_clip(clips[0])
    process = start("-c", MEASURE, clips[1])
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert files_of(clips[1]) == files_of(clips[0])


@pytest.mark.slow
def test_two_hundred_videos_killed_in_the_middle(tmp_path: Path):
    run, videos, out = make_run(tmp_path / "run"), write_videos(tmp_path / "videos", count=200), tmp_path / "out"
    arguments = predict_command(run, videos, out, "--ray", "--workers", "2")
    process = start(*arguments)
    while len(list(out.glob("*/predictions.json"))) < 60:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    time.sleep(10)  # Ray's processes follow
    finished = {path.parent.name: path.stat().st_mtime_ns for path in out.glob("*/predictions.json")}
    assert 60 <= len(finished) < 200
    for command in (arguments, predict_command(run, videos, tmp_path / "plain")):
        process = start(*command)
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert files_of(out) == files_of(tmp_path / "plain")
    for name, written in finished.items():
        assert (out / name / "predictions.json").stat().st_mtime_ns == written
