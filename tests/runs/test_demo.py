"""The demo in small: everything it writes, and that a stopped one ends as if it had not been stopped."""

import shutil
from pathlib import Path

import pytest

import vection.runs.demo as demo
from vection.data.measure import read_measured
from vection.formats.measured_geometry import FOLDER
from vection.formats.run_folder import RunFolder
from vection.progress import no_bars
from vection.runs.demo import DemoSettings, run_demo

SMALL = DemoSettings(recipe="measured-depth-debug", training_drives=2, frames=8, held_out_drives=1, held_out_frames=3)


def test_a_stopped_demo_ends_as_if_it_had_not_been_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    result = run_demo(whole, progress=no_bars, settings=SMALL)
    assert set(result.abs_rel) == {"model", "constant_depth", "row_mean_depth", "untrained"}
    assert result.report.is_file()
    assert not result.pretrained
    assert len(read_measured(whole / "world" / "training" / "drive_00").frames) == SMALL.frames
    assert not (whole / "world" / "held_out" / "drive_00" / FOLDER).exists()

    with monkeypatch.context() as patch:
        patch.setattr(demo, "train", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_demo(stopped, progress=no_bars, settings=SMALL)
    shutil.rmtree(stopped / "world" / "training" / "drive_00" / FOLDER)
    shutil.rmtree(stopped / "world" / "training" / "drive_01")
    again = run_demo(stopped, progress=no_bars, settings=SMALL)
    assert again.abs_rel == result.abs_rel
    assert _weights(stopped) == _weights(whole)


def _interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _weights(out: Path) -> list[bytes]:
    files = sorted(RunFolder(out / "run").last.rglob("*.safetensors"))
    assert files
    return [file.read_bytes() for file in files]
