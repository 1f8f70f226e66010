import cv2
import numpy as np
import pytest
import torch

from vection.errors import DataError
from vection.inference.predictor import Predictor
from vection.inference.sources import Frame
from vection.methods.method import Method, Motion


class Analytic(Method):
    """Inverse depth is 0.1 + the red channel; the camera moves 2 forward and 1 right from frame to frame."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = torch.nn.Dropout(0.5)
        self.seen: list[torch.Tensor] = []

    def training_loss(self, batch, progress):
        raise NotImplementedError

    def predict_depth(self, image):
        self.seen.append(image)
        return 1 / (0.1 + self.dropout(image[:, :1]))

    def predict_motion(self, first, second, *, before=None):
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


def test_stream_is_lazy():
    def frames():
        yield gradient(8, 16)
        raise AssertionError("read ahead")

    assert next(Predictor(Analytic(), height=8, width=16).stream(frames())).name == "000000"


def test_stream_turns_with_the_camera():
    class Turning(Analytic):
        def predict_motion(self, first, second, *, before=None):
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
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(DataError, match="cannot be decoded"):
        predictor.predict(tmp_path / "text.png")
