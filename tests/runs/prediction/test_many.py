"""Many inputs in one call: each has its folder, one that cannot be used stops no other, and a stopped call goes on."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from tests.runs.networks.test_export import HEIGHT, WIDTH, make_run

from vection.errors import DataError, UsageError
from vection.formats.checkpoint import WEIGHTS, weights_digest
from vection.formats.scale_file import RunScale, write_scale
from vection.inference.sources import find_inputs
from vection.inference.video import write_video
from vection.metric_scale.stored import scale_file
from vection.runs.load import find_run_checkpoint
from vection.runs.predict import predict


def write_videos(folder: Path, *, count: int, frames: int = 2) -> Path:
    """Write tiny videos, each of another noise."""
    folder.mkdir()
    for number in range(count):
        pictures = np.random.default_rng(number).integers(0, 256, (frames, HEIGHT, WIDTH, 3), np.uint8)
        write_video(folder / f"v{number:03d}.mp4", list(pictures), rate=Fraction(10))
    return folder


def test_one_bad_video_stops_no_other(tmp_path: Path):
    run, videos, out = make_run(tmp_path / "run"), write_videos(tmp_path / "videos", count=3), tmp_path / "out"
    (videos / "v001.mp4").write_text("no video")
    with pytest.raises(DataError, match=r"1 of 3 inputs of .*videos could not be predicted \(v001\), .*; v001: "):
        predict(run, videos, out, video=False)
    assert sorted(folder.name for folder in out.iterdir()) == ["v000", "v002"]
    before = (out / "v000" / "predictions.json").stat().st_mtime_ns
    write_videos(tmp_path / "whole", count=2)
    (tmp_path / "whole" / "v001.mp4").replace(videos / "v001.mp4")
    assert [folder.name for folder in predict(run, videos, out, video=False, keep=True)] == ["v000", "v001", "v002"]
    assert (out / "v000" / "predictions.json").stat().st_mtime_ns == before


def test_predictions_of_another_model_are_not_kept(tmp_path: Path):
    videos, out = write_videos(tmp_path / "videos", count=2), tmp_path / "out"
    predict(make_run(tmp_path / "run"), videos, out, video=False)
    with pytest.raises(UsageError, match=r"holds predictions of .*run.*, not of .*other"):
        predict(make_run(tmp_path / "other"), videos, out, video=False, keep=True)
    with pytest.raises(UsageError, match="exists already"):
        predict(tmp_path / "run", videos, out, video=False)


def test_predictions_of_other_settings_or_frames_are_not_kept(tmp_path: Path):
    run, videos, out = make_run(tmp_path / "run"), write_videos(tmp_path / "videos", count=2), tmp_path / "out"
    predict(run, videos, out, video=False, stride=2)
    with pytest.raises(UsageError, match=r"predictions with video=False, stride=2, not with video=False; choose"):
        predict(run, videos, out, video=False, keep=True)
    with pytest.raises(UsageError, match=r"with video=False, stride=2, not with the defaults; choose"):
        predict(run, videos, out, keep=True)
    others = write_videos(tmp_path / "others", count=2)
    with pytest.raises(UsageError, match=r"predictions of .*videos/v000.mp4, not of .*others/v000.mp4; choose"):
        predict(run, others, out, video=False, stride=2, keep=True)
    assert len(predict(run, videos, out, video=False, stride=2, keep=True)) == 2


def test_names_are_those_of_the_files_unless_two_are_alike(tmp_path: Path):
    folder = write_videos(tmp_path / "videos", count=2)
    (folder / "v000.mkv").write_bytes((folder / "v000.mp4").read_bytes())
    assert [name for name, _ in find_inputs(folder)] == ["v000.mkv", "v000.mp4", "v001"]


def test_predictions_of_weights_or_scales_that_have_changed_are_not_kept(tmp_path: Path):
    run, videos, out = make_run(tmp_path / "run"), write_videos(tmp_path / "videos", count=2), tmp_path / "out"
    predict(run, videos, out, video=False)
    best = find_run_checkpoint(run)
    write_scale(
        scale_file(best),
        RunScale(2.0, 0.1, (), checkpoint=best.name, weights=weights_digest(best), width=WIDTH, height=HEIGHT),
    )
    with pytest.raises(UsageError, match=r"predictions of weights (\w+), not of weights \1, scale 2; choose"):
        predict(run, videos, out, video=False, keep=True)
    scale_file(best).unlink()
    tensors = load_file(best / WEIGHTS)
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, best / WEIGHTS)
    with pytest.raises(UsageError, match=r"predictions of weights (\w+), not of weights (?!\1)\w+; choose"):
        predict(run, videos, out, video=False, keep=True)
