import json
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch
from tests.data.conftest import write_grey_clip
from tests.toy_method import ToySettings

from vection.errors import DataError
from vection.formats.window import Window
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame, open_sources
from vection.methods.method import Knows, Method, Motion
from vection.methods.monodepth2 import Monodepth2
from vection.methods.monodepth2_settings import Monodepth2Settings


class Analytic(Method):
    """Inverse depth is 0.1 + the red channel; the camera moves 2 forward and 1 right from frame to frame."""

    def __init__(self) -> None:
        super().__init__(ToySettings())
        self.cameras = None
        self.dropout = torch.nn.Dropout(0.5)
        self.seen: list[torch.Tensor] = []

    def training_loss(self, batch, progress):
        raise NotImplementedError

    def predict_depth(self, image):
        self.seen.append(image)
        return 1 / (0.1 + self.dropout(image[:, :1]))

    def predict_motion(self, first, second, *, before=None, intrinsics=None, seconds=None):
        ego = torch.eye(4)[None].repeat(len(first), 1, 1)
        # A camera that moves forward sees the points come nearer.
        ego[:, :3, 3] = torch.tensor([-1.0, 0.0, -2.0])
        return Motion(ego)


def gradient(height: int, width: int) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(0, 255, width)[None]
    return image


def test_depth_has_the_size_of_the_image_and_its_unit():
    prediction = Predictor(Analytic(), height=16, width=32).predict(gradient(30, 64))
    assert prediction.depth.shape == (30, 64)
    assert prediction.depth.dtype == np.float32
    assert prediction.unit == "up-to-scale"
    assert prediction.T_camera_to_world is None
    middle = 1 / (0.1 + gradient(30, 64)[..., 0] / 255)
    np.testing.assert_allclose(prediction.depth[:, 2:-2], middle[:, 2:-2], rtol=0.02)


def test_inverse_depth_is_what_is_resized():
    image = np.zeros((1, 2, 3), np.uint8)
    image[0, 1] = 255
    method = Analytic()
    depth = Predictor(method, height=1, width=2)._depth_at_size(np.array([[0.1, 1.1]], np.float32), gradient(1, 4))
    np.testing.assert_allclose(1 / depth, [[0.1, 0.35, 0.85, 1.1]], rtol=1e-6)


def test_network_sees_rgb_in_0_1_at_its_own_size():
    method = Analytic()
    image = np.zeros((8, 16, 3), np.uint8)
    image[..., 0], image[..., 2] = 255, 51
    Predictor(method, height=4, width=8).predict(image)
    assert method.seen[0].shape == (1, 3, 4, 8)
    assert method.seen[0][0, :, 0, 0].tolist() == pytest.approx([1, 0, 0.2])
    assert not method.training


def test_small_images_are_enlarged():
    assert Predictor(Analytic(), height=16, width=32).predict(gradient(5, 7)).depth.shape == (5, 7)


def test_scale_multiplies_depth_and_path():
    plain = Predictor(Analytic(), height=8, width=16)
    metric = Predictor(Analytic(), height=8, width=16, depth_scale=5.4, unit="metres", scale_source="stereo baseline")
    frames = [gradient(8, 16)] * 2
    for one, scaled in zip(plain.stream(frames), metric.stream(frames), strict=True):
        np.testing.assert_allclose(scaled.depth, 5.4 * one.depth, rtol=1e-6)
        np.testing.assert_allclose(scaled.T_camera_to_world[:3, 3], 5.4 * one.T_camera_to_world[:3, 3])
        assert (scaled.unit, scaled.scale_source) == ("metres", "stereo baseline")


def test_stream_chains_the_path():
    frames = [Frame(f"f{index}", gradient(8, 16), seconds=0.5 * index) for index in range(3)]
    predictions = list(Predictor(Analytic(), height=8, width=16).stream(frames))
    assert [one.name for one in predictions] == ["f0", "f1", "f2"]
    assert [one.seconds for one in predictions] == [0, 0.5, 1]
    places = np.stack([one.T_camera_to_world[:3, 3] for one in predictions])
    np.testing.assert_allclose(places, [[0, 0, 0], [1, 0, 2], [2, 0, 4]])


def test_stream_reads_one_frame_ahead():
    def frames():
        yield gradient(8, 16)
        yield gradient(8, 16)
        raise AssertionError("read ahead")

    assert next(Predictor(Analytic(), height=8, width=16).stream(frames())).name == "000000"


def test_stream_without_motion_reads_nothing_ahead():
    def frames():
        yield gradient(8, 16)
        raise AssertionError("read ahead")

    method = Analytic()
    method.knows = Knows(ego_motion=False)
    first = next(Predictor(method, height=8, width=16).stream(frames()))
    assert first.T_camera_to_world is None


class Scenic(Analytic):
    """The red channel moves with 3, its strength the mask; remembers which frames it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.knows = Knows(object_motion=True, classes=True)
        self.pairs: list[tuple[float, float, float | None]] = []

    def predict_motion(self, first, second, *, before=None, intrinsics=None, seconds=None):
        self.pairs.append(tuple(None if one is None else float(one.mean()) for one in (first, second, before)))
        motion = super().predict_motion(first, second)
        direction = torch.tensor([0.0, 0.0, 3.0])[:, None, None]
        K = torch.tensor([[[8.0, 0, 7.5], [0, 8, 3.5], [0, 0, 1]]])
        return Motion(motion.ego, object_flow=first[:, :1] * direction, moving=first[:, :1], intrinsics=K)

    def predict_classes(self, image):
        return (13 * (image[:, :1] > 0.5)).to(torch.uint8)


def test_stream_gives_the_motion_to_the_next_frame():
    method = Scenic()
    predictor = Predictor(method, height=8, width=16, depth_scale=2.0)
    images = [gradient(16, 32), np.zeros((16, 32, 3), np.uint8), np.full((16, 32, 3), 255, np.uint8)]
    first, second, last = predictor.stream(images)
    red = images[0][..., 0] / np.float32(255)
    assert first.object_flow.shape == (16, 32, 3)
    np.testing.assert_allclose(first.object_flow[..., 2], 2 * 3 * red, atol=0.3)
    np.testing.assert_allclose(first.motion_mask, red, atol=0.05)
    assert first.motion_mask.min() >= 0
    assert first.motion_mask.max() <= 1
    np.testing.assert_array_equal(second.object_flow, 0)
    assert last.object_flow is None
    assert last.motion_mask is None
    assert last.T_to_next is None
    np.testing.assert_allclose(first.T_to_next[:3, 3], [-2, 0, -4])
    assert first.classes.shape == (16, 32)
    assert set(np.unique(first.classes)) == {0, 13}
    assert (last.classes == 13).all()
    # Predicted for 16x8 pixels: a centre at (W - 1) / 2 stays there, focal lengths double.
    assert first.intrinsics == pytest.approx((16, 16, 15.5, 7.5))
    assert last.intrinsics == first.intrinsics
    means = [float(np.float32(image.mean() / 255)) for image in images]
    assert [pair[2] for pair in method.pairs] == [None, pytest.approx(means[0], abs=0.01)]


def test_a_halt_is_no_time_for_the_network_where_its_frames_were_left_out(tmp_path):
    times: list[list[float] | None] = []

    class Timed(Scenic):
        def predict_motion(self, first, second, *, before=None, intrinsics=None, seconds=None):
            times.append(None if seconds is None else seconds[0].tolist())
            return super().predict_motion(first, second)

    clip = replace(write_grey_clip(tmp_path / "clip", frames=4), ingest={"dropped_static": 299})
    for info, between in ((clip, [0.1, 0.1, 0.1]), (replace(clip, ingest=None), [0.1, 30.0, 0.1])):
        times.clear()
        frames = [
            Frame(str(second), gradient(16, 32), seconds=second, clip=info, number=number)
            for number, second in enumerate((0.1, 0.2, 30.2, 30.3))
        ]
        list(Predictor(Timed(), height=8, width=16).stream(frames))
        steps = [[-ago, after] for ago, after in pairwise(between)]
        assert times[1:] == [pytest.approx(step, rel=1e-4) for step in steps]


def test_a_learned_camera_is_that_of_the_image_at_any_size_of_the_network():
    method = Monodepth2(Monodepth2Settings(pretrained=False, intrinsics="per-camera"))
    method.cameras.learned.given[0] = torch.tensor([80.0, 80.0, 47.5, 31.5])
    for height, width in ((64, 96), (128, 192)):
        predictor = Predictor(method, height=height, width=width)
        predictor.training_size = (64, 96)
        seen = predictor.predict(np.zeros((128, 192, 3), np.uint8))
        assert seen.intrinsics == pytest.approx((160.0, 160.0, 95.5, 63.5))
        assert seen.intrinsics_learned


def test_a_long_path_stays_rigid():
    class Turning(Analytic):
        def predict_motion(self, first, second, **_):
            R = torch.eye(4)
            R[0, 0] = R[2, 2] = 1 - 1e-6  # rounded badly
            R[0, 2], R[2, 0] = 2e-4, -2e-4
            return Motion(R[None])

    *_, last = Predictor(Turning(), height=8, width=16).path([np.zeros((8, 16, 3), np.uint8)] * 200)
    R = last.T_camera_to_world[:3, :3]
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-9)


def test_a_frame_before_a_cut_has_the_predicted_camera_of_those_before_it():
    frames = [Frame(str(number), np.full((16, 32, 3), 50 * number, np.uint8)) for number in range(4)]
    frames[2] = replace(frames[2], begins_anew=True)
    predictions = list(Predictor(Scenic(), height=8, width=16).stream(frames))
    assert [one.motion_source for one in predictions] == ["network", "cut", "network", None]
    assert [one.intrinsics for one in predictions] == [pytest.approx((16, 16, 15.5, 7.5))] * 4
    assert all(one.intrinsics_learned for one in predictions)


def test_methods_that_need_the_camera_get_it_at_their_size():
    class NeedsCamera(Analytic):
        def __init__(self) -> None:
            super().__init__()
            self.given: list[object] = []

        def predict_motion(self, first, second, *, before=None, intrinsics=None, seconds=None):
            self.given.append(intrinsics)
            return super().predict_motion(first, second)

    method = NeedsCamera()
    known = [Frame(str(index), gradient(16, 32), intrinsics=(20.0, 24.0, 15.5, 7.5)) for index in range(2)]
    predictions = list(Predictor(method, height=8, width=16).stream(known))
    assert [(one.intrinsics, one.intrinsics_learned) for one in predictions] == [(known[0].intrinsics, False)] * 2
    torch.testing.assert_close(method.given[0], torch.tensor([[[10.0, 0, 7.5], [0, 12, 3.5], [0, 0, 1]]]))
    list(Predictor(method, height=8, width=16).stream([gradient(16, 32)] * 2))
    assert method.given[1] is None


def test_methods_without_classes_predict_none():
    assert Predictor(Analytic(), height=8, width=16).predict(gradient(8, 16)).classes is None


def test_stream_turns_with_the_camera():
    class Turning(Analytic):
        def predict_motion(self, first, second, *, before=None, intrinsics=None, seconds=None):
            # The camera turns 90 degrees to the right about its y axis and then stands 1 ahead in its new direction.
            T_second_to_first = torch.tensor([[0.0, 0, 1, 1], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1]])
            return Motion(torch.linalg.inv(T_second_to_first)[None])

    predictions = list(Predictor(Turning(), height=8, width=16).stream([gradient(8, 16)] * 3))
    np.testing.assert_allclose(predictions[1].T_camera_to_world[:3, 3], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(predictions[2].T_camera_to_world[:3, 3], [1, 0, -1], atol=1e-6)


def test_flip_postprocess_calls_the_method_on_the_mirrored_image():
    method = Analytic()
    image = gradient(8, 40)
    flipped = Predictor(method, height=8, width=40, flip_postprocess=True).predict(image)
    torch.testing.assert_close(method.seen[1], method.seen[0].flip(-1))
    plain = Predictor(Analytic(), height=8, width=40).predict(image)
    np.testing.assert_allclose(flipped.depth, plain.depth, rtol=1e-5)


def test_bfloat16_gives_float32_near_the_exact_one():
    prediction = Predictor(Analytic(), height=8, width=16, bfloat16=True).predict(gradient(8, 16))
    assert prediction.depth.dtype == np.float32


def test_image_files(tmp_path):
    cv2.imwrite(str(tmp_path / "street.png"), gradient(8, 16)[..., ::-1])
    predictor = Predictor(Analytic(), height=8, width=16)
    prediction = predictor.predict(tmp_path / "street.png")
    assert prediction.name == "street"
    np.testing.assert_array_equal(prediction.depth, predictor.predict(gradient(8, 16)).depth)
    assert prediction.intrinsics is None
    camera = {"width": 16, "height": 8, "fx": 9.0, "fy": 9.0, "cx": 7.5, "cy": 2.5}
    (tmp_path / "intrinsics.json").write_text(json.dumps(camera))
    predictor = Predictor(Analytic(), height=8, width=32)
    predictor.rule = predictor.rule.choose("cut")
    prediction, (source,) = predictor.predict(tmp_path / "street.png"), open_sources(tmp_path, rule=predictor.rule)
    (frame,) = source  # as the program sees it
    assert prediction.window == frame.window == Window(16, 8, 0, 1, 16, 4)
    assert prediction.intrinsics == frame.intrinsics == (9.0, 9.0, 7.5, 1.5)
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(DataError, match="cannot be decoded"):
        predictor.predict(tmp_path / "text.png")
