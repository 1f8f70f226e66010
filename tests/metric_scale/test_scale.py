"""`vection scale` on a synthetic drive whose true depth, path and camera height are known."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.inference.motion.test_measured import FAR, TrueDepth

import vection
from vection.cli.main import main
from vection.data.clips.folder import ClipInfo
from vection.data.synthetic import still_street, write_drive
from vection.errors import DataError, UsageError
from vection.formats.run_folder import RunFolder
from vection.formats.scale_file import read_scale
from vection.formats.window import Window
from vection.inference.predictor import Predictor
from vection.metric_scale.sources import ScaleSources
from vection.metric_scale.stored import apply_scale
from vection.runs.metric import scale as module

UNIT = 2.5
"""Metres in a unit of what `TrueDepth` predicts."""
FRAMES = 16


class NoisyDepth(TrueDepth):
    """True depth in units of 2.5 m, of each frame times its own factor."""

    def __init__(self, clip: ClipInfo, *, noise: float, seed: int) -> None:
        self.factors = iter(np.exp(np.random.default_rng(seed).normal(0, noise, len(clip))))
        super().__init__(clip)

    def _read(self, clip: ClipInfo) -> Iterator[torch.Tensor]:
        for index in range(len(clip)):
            depth = clip.read_truth(index).depth
            true = torch.from_numpy(np.where(depth > 0, depth, FAR)).float()
            yield true[None, None] * float(next(self.factors)) / UNIT


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipInfo:
    settings = still_street(width=416, height=128, frames=FRAMES, route="straight", antialias=False)
    return write_drive(tmp_path_factory.mktemp("drives") / "drive", settings, seed=11)


@pytest.fixture
def predicts(monkeypatch: pytest.MonkeyPatch, clip: ClipInfo) -> "Predicts":
    return Predicts(monkeypatch, clip)


class Predicts:
    """Lets runs predict the true depth with noise; a scale that is stored is applied as ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, clip: ClipInfo) -> None:
        self.monkeypatch, self.clip = monkeypatch, clip

    def __call__(self, *, noise: float = 0.0, seed: int = 0) -> None:
        def load(place: Path, *, device: str, window: str) -> Predictor:
            method = NoisyDepth(self.clip, noise=noise, seed=seed)
            predictor = Predictor(method, height=self.clip.height, width=self.clip.width)
            apply_scale(predictor, place)
            return predictor

        self.monkeypatch.setattr(module, "load_predictor", load)


def true_height(clip: ClipInfo) -> float:
    """Of the camera above the ground of the made-up world, whose y axis points down."""
    heights = [-clip.read_truth(index).T_camera_to_world[1, 3] for index in range(len(clip))]
    assert 1.2 < min(heights) < max(heights) < 1.9
    return float(np.mean(heights))


def speed_file(clip: ClipInfo, folder: Path) -> Path:
    places = np.stack([clip.read_truth(index).T_camera_to_world[:3, 3] for index in range(len(clip))])
    seconds = np.array([frame.seconds for frame in clip.frames])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))])
    rows = [f"{time},{value}" for time, value in zip(seconds, along, strict=True)]
    path = folder / "odometer.csv"
    path.write_text("\n".join(["seconds,distance", *rows]))
    return path


def find(run: Path, clip: ClipInfo, **options: object) -> module.FoundScale:
    known = {name: options.pop(name) for name in list(options) if name in ScaleSources.__dataclass_fields__}
    return vection.scale(run, clip.folder, ScaleSources(**known), **options)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_camera_height_with_noise_is_exact_within_three_percent(run, clip, predicts, seed):
    predicts(noise=0.05, seed=seed)
    found = find(run, clip, camera_height=true_height(clip), path=False)
    assert found.scale.factor == pytest.approx(UNIT, rel=0.03)
    assert 0.02 < found.scale.spread < 0.11
    assert found.unopposed
    assert found.frames == FRAMES
    assert read_scale(RunFolder(run).scale) == found.scale
    assert found.scale.seen == (Window.of((clip.height, clip.width)),)


def test_speed_is_exact_within_two_percent_and_a_height_agrees(run, clip, predicts, tmp_path):
    predicts()
    readings = speed_file(clip, tmp_path)
    height = 1.05 * true_height(clip)  # a tape that was read 5 % wrong
    found = find(run, clip, speed=readings, camera_height=height, camera_height_error=0.05 * height)
    of_height, of_speed = found.scale.readings
    assert of_speed.factor == pytest.approx(UNIT, rel=0.02)
    assert of_speed.count >= FRAMES - 2
    assert of_height.factor == pytest.approx(1.05 * UNIT, rel=0.01)
    assert found.scale.factor == pytest.approx(UNIT, rel=0.03)
    assert 5 <= found.scale.speed <= 11


def test_a_wrong_height_contradicts_the_speed_and_nothing_is_stored(run, clip, predicts, tmp_path):
    predicts()
    with pytest.raises(DataError, match=r"camera height of 2\.3 m gives .* contradict each other.*nothing was stored"):
        find(run, clip, camera_height=2.3, speed=speed_file(clip, tmp_path))
    assert not RunFolder(run).scale.exists()


def test_a_height_that_makes_the_camera_impossibly_fast_is_refused(run, clip, predicts):
    predicts()
    with pytest.raises(DataError, match=r"would travel at .* m/s"):
        find(run, clip, camera_height=165.0)  # centimetres
    assert not RunFolder(run).scale.exists()


def test_a_scale_that_the_run_has_contradicts_a_wrong_height(run, clip, predicts):
    predicts()
    right = find(run, clip, camera_height=true_height(clip), path=False)
    predicts()
    with pytest.raises(DataError, match="scale that the run has already, by camera height"):
        find(run, clip, camera_height=0.6, path=False)
    assert read_scale(RunFolder(run).scale) == right.scale
    predicts()
    again = find(run, clip, camera_height=true_height(clip), path=False)
    assert again.path is None  # no better, so the old one stays
    assert again.kept.startswith("the scale that the run has is as exact")
    predicts()
    replaced = find(run, clip, camera_height=0.6, path=False, replace=True)
    assert read_scale(RunFolder(run).scale) == replaced.scale != right.scale
    assert replaced.scale.factor == pytest.approx(UNIT * 0.6 / true_height(clip), rel=0.01)  # of the network's unit


def test_frames_without_a_common_scale_are_refused(run, clip, predicts):
    predicts(noise=0.7)
    with pytest.raises(DataError, match=r"varies by .* % from frame to frame"):
        find(run, clip, camera_height=1.6, path=False)


def test_known_distances(run, clip, predicts):
    predicts()
    depth = clip.read_truth(3).depth
    fx, fy, cx, cy = clip.frames[3].intrinsics
    x, y = 300, 110
    metres = depth[y, x] * np.linalg.norm([(x - cx) / fx, (y - cy) / fy, 1])
    found = find(run, clip, distances=(f"3,{x},{y},{metres}",), path=False)
    assert found.scale.factor == pytest.approx(UNIT, rel=0.03)
    assert found.scale.spread is None
    assert found.scale.uncertainty == pytest.approx(0.2, abs=0.01)  # one point says nothing of its own error
    predicts()
    with pytest.raises(DataError, match="No frame that was predicted is called 99"):
        find(run, clip, distances=("99,1,1,2",), path=False)
    predicts()
    with pytest.raises(UsageError, match="lies outside"):
        find(run, clip, distances=("3,500,1,2",), path=False)


def test_the_program_scales_weights_that_ship_and_predictions_are_in_metres(clip, tmp_path, capsys):
    out = tmp_path / "car"
    command = f"scale street {clip.folder} --camera-height {true_height(clip)} --no-path --most-frames 10 --json"
    assert main(command.split()) == 2
    assert "say with --out" in capsys.readouterr().err
    assert main([*command.split(), "--out", str(out)]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    predictor = vection.load(out)
    prediction = predictor.predict(clip.read_image(0))
    assert prediction.unit == "metres"
    assert prediction.scale_source.startswith("camera height of 1.")
    assert "% from frame to frame" in prediction.scale_source
    raw = vection.load("street").predict(clip.read_image(0))
    np.testing.assert_allclose(prediction.depth, raw.depth * said["factor"], rtol=1e-4)
    true = clip.read_truth(0).depth
    known = (true > 0) & (true < 30)
    assert np.median(prediction.depth[known] / true[known]) == pytest.approx(1, abs=0.2)
    assert main(["report", str(out)]) == 0
    page = (out / "report.html").read_text()
    assert "One unit of the network&#39;s depth is" in page
    assert "from frame to frame" in page


def test_a_scale_is_that_of_its_weights_and_size_alone(clip, tmp_path, run, predicts):
    predicts()
    stored = find(run, clip, camera_height=true_height(clip), path=False).scale
    other = vection.load(run, width=192, height=64)
    assert other.unit == "up-to-scale"
    assert "the scale that was found is that of images of 416x128" in other.scale_source
    same = vection.load(run)
    assert (same.unit, same.depth_scale, same.scale_source) == ("metres", stored.factor, stored.source)
    content = json.loads(RunFolder(run).scale.read_text()) | {"weights": "0" * 64}
    RunFolder(run).scale.write_text(json.dumps(content))
    trained_on = vection.load(run)
    assert (trained_on.unit, trained_on.depth_scale) == ("up-to-scale", 1.0)
    assert "that of other weights (best)" in trained_on.scale_source
    predicts()
    with pytest.raises(
        UsageError, match=r"holds the scale of other weights \(best\), and a run has one; give `replace`"
    ):
        find(run, clip, camera_height=true_height(clip), path=False)
    assert json.loads(RunFolder(run).scale.read_text()) == content
    predicts()
    assert find(run, clip, camera_height=true_height(clip), path=False, replace=True).path is not None


def test_a_speed_needs_the_times_of_the_frames(run, clip, predicts, tmp_path):
    predicts()
    frames = clip.folder / "frames"
    fx, fy, cx, cy = clip.frames[0].intrinsics
    camera = f"{fx},{fy},{cx},{cy}"
    known = ScaleSources(speed=8.0)
    with pytest.raises(UsageError, match=r"`speed` needs the times .* 10 are assumed .*give `frames_per_second`"):
        vection.scale(run, frames, known, intrinsics=camera)
    rate = 1 / (clip.frames[1].seconds - clip.frames[0].seconds)
    known = ScaleSources(speed=speed_file(clip, tmp_path))
    found = vection.scale(run, frames, known, intrinsics=camera, frames_per_second=rate)
    assert found.scale.factor == pytest.approx(UNIT, rel=0.02)
    assert found.scale.speed is not None
    predicts()
    untimed = vection.scale(run, frames, ScaleSources(camera_height=true_height(clip)), intrinsics=camera, replace=True)
    assert untimed.scale.speed is None


def test_what_the_file_says_is_checked(run):
    RunFolder(run).scale.write_text(json.dumps({"format": 1000}))
    with pytest.raises(DataError, match="newer vection"):
        vection.load(run)
    RunFolder(run).scale.write_text(json.dumps({"factor": -1}))
    with pytest.raises(DataError, match="not valid at"):
        vection.load(run)
    with pytest.raises(UsageError, match=r"Cannot read .*vection scale"):
        read_scale(run / "nothing.json")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("", "Nothing is known; give --camera-height"),
        ("--camera-height -1", "it must be positive metres"),
        ("--camera-pitch 3", "belong to --camera-height"),
        ("--camera-height 1.6 --camera-pitch 60", "within 25 degrees"),
        ("--speed 0", "positive metres per second"),
        ("--speed nothing.csv", "There is nothing at nothing.csv"),
        ("--speed 10 --no-path", "--speed needs the path that --no-path leaves out"),
        ("--distances 3,4,5", "write FRAME,X,Y,METRES"),
        ("--camera-height 1.6 --most-frames 0", "leaves none"),
        ("--stereo", "have no second camera"),
    ],
)
def test_arguments_that_do_not_fit(run, clip, capsys, options, sentence):
    assert main(["scale", str(run), str(clip.folder), *options.split()]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())
