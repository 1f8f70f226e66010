import json
import re
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from tests.inference.test_predictor import Analytic, gradient

from vection.data.clips.folder import write_rgb
from vection.errors import DataError, UsageError
from vection.evaluation.paths.camera_path import open_paths
from vection.evaluation.predictions.read import open_predictions
from vection.formats.prediction_folder import read_prediction_list
from vection.inference.prediction import Prediction
from vection.inference.predictor import Predictor
from vection.inference.sources import open_sources
from vection.inference.window_rule import WindowRule
from vection.inference.write import check_writable, write_depth_png, write_predictions
from vection.runs.odometry import odometry


def predictions(count: int = 4, *, size: tuple[int, int] = (33, 50)) -> list[Prediction]:
    depth = np.repeat(np.linspace(2, 40, size[0], dtype=np.float32)[::-1, None], size[1], axis=1)
    made = []
    for index in range(count):
        pose = np.eye(4)
        pose[2, 3] = index
        image = np.full((*size, 3), 50 * index, np.uint8)
        common = {"unit": "metres", "scale_source": "known", "seconds": 0.05 * index}
        made.append(Prediction(f"{index:06d}", image, depth + index, T_camera_to_world=pose, **common))
    return made


def test_whole_folder(tmp_path):
    made = predictions()
    folder = write_predictions(
        iter(made), tmp_path / "deep" / "out", model="test-model", faults=lambda: ["one frame is lost"]
    )
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = [f"{index:06d}" for index in range(4)]
    expected = [f"depth/{name}.npy" for name in names] + [f"png/{name}.png" for name in names]
    assert files == sorted([*expected, "depth.mp4", "path_kitti.txt", "path_tum.txt", "predictions.json"])
    about = json.loads((folder / "predictions.json").read_text())
    assert about["format"] == 3
    assert (about["unit"], about["scale_source"], about["model"]) == ("metres", "known", "test-model")
    assert (about["width"], about["height"]) == (50, 33)
    assert about["warning"] == "One frame is lost."
    assert about["frames"][1] == {
        "name": "000001",
        "file": "depth/000001.npy",
        "seconds": 0.05,
        "intrinsics": None,
    }
    reader = open_predictions(folder)
    np.testing.assert_array_equal(reader.read("000002").values, made[2].depth)
    assert len((folder / "path_tum.txt").read_text().splitlines()) == 4
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_depth_is_left_out_on_request_and_its_colours_stay(tmp_path):
    made = predictions()
    whole = write_predictions(made, tmp_path / "whole", model="m")
    folder = write_predictions(made, tmp_path / "thin", model="m", depth=False, png=False)
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["depth.mp4", "path_kitti.txt", "path_tum.txt", "predictions.json"]
    assert (folder / "path_tum.txt").read_text() == (whole / "path_tum.txt").read_text()
    first, second = (_first_picture(one / "depth.mp4") for one in (whole, folder))
    assert np.abs(first - second).mean() < 0.5  # depth waits in half precision
    with pytest.raises(DataError, match="holds no depth of '000002', which was left out; predict again with depth"):
        open_predictions(folder).read("000002")


def _first_picture(video):
    with av.open(str(video)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(float)


def test_video_has_one_range_for_the_clip(tmp_path):
    depth = np.repeat(np.linspace(2, 40, 64, dtype=np.float32)[::-1, None], 80, axis=1)
    images = [np.zeros((64, 80, 3), np.uint8)] * 3
    made = [
        Prediction(str(index), image, depth if index != 1 else depth * 2, "up-to-scale", "none", seconds=index / 25)
        for index, image in enumerate(images)
    ]
    folder = write_predictions(made, tmp_path / "out", model="m")
    with av.open(str(folder / "depth.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert float(stream.average_rate) == pytest.approx(25)
        frames = [frame.to_ndarray(format="rgb24").astype(float) for frame in container.decode(stream)]
    assert [frame.shape for frame in frames] == [(384, 960, 3)] * 3
    panels = [frame[:40, 80:] for frame in frames]  # above the legend
    assert np.abs(panels[0] - panels[2]).mean() < 3
    assert panels[1].mean() < panels[0].mean() - 3  # twice as far is darker: not stretched frame by frame


def test_wide_images_stand_above_one_another(tmp_path):
    image = np.zeros((40, 130, 3), np.uint8)
    made = [Prediction(name, image, np.full((40, 130), 3, np.float32), "up-to-scale", "none") for name in "01"]
    folder = write_predictions(made, tmp_path / "out", model="m")
    with av.open(str(folder / "depth.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (480, 296)
    assert not (folder / "path_tum.txt").exists()  # no pose, no path


def test_images_of_several_sizes_have_neither_video_nor_path(tmp_path):
    made = [*predictions(2), *predictions(3, size=(20, 30))[2:]]
    with pytest.raises(DataError, match="`path=False` and `video=False`"):
        write_predictions(made, tmp_path / "out", model="m", video=False)  # they have poses
    images = [replace(one, T_camera_to_world=None) for one in made]
    folder = write_predictions(images, tmp_path / "out", model="m", video=False)
    assert np.load(folder / "depth" / "000001.npy").shape == (33, 50)
    assert np.load(folder / "depth" / "000002.npy").shape == (20, 30)
    listed = read_prediction_list(folder)
    assert (listed.width, listed.height, len(listed.frames)) == (None, None, 3)


def test_png_values(tmp_path):
    depth = np.array([[0.0, 0.001, 1.0, 80.25, 1000.0, np.nan, np.inf, -1.0]], np.float32)
    write_depth_png(tmp_path / "d.png", depth)
    stored = cv2.imread(str(tmp_path / "d.png"), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16
    assert stored.tolist() == [[0, 1, 256, 20544, 65535, 0, 0, 0]]


def test_parts_can_be_left_out(tmp_path):
    folder = write_predictions(predictions(), tmp_path / "out", model="m", png=False, video=False)
    parts = sorted(path.name for path in folder.iterdir())
    assert parts == ["depth", "path_kitti.txt", "path_tum.txt", "predictions.json"]


def test_frames_without_times_have_a_path_that_can_be_scored(tmp_path):
    made = [replace(one, seconds=0.0) for one in predictions()]
    folder = write_predictions(made, tmp_path / "out", model="m", png=False, video=False)
    assert open_paths(folder)[""].seconds is None
    scored = odometry(folder, truth=folder / "path_kitti.txt", align=("none",)).scores[0]
    assert scored.aligned[0].ate == pytest.approx(0, abs=1e-6)


def test_existing_output_is_kept_unless_overwritten(tmp_path):
    folder = write_predictions(predictions(2), tmp_path / "out", model="first", video=False)
    with pytest.raises(UsageError, match="exists already"):
        write_predictions(predictions(3), folder, model="second", video=False)
    assert json.loads((folder / "predictions.json").read_text())["model"] == "first"
    write_predictions(predictions(3), folder, model="second", video=False, overwrite=True)
    assert json.loads((folder / "predictions.json").read_text())["model"] == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_folders_are_never_replaced(tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").write_text("precious")
    with pytest.raises(UsageError, match="not overwritten"):
        write_predictions(predictions(), tmp_path / "holiday", model="m", overwrite=True)
    with pytest.raises(UsageError, match="exists already"):
        check_writable(tmp_path / "holiday")
    (tmp_path / "file").write_text("precious")
    with pytest.raises(UsageError, match="not overwritten"):
        check_writable(tmp_path / "file", overwrite=True)
    (tmp_path / "empty").mkdir()
    check_writable(tmp_path / "empty")
    write_predictions(predictions(1), tmp_path / "empty", model="m", video=False)


@pytest.mark.parametrize("error", [DataError("broken frame"), KeyboardInterrupt()])
def test_nothing_half_written(tmp_path, error):
    older = write_predictions(predictions(2), tmp_path / "out", model="older", video=False)

    def broken():
        yield predictions()[0]
        raise error

    with pytest.raises(type(error)):
        write_predictions(broken(), older, model="newer", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert json.loads((older / "predictions.json").read_text())["model"] == "older"


def test_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="Cannot write"):
        write_predictions(predictions(), tmp_path / "file" / "out", model="m")


def test_bad_sequences(tmp_path):
    with pytest.raises(DataError, match="no frames"):
        write_predictions([], tmp_path / "out", model="m")
    first = predictions(1)[0]
    with pytest.raises(DataError, match="twice"):
        write_predictions([first, first], tmp_path / "out", model="m")
    with pytest.raises(DataError, match="twice or contains"):
        write_predictions([replace(first, name="../up")], tmp_path / "out", model="m")
    other = replace(predictions(2, size=(20, 30))[1])
    with pytest.raises(DataError, match="is 30x20, frames before it are of another size"):
        write_predictions([first, other], tmp_path / "out", model="m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (WindowRule(64, 192), r"50x33 were squeezed to the 192x64 .* by 1.98.*window=cut.*height=128"),
        (WindowRule(64, 96), ""),
        (None, ""),
    ],
)
def test_frames_of_another_shape_than_the_networks_see(rule, words, tmp_path):
    folder = write_predictions(predictions(2), tmp_path / "out", model="m", video=False, rule=rule)
    warning = read_prediction_list(folder).warning
    assert re.search(words, warning) if words else warning == ""


def test_photos_of_several_sizes_from_a_folder(tmp_path):
    sizes = {"a_10": (32, 64), "b_10": (30, 64), "c_10": (40, 48)}
    for name, (height, width) in sizes.items():
        write_rgb(tmp_path / "in" / f"{name}.png", gradient(height, width))
    predictor = Predictor(Analytic(), height=32, width=64)
    (source,) = open_sources(tmp_path / "in")
    folder = write_predictions(map(predictor.predict, source), tmp_path / "out", model="m", video=False)
    assert {name: np.load(folder / f"depth/{name}.npy").shape for name in sizes} == sizes
