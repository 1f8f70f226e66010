"""A video that was cut when it became a clip is seen by the same cut everywhere: field case of another aspect."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.cli.conftest import write_video
from tests.inference.test_predictor import Analytic

import vection
from vection.app.upload import predict_upload
from vection.cli.main import main
from vection.data.clips.folder import read_clip, write_rgb
from vection.data.clips.window import see
from vection.data.ingest.clip_writer import IngestSettings
from vection.data.ingest.ingestion import ingest
from vection.data.synthetic import render_drive, turning
from vection.engines.run_times import open_network
from vection.errors import DataError, UsageError
from vection.evaluation import (
    GroundTruth,
    computed_predictions,
    evaluate_depth,
    get_protocol,
    open_predictions,
    truths_in_memory,
)
from vection.evaluation.depth.kitti_submission import write_submission
from vection.exports.scene import SceneNeeds, open_scene
from vection.exports.settings import ExportSettings
from vection.formats.checkpoint import read_config, save_checkpoint
from vection.formats.prediction_folder import read_prediction_list
from vection.formats.run_folder import RunFolder
from vection.formats.window import TrainingWindow, Window
from vection.inference.sources import open_sources
from vection.recipes.recipe_file import recipe_to_json
from vection.recipes.registry import get_recipe
from vection.runs.networks.export import export_network

SIZE = (96, 160)
"""Height and width of the video."""
NETWORK = {"width": 192, "height": 64}
RECIPE = get_recipe("monodepth2-debug")
RECIPE = replace(RECIPE, data=replace(RECIPE.data, **NETWORK))
CUT = (0, 22, 160, 53)
"""What `ingest` keeps of the video: left, top, width, height."""
TOP, BOTTOM = CUT[1], CUT[1] + CUT[3]
UNSEEN = 1 - CUT[3] / SIZE[0]


class ByRow(Analytic):
    """Inverse depth grows from 0.1 at the upper edge of what the network sees to 1.1 at the lower one."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def predict_depth(self, image: torch.Tensor) -> torch.Tensor:
        down = (torch.arange(image.shape[2], device=image.device) + 0.5) / image.shape[2]
        return (1 / (0.1 + down))[None, None, :, None].expand(len(image), 1, -1, image.shape[3]) + 0 * image[:, :1]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drive, and a clip that was cut from it."""
    folder = tmp_path_factory.mktemp("drive")
    settings = turning(width=SIZE[1], height=SIZE[0], frames=8, antialias=False, frame_rate=10.0)
    write_video(folder / "drive.mp4", [frame.image for frame in render_drive(settings, seed=5)])
    how = IngestSettings(**NETWORK, intrinsics="fov:70", stride=1, drop_static=False, doctor=False, mask=None)
    (clip,) = ingest(folder / "drive.mp4", folder / "clip", settings=how).clips
    assert clip.window == Window.of(SIZE, CUT)
    return folder / "drive.mp4"


@pytest.fixture
def run(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that learned from the clip, and whose network predicts by row."""
    monkeypatch.setattr("vection.runs.load.build_method", lambda _: ByRow())
    trained = TrainingWindow(("clip",), Window.of(SIZE, CUT), "keep-aspect")
    config = {"recipe": recipe_to_json(RECIPE), "windows": [asdict(trained)]}
    folder = RunFolder(tmp_path / "run")
    save_checkpoint(folder.best, weights=ByRow().state_dict(), config=config)
    return folder.path


def predicted(run: Path, frames: Path, out: Path, **settings: object) -> Path:
    (folder,) = vection.predict(run, frames, out, video=False, png=False, device="cpu", **settings)
    return folder


def depth(folder: Path, name: str = "000003") -> np.ndarray:
    return np.load(folder / f"depth/{name}.npy")


def true_depth() -> np.ndarray:
    """What `ByRow` says of the rows that the clip shows; ten times too far elsewhere."""
    down = (np.arange(SIZE[0]) - TOP + 0.5) / (BOTTOM - TOP)
    rows = np.where((down > 0) & (down < 1), 1 / (0.1 + down.clip(0, 1)), 10.0)
    return np.repeat(rows[:, None], SIZE[1], axis=1).astype(np.float32)


def test_the_video_is_seen_as_its_clip(video: Path, run: Path, tmp_path: Path):
    raw = predicted(run, video, tmp_path / "raw", intrinsics="fov:70")
    clip = predicted(run, video.parent / "clip", tmp_path / "clip")
    small, large = depth(clip), depth(raw)
    assert large.shape == CUT[:1:-1]
    np.testing.assert_allclose(small[:, 0], 1 / (0.1 + (np.arange(64) + 0.5) / 64), rtol=1e-5)
    np.testing.assert_allclose(large, true_depth()[TOP:BOTTOM], rtol=0.02)
    about = read_prediction_list(raw)
    assert about.seen == "rows 22 to 74 of 160x96, 55 % of the image"
    assert about.warning == ""
    assert about.frames[0].intrinsics == pytest.approx((114.25, 114.25, 79.5, 25.5), abs=0.01)
    whole = predicted(run, video, tmp_path / "whole", window="whole")
    assert depth(whole).shape == SIZE
    assert "window=cut" in read_prediction_list(whole).warning
    assert read_prediction_list(whole).seen == ""
    with pytest.raises(UsageError, match="leave `window` out"):
        predicted(run, video.parent / "clip", tmp_path / "refused", window="whole")


def test_training_remembers_what_clips_showed(video: Path, tmp_path: Path):
    recipe = replace(RECIPE, training=replace(RECIPE.training, steps_per_epoch=1, precision="float32"))
    run = vection.train(recipe, data=video.parent / "clip", out=tmp_path / "run", device="cpu")
    (stored,) = read_config(RunFolder(run).last)["windows"]
    assert (stored["clips"], stored["crop"]) == (["drive"], "keep-aspect")
    predictor = vection.load(run, checkpoint="last")
    assert predictor.rule.trained == (TrainingWindow(("drive",), Window.of(SIZE, CUT), "keep-aspect"),)
    clip, raw = read_clip(video.parent / "clip"), open_sources(video, rule=predictor.rule)[0]
    for number, frame in enumerate(raw):
        seen, stored_frame = predictor.predict(frame), predictor.predict(clip.read_image(number))
        small = predictor.networks.inverse_depths([predictor.to_network(frame.image)])[0]
        np.testing.assert_allclose(small, 1 / stored_frame.depth, rtol=0.03)  # but for the JPEG of the clip
        assert seen.window == Window.of(SIZE, CUT)


def test_errors_count_where_something_was_seen(video: Path, run: Path, tmp_path: Path):
    raw = predicted(run, video, tmp_path / "raw")
    truths = truths_in_memory([GroundTruth(f"{i:06d}", true_depth() * 2, group=str(i % 2)) for i in range(8)])
    comparison = vection.evaluate(raw, truths, replace(get_protocol("synthetic"), name="rows", ground_truth="rows"))
    model = comparison.model
    assert model.categories["all"].mean.abs_rel < 0.01
    assert model.ratio_median == pytest.approx(2, rel=0.01)
    assert model.unseen == pytest.approx(UNSEEN)
    assert {result.categories["all"].pixels for result in comparison.results} == {8 * CUT[2] * CUT[3]}
    assert f"{100 * UNSEEN:.1f} % of the true pixels lie outside" in model.table().caption
    squeezed = predicted(run, video, tmp_path / "whole", window="whole")
    worse = vection.evaluate(squeezed, truths, comparison.model.protocol, baselines=False).model
    assert worse.categories["all"].mean.abs_rel > 0.2
    assert worse.unseen is None
    square = truths_in_memory([GroundTruth("000000", np.ones((160, 160), np.float32))])
    with pytest.raises(UsageError, match="does not show what the truth, 160x88"):
        vection.evaluate(raw, square, comparison.model.protocol, baselines=False)
    with pytest.raises(UsageError, match="the server wants all"):
        write_submission(open_predictions(raw), tmp_path / "kitti", factor=1.0, images=8)


def test_truth_of_the_clip_is_of_the_same_part(video: Path, run: Path, tmp_path: Path):
    """The video's prediction against what was measured in the clip: both show the window, whatever their sizes."""
    raw = predicted(run, video, tmp_path / "raw")
    shown = {f"{i:06d}": Window.of((48, 80), (0, 11, 80, 27)) for i in range(8)}
    rows = 1 / (0.1 + (np.arange(64) + 0.5) / 64)
    depth_of_clip = np.repeat(rows[:, None], 192, axis=1).astype(np.float32)
    truths = replace(truths_in_memory([GroundTruth(name, depth_of_clip) for name in shown]), windows=shown)
    protocol = replace(get_protocol("synthetic"), name="rows", ground_truth="rows")
    model = vection.evaluate(raw, truths, protocol, baselines=False).model
    assert model.categories["all"].mean.abs_rel < 0.01
    assert model.categories["all"].pixels == 8 * 64 * 192
    assert model.unseen is None
    elsewhere = replace(truths, windows={name: Window.of(SIZE, (0, 0, 160, 53)) for name in shown})
    with pytest.raises(UsageError, match=r"of rows 22 to 74 of 160x96.*, its truth of rows 0 to 52"):
        vection.evaluate(raw, elsewhere, protocol, baselines=False)


def test_exports_show_the_part_that_was_seen(video: Path, run: Path, tmp_path: Path):
    raw = predicted(run, video, tmp_path / "raw")
    scene = open_scene(raw, ExportSettings(intrinsics="fov:70"), SceneNeeds())
    first = next(iter(scene))
    (whole,) = (frame.image for frame in open_sources(video)[0] if frame.name == first.name)
    np.testing.assert_array_equal(first.image, see(Window.of(SIZE, CUT), whole))
    assert first.camera == pytest.approx((114.25, 114.25, 79.5, 25.5), abs=0.01)
    assert "of rows 22 to 74" in scene.words
    (ply,) = vection.export(raw, tmp_path / "points.ply", to="ply", settings=ExportSettings(intrinsics="fov:70"))
    assert ply.path.stat().st_size > 1000


def test_paths_the_app_and_single_files(video: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    comparison = vection.odometry(run, video, out=tmp_path / "path", device="cpu")
    assert comparison.seen == ("rows 22 to 74 of 160x96, 55 % of the image",)
    assert main(["odometry", str(run), str(video), "--out", str(tmp_path / "again"), "--device", "cpu"]) == 0
    assert "seen: rows 22 to 74 of 160x96" in capsys.readouterr().out
    assert "The model saw rows 22 to 74" in predict_upload(run, video, tmp_path / "app", device="cpu").sentence
    photo = next(iter(open_sources(video)[0])).image
    write_rgb(tmp_path / "photo.png", photo)
    predictor = vection.load(run)
    truths = truths_in_memory([GroundTruth("a", true_depth(), image=tmp_path / "photo.png")])
    on_the_spot = computed_predictions(predictor.predict, truths, description="on the spot")
    protocol = replace(get_protocol("synthetic"), name="rows", ground_truth="rows")
    model = evaluate_depth(on_the_spot, truths, protocol)
    assert (model.categories["all"].mean.abs_rel < 0.01, model.unseen) == (True, pytest.approx(UNSEEN))
    assert predictor.predict(tmp_path / "photo.png").depth.shape == CUT[:1:-1]
    assert predictor.predict(photo).depth.shape == SIZE


def test_the_command_says_what_was_seen(
    video: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    words = ["predict", str(run), str(video), "--no-video", "--no-png", "--device", "cpu", "--out"]
    assert main([*words, str(tmp_path / "a")]) == 0
    assert "; of rows 22 to 74 of 160x96, 55 % of the image; motion" in capsys.readouterr().out
    assert main([*words, str(tmp_path / "b"), "--window", "clip"]) == 0
    assert "; of rows 22 to 74" in capsys.readouterr().out
    assert main([*words, str(tmp_path / "c"), "--window", "trianing"]) == 2
    assert "did you mean training?" in capsys.readouterr().err


def test_a_network_file_says_how_images_are_cut(video: Path, run: Path, tmp_path: Path):
    (written,) = export_network(run, to="torch", out=tmp_path / "network", frames=video)
    assert "cut to 192:64 and not squeezed" in open_network(written.file).description.preparation


def test_a_known_distance_is_a_pixel_of_the_whole_image(video: Path, run: Path, tmp_path: Path):
    seen = true_depth()[60, 80] * np.sqrt(1 + ((80 - 79.5) ** 2 + (60 - 47.5) ** 2) / 114.25**2)
    known = vection.ScaleSources(distances=(f"3,80,60,{5 * seen}",))
    found = vection.scale(run, video, known, intrinsics="fov:70", path=False, device="cpu")
    assert found.scale.factor == pytest.approx(5, rel=0.02)
    with pytest.raises(UsageError, match="rows 22 to 74"):
        vection.scale(run, video, vection.ScaleSources(distances=("3,80,5,1",)), intrinsics="fov:70", device="cpu")


def test_a_lens_that_the_window_of_a_clip_does_not_undo_is_refused(video: Path, run: Path, tmp_path: Path):
    bent = tmp_path / "bent.json"
    camera = {"width": 160, "height": 96, "fx": 114, "fy": 114, "cx": 79.5, "cy": 47.5}
    bent.write_text(json.dumps(camera | {"distortion": [-0.3, 0.0, 0.0, 0.0, 0.0]}))
    with pytest.raises(DataError, match="states a lens distortion, which these frames still have"):
        predicted(run, video, tmp_path / "out", intrinsics=bent, window="clip")


def test_a_scale_is_that_of_what_was_seen(video: Path, run: Path, tmp_path: Path):
    known = vection.ScaleSources(distances=("3,80,60,5",))
    vection.scale(run, video, known, intrinsics="fov:70", window="whole", path=False, device="cpu")
    assert read_prediction_list(predicted(run, video, tmp_path / "whole", window="whole")).unit == "metres"
    other = read_prediction_list(predicted(run, video, tmp_path / "cut"))
    assert other.unit == "up-to-scale"
    assert "frames that show all of 160x96 (these show rows 22 to 74 of 160x96" in other.scale_source
