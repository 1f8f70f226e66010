"""What the pictures of a user's frames show, and which of them a model can make."""

import gc
import json
import shutil
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vection.data.clips.folder import read_clip
from vection.data.measure.clip import measure_clip
from vection.data.sets.clip_dataset import ClipDataset
from vection.data.synthetic import still_street, write_drive
from vection.errors import UsageError
from vection.inference.observe import ObservedFrame, Observer, picture_names
from vection.inference.picture_files import write_pictures
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, open_sources
from vection.inference.write import write_predictions
from vection.methods.measured_depth import MeasuredDepth, MeasuredDepthSettings
from vection.methods.method import Knows, MethodSettings
from vection.methods.pictures import PICTURES
from vection.methods.steps.observation import observe
from vection.recipes.methods import METHODS, build_method
from vection.training.validation import plain_batches

WIDTH, HEIGHT = 96, 64


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips") / "drive"
    write_drive(folder, still_street(width=WIDTH, height=HEIGHT, frames=6, antialias=False), seed=2)
    measure_clip(folder)
    return folder


def debug_settings(method: str) -> MethodSettings:
    return next(recipe for recipe in METHODS[method].recipes if recipe.name.endswith("-debug")).method


def predictor_of(method: str) -> Predictor:
    torch.manual_seed(0)
    return Predictor(build_method(debug_settings(method)), height=HEIGHT, width=WIDTH)


def frames_of(clip: Path) -> list[Frame]:
    (source,) = open_sources(clip)
    return list(source)


@pytest.mark.parametrize("method", METHODS)
def test_it_shows_what_training_panels_show(method: str, clip: Path):
    predictor = predictor_of(method)
    seen = list(Observer(predictor).observe(frames_of(clip)))
    needs = predictor.method.settings.needs
    dataset = ClipDataset(clip, use_sources=needs.neighbours, use_measured=True)
    names = [frame.name for frame in seen]
    assert names == [f"{index:06d}" for index in (range(1, 5) if needs.neighbours else range(6))]
    batch = next(iter(plain_batches(dataset, batch_size=8, most=8, device=torch.device("cpu"))))
    panel = observe(predictor.method, replace(batch, camera=torch.zeros_like(batch.camera)))
    for index, frame in enumerate(seen):
        assert list(frame.pictures) == list(panel.pictures)
        for name, values in frame.pictures.items():
            expected = panel.pictures[name][index].float().numpy()
            if PICTURES[name].drawing in (
                "source",
                "mask",
                "classes",
            ):  # ties fall apart
                assert np.mean(np.abs(values - expected) > 1e-3) < 0.01, name
            else:
                np.testing.assert_allclose(values, expected, rtol=2e-3, atol=2e-4, err_msg=name)


def test_breaks_are_not_crossed(clip: Path, tmp_path: Path):
    info = replace(read_clip(clip), folder=tmp_path / "drive", breaks=(3,))
    shutil.copytree(clip, tmp_path / "drive", ignore=shutil.ignore_patterns("measured"))
    frames = [replace(frame, clip=info) for frame in frames_of(clip)]
    seen = Observer(predictor_of("monodepth2"), ["auto-mask"]).observe(frames)
    assert [frame.name for frame in seen] == ["000001", "000004"]


def test_no_more_frames_are_in_memory_than_are_looked_at_together(clip: Path):
    alive: list[weakref.ref] = []
    most = 0

    def frames() -> Iterator[Frame]:
        nonlocal most
        for number in range(12):
            image = np.full((HEIGHT, WIDTH, 3), 10 * number, np.uint8)
            frame = Frame(str(number), image, seconds=0.1 * number, intrinsics=(60.0, 60.0, 48.0, 32.0))
            alive.append(weakref.ref(frame))
            gc.collect()
            most = max(most, sum(reference() is not None for reference in alive))
            yield frame

    assert len(list(Observer(predictor_of("monodepth2"), ["source"]).observe(frames()))) == 10
    assert most <= 4


def test_depth_and_translation_are_in_the_unit_of_the_predictor(clip: Path):
    frames, plain = frames_of(clip), predictor_of("motion_field")
    names = ["depth", "translation-map", "rigid-flow"]
    before = next(iter(Observer(plain, names).observe(frames))).pictures
    plain.depth_scale = 3.0
    after = next(iter(Observer(plain, names).observe(frames))).pictures
    assert list(after) == [name for name in plain.method.pictures if name in names]
    for name, factor in (("depth", 3), ("translation-map", 3), ("rigid-flow", 1)):
        np.testing.assert_allclose(after[name], factor * before[name], rtol=1e-5)


def refusal(predictor: Predictor, names: list[str], frame: Frame, *, count: int | None = None) -> str:
    with pytest.raises(UsageError) as raised:
        Observer(predictor, names).check(frame, count=count)
    return str(raised.value)


def test_what_cannot_be_made_is_refused_with_what_can(clip: Path):
    predictor, frame = predictor_of("sc_sfmlearner"), frames_of(clip)[0]
    can = "target, synthesised-target, depth, photometric-error, self-discovered-mask, rigid-flow"
    assert can in refusal(predictor, ["complete-flow"], frame)
    assert "no picture 'clouds'" in refusal(predictor, ["clouds"], frame)
    assert "a frame together with others, 3 in all" in refusal(predictor, [], frame, count=2)
    photo = Frame("photo", frame.image)
    assert "'photo' has no intrinsics" in refusal(predictor, [], photo)
    assert "wants a clip of 96x64 that was measured" in refusal(predictor, ["measured-error"], photo)


def test_a_model_without_neighbours_makes_its_pictures_of_one_photo():
    settings = MeasuredDepthSettings(pretrained=False)
    observer = Observer(Predictor(MeasuredDepth(settings), height=HEIGHT, width=WIDTH))
    photo = Frame("photo", np.zeros((90, 120, 3), np.uint8))
    observer.check(photo, count=1)
    (seen,) = observer.observe([photo])
    assert list(seen.pictures) == ["target", "depth"]


def test_a_model_that_lacks_its_motion_shows_nothing_that_needs_it(clip: Path):
    predictor = predictor_of("dynamo_depth")
    predictor.method.knows = Knows(ego_motion=False)
    assert picture_names(predictor.method) == ("target", "depth")
    assert "it makes target, depth" in refusal(predictor, ["rigid-flow"], frames_of(clip)[0])


def test_learned_cameras_are_those_of_the_frames(clip: Path):
    torch.manual_seed(0)
    settings = replace(debug_settings("monodepth2"), intrinsics="per-camera")
    predictor = Predictor(build_method(settings), height=HEIGHT, width=WIDTH)
    cameras = predictor.method.cameras
    assert cameras is not None
    assert cameras.learned is not None
    frames = frames_of(clip)
    assert "which of them took" in refusal(predictor, ["rigid-flow"], frames[0])
    given = torch.tensor(frames[0].intrinsics)
    cameras.learned.given[4], cameras.learned.given[5] = given, given * 2
    cameras.learned.corrections.data[4, 0] = np.log(1.5) / 30
    learned = next(iter(Observer(predictor, ["rigid-flow"]).observe(frames))).pictures["rigid-flow"]
    fx, fy, cx, cy = frames[0].intrinsics or (0, 0, 0, 0)
    known = Predictor(build_method(debug_settings("monodepth2")), height=HEIGHT, width=WIDTH)
    weights = {name: value for name, value in predictor.method.state_dict().items() if not name.startswith("cameras")}
    known.method.load_state_dict(weights, strict=False)
    longer = [replace(frame, intrinsics=(1.5 * fx, 1.5 * fy, cx, cy)) for frame in frames]
    expected = next(iter(Observer(known, ["rigid-flow"]).observe(longer))).pictures["rigid-flow"]
    np.testing.assert_allclose(learned, expected, atol=1e-3)


def test_pictures_lie_in_the_prediction_folder_with_what_their_colours_mean(clip: Path, tmp_path: Path):
    predictor, frames = predictor_of("dynamo_depth"), frames_of(clip)
    names = ["depth", "motion-mask", "rigid-flow"]
    folder = write_predictions(
        predictor.stream(frames), tmp_path / "out", model="m", pictures=Observer(predictor, names).observe(frames)
    )
    listed = json.loads((folder / "predictions.json").read_text())["pictures"]
    assert list(listed) == names
    assert "full colour" in listed["rigid-flow"]
    for name in names:
        files = sorted((folder / "pictures" / name).iterdir())
        assert [file.name for file in files] == [f"00000{index}.png" for index in range(1, 5)]
        assert all(cv2.imread(str(file)).shape == (HEIGHT, WIDTH, 3) for file in files)
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []
    assert (folder / "pictures.mp4").stat().st_size > 0


def test_one_scale_serves_all_frames(tmp_path: Path):
    flows = [np.full((2, 8, 8), length, np.float32) * np.array([1, 0], np.float32)[:, None, None] for length in (1, 4)]
    frames = [ObservedFrame(str(index), 0.1 * index, {"rigid-flow": flow}) for index, flow in enumerate(flows)]
    legends = write_pictures(iter(frames), tmp_path, unit="m", video=False)
    slow, fast = (cv2.imread(str(tmp_path / f"pictures/rigid-flow/{name}.png"))[0, 0].tolist() for name in "01")
    assert fast == [0, 0, 255]  # BGR
    assert slow == [191, 191, 255]
    assert legends == {"rigid-flow": "white is still, full colour 4 pixels"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures"]
    with pytest.raises(UsageError, match="too few frames"):
        write_pictures(iter([]), tmp_path / "pictures", unit="m")


def test_stereo_needs_both_cameras(clip: Path, tmp_path: Path):
    settings = replace(debug_settings("monodepth2"), temporal=False, stereo=True)
    torch.manual_seed(0)
    predictor = Predictor(build_method(settings), height=HEIGHT, width=WIDTH)
    assert "hold both" in refusal(predictor, [], frames_of(clip)[0])
    write_drive(
        tmp_path / "pair",
        still_street(width=WIDTH, height=HEIGHT, frames=2, antialias=False, stereo_baseline=0.5),
        seed=2,
    )
    seen = list(Observer(predictor).observe(frames_of(tmp_path / "pair")))
    assert len(seen) == 2
    assert set(np.unique(seen[0].pictures["source"])) <= {0, 3}
    assert (seen[0].pictures["rigid-flow"][0] < 0).all()  # what the right camera sees lies further left


def test_cuts_of_a_video_are_not_crossed(clip: Path):
    frames = [replace(frame, clip=None, number=0) for frame in frames_of(clip)]
    frames[3] = replace(frames[3], begins_anew=True)
    seen = Observer(predictor_of("monodepth2"), ["auto-mask"]).observe(frames)
    assert [frame.name for frame in seen] == ["000001", "000004"]


def test_of_every_second_frame_of_a_clip_the_next_ones_are_neighbours(clip: Path):
    (source,) = open_sources(clip)
    seen = Observer(predictor_of("monodepth2"), ["auto-mask"]).observe(source.thinned(2))
    assert [frame.name for frame in seen] == ["000002"]
