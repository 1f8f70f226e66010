"""Motion measured instead of predicted: against the truth of synthetic drives, with the true depth as prediction."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.inference.test_predictor import Analytic, Scenic

from vection.data.clips.folder import ClipInfo, write_clip
from vection.data.measure import measure_clip
from vection.data.synthetic import DriveSettings, still_street, turning, write_drive
from vection.errors import DataError, UsageError
from vection.formats.measured_geometry import FOLDER
from vection.inference.motion.measured import MotionMeasurement, Step
from vection.inference.motion.source import choose_motion, describe_motion
from vection.inference.prediction import Prediction
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, open_sources
from vection.methods.method import Knows

FAR = 200.0
SETTINGS = {
    "straight": (still_street(width=416, height=128, frames=6, route="straight"), 11),
    "turn": (turning(width=416, height=128, frames=6), 5),
}


class TrueDepth(Analytic):
    """Says the true depth of frame after frame, in units of 2.5 m; its motion is nonsense."""

    def __init__(self, clip: ClipInfo, *, knows_motion: bool = False) -> None:
        super().__init__()
        self.knows = Knows(ego_motion=knows_motion)
        self.depths = self._read(clip)
        self.motions = 0

    def _read(self, clip: ClipInfo) -> Iterator[torch.Tensor]:
        for index in range(len(clip)):
            depth = clip.read_truth(index).depth
            yield torch.from_numpy(np.where(depth > 0, depth, FAR) / 2.5)[None, None]

    def predict_depth(self, image):
        return next(self.depths)

    def predict_motion(self, first, second, *, before=None, intrinsics=None, seconds=None):
        self.motions += 1
        return super().predict_motion(first, second)


@dataclass(frozen=True)
class Drive:
    clip: ClipInfo

    def predictor(self, *, knows_motion: bool = False, scale: float = 1.0) -> Predictor:
        method = TrueDepth(self.clip, knows_motion=knows_motion)
        return Predictor(method, height=self.clip.height, width=self.clip.width, depth_scale=scale)

    def stream(self, **arguments: object) -> list[Prediction]:
        return list(self.predictor().stream(open_sources(self.clip.folder)[0], **arguments))

    def frames(self, **changes: object) -> list[Frame]:
        """The images alone, as those of a video."""
        return [replace(frame, clip=None, number=0, **changes) for frame in open_sources(self.clip.folder)[0]]

    def true_step(self, index: int) -> np.ndarray:
        poses = [self.clip.read_truth(number).T_camera_to_world for number in (index, index + 1)]
        return np.linalg.inv(poses[1]) @ poses[0]


def drive(folder: Path, settings: DriveSettings, seed: int) -> Drive:
    return Drive(write_drive(folder, settings, seed=seed))


@pytest.fixture(scope="module", params=list(SETTINGS))
def any_drive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return drive(tmp_path_factory.mktemp("drives") / request.param, *SETTINGS[request.param])


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return drive(tmp_path_factory.mktemp("drives") / "straight", *SETTINGS["straight"])


def check_steps(one: Drive, predictions: list[Prediction], *, unit: float) -> None:
    """Rotation, direction and length of all steps; `unit` in metres."""
    assert [prediction.motion_source for prediction in predictions] == ["measured"] * 5 + [None]
    ratios = []
    for index, prediction in enumerate(predictions[:-1]):
        true, found = one.true_step(index), prediction.T_to_next
        cosine = (np.trace(found[:3, :3].T @ true[:3, :3]) - 1) / 2
        assert np.degrees(np.arccos(np.clip(cosine, -1, 1))) < 0.1
        lengths = np.linalg.norm(found[:3, 3]), np.linalg.norm(true[:3, 3])
        assert found[:3, 3] @ true[:3, 3] > np.cos(np.radians(1.5)) * lengths[0] * lengths[1]
        ratios.append(lengths[0] * unit / lengths[1])
    np.testing.assert_allclose(ratios, 1, atol=0.06)
    assert np.median(ratios) == pytest.approx(1, abs=0.03)
    np.testing.assert_allclose(
        predictions[1].T_camera_to_world, np.linalg.inv(predictions[0].T_to_next), rtol=1e-6, atol=1e-9
    )


def test_steps_have_the_true_motion_in_the_unit_of_the_depth(any_drive):
    check_steps(any_drive, any_drive.stream(), unit=2.5)


def test_path_and_depth_are_scaled_alike(straight):
    frames = straight.frames()
    check_steps(straight, list(straight.predictor(scale=2.5).stream(frames)), unit=1.0)


def test_path_alone_is_that_of_the_stream(straight):
    source = open_sources(straight.clip.folder)[0]
    streamed = straight.stream()
    path = list(straight.predictor().path(source))
    assert [one.frame.name for one in path] == [one.name for one in streamed]
    assert [one.motion_source for one in path] == [None, *["measured"] * 5]
    for one, other in zip(path, streamed, strict=True):
        np.testing.assert_array_equal(one.T_camera_to_world, other.T_camera_to_world)


def test_a_measured_clip_is_not_measured_again(tmp_path, monkeypatch):
    one = drive(tmp_path / "clip", *SETTINGS["turn"])
    measured = measure_clip(one.clip.folder)
    monkeypatch.setattr("vection.inference.motion.measured.track_pair", None)
    predictions = one.stream()
    check_steps(one, predictions, unit=2.5)
    for index, prediction in enumerate(predictions[:-1]):
        pair = measured.pair(index, index + 1)
        np.testing.assert_allclose(prediction.T_to_next[:3, :3], pair.R_first_to_second, atol=1e-12)
    listed = one.clip.folder / FOLDER / "measured.json"
    listed.write_text(listed.read_text().replace('"name": "000001"', '"name": "other"'))
    with pytest.raises(DataError, match="measured in other frames"):
        one.stream()


def test_a_standing_camera_does_not_move(straight):
    first = straight.frames()[0]
    frames = [replace(first, name=str(index)) for index in range(3)]
    predictions = list(straight.predictor(knows_motion=True).stream(frames, motion="auto"))
    assert [one.motion_source for one in predictions] == ["standing", "standing", None]
    np.testing.assert_array_equal(predictions[-1].T_camera_to_world, np.eye(4))


def test_what_is_before_a_measured_cut_is_not_before_the_frame_behind_it(straight, monkeypatch):
    steps = iter(["measured", "cut", "measured"])
    monkeypatch.setattr(MotionMeasurement, "step", lambda *_: Step(np.eye(4), next(steps)))
    predictor = Predictor(method := Scenic(), height=8, width=16)
    list(predictor.stream(straight.frames()[:4], motion="auto"))
    assert [before is None for *_, before in method.pairs] == [True, False, True]


def test_auto_asks_the_network_for_what_cannot_be_measured(straight):
    frames = straight.frames()[:4]
    frames[2] = replace(frames[2], image=np.full_like(frames[2].image, 128))
    predictor = straight.predictor(knows_motion=True)
    predictions = list(predictor.stream(frames, motion="auto"))
    assert [one.motion_source for one in predictions] == ["measured", "network", "network", None]
    assert predictor.method.motions == 2
    np.testing.assert_allclose(predictions[1].T_to_next[:3, 3], [-1, 0, -2])
    # Without a network, or where it is not to be asked, the step before is repeated.
    for knows_motion, motion in ((False, "auto"), (True, "measured")):
        predictor = straight.predictor(knows_motion=knows_motion)
        repeated = list(predictor.stream(frames, motion=motion))
        assert [one.motion_source for one in repeated] == ["measured", "repeated", "repeated", None]
        np.testing.assert_array_equal(repeated[2].T_to_next, repeated[0].T_to_next)
        assert predictor.method.motions == 0


def test_a_break_of_the_clip_is_a_cut(tmp_path):
    one = drive(tmp_path / "clip", *SETTINGS["straight"])
    write_clip(replace(one.clip, breaks=(3,)))
    sources = [prediction.motion_source for prediction in one.stream()]
    assert sources == ["measured", "measured", "cut", "measured", "measured", None]


def test_auto_where_the_camera_is_unknown(straight):
    frames = straight.frames(intrinsics=None)[:3]
    predictions = list(straight.predictor().stream(frames))
    assert [(one.motion_source, one.T_camera_to_world) for one in predictions] == [("none", None)] * 3
    assert describe_motion(one.motion_source for one in predictions).startswith("none: this model knows no motion")
    with pytest.raises(UsageError, match="There is no path: this model knows no motion"):
        list(straight.predictor().path(frames))
    networked = list(straight.predictor(knows_motion=True).stream(frames, motion="auto"))
    assert [one.motion_source for one in networked] == ["network", "network", None]


def test_an_assumed_camera_is_known_to_who_knows_no_motion(tmp_path):
    one = drive(tmp_path / "clip", *SETTINGS["straight"])
    write_clip(replace(one.clip, intrinsics_source="assumed: horizontal field of view 60 degrees"))
    source = open_sources(one.clip.folder)[0]
    for knows_motion, expected in ((True, "network"), (False, "measured")):
        predictions = list(one.predictor(knows_motion=knows_motion).stream(source))
        assert predictions[0].motion_source == expected
    assert next(one.predictor(knows_motion=True).stream(source, motion="measured")).motion_source == "measured"


def test_what_cannot_be_had(straight):
    frames = straight.frames(intrinsics=None)
    with pytest.raises(UsageError, match=r"'000000' has no intrinsics; give `intrinsics`"):
        list(straight.predictor(knows_motion=True).stream(frames, motion="measured"))
    with pytest.raises(UsageError, match=r"knows no motion of the camera; give `motion=measured`"):
        list(straight.predictor().stream(frames, motion="network"))
    with pytest.raises(UsageError, match="no motion 'both'; choose among auto, measured, network"):
        choose_motion("both", frames[0], camera=None, known_to_method=True)


def test_what_is_said():
    assert describe_motion(["measured", "network", "measured", "repeated", "cut", None]) == (
        "measured in 2, from the network in 1, not measurable in 1, where the step before is repeated,"
        " cut in 1, of 5 pairs"
    )
    assert describe_motion([None]) == ""


def test_what_the_method_learned_comes_first_unless_asked_otherwise(straight):
    frames = straight.frames()[:3]
    assert [one.motion_source for one in straight.predictor(knows_motion=True).stream(frames)] == ["network"] * 2 + [
        None
    ]
    assert [one.motion_source for one in straight.predictor().stream(frames)] == ["measured"] * 2 + [None]


def test_a_slow_camera_goes_as_far_as_it_does(tmp_path):
    """Its steps are below what a pair of neighbours shows."""
    slow = replace(SETTINGS["straight"][0], frames=16, frame_rate=60.0, speed=(1.5, 1.5), antialias=False)
    one = drive(tmp_path / "clip", slow, 3)
    predictions = list(one.predictor(scale=2.5).stream(one.frames()))
    steps = [np.linalg.norm(prediction.T_to_next[:3, 3]) for prediction in predictions[:-1]]
    assert {prediction.motion_source for prediction in predictions[:-1]} == {"measured", "standing"}
    path = predictions[-1].T_camera_to_world[:3, 3]
    true = np.linalg.inv(one.clip.read_truth(0).T_camera_to_world) @ one.clip.read_truth(15).T_camera_to_world
    assert np.linalg.norm(path - true[:3, 3]) < 0.1 * np.linalg.norm(true[:3, 3])
    assert min(steps) == 0
