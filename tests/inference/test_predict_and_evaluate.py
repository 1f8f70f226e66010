"""The chain of inference and evaluation: clip folder, predictor, prediction folder, numbers."""

import numpy as np
import pytest
from tests.toy_method import ToySettings

from vection.data.clips.folder import ClipInfo, FrameInfo, write_clip, write_rgb
from vection.evaluation.depth.baselines import computed_predictions, constant_predictions
from vection.evaluation.depth.evaluate import evaluate_depth
from vection.evaluation.depth.protocols import SYNTHETIC
from vection.evaluation.predictions.read import open_predictions
from vection.evaluation.truth.truth_set import clip_truth
from vection.inference.predictor import Predictor
from vection.inference.sources import open_sources
from vection.inference.write import write_predictions
from vection.methods.method import Method, Motion

HEIGHT, WIDTH = 24, 40


class ReadsDepthFromRed(Method):
    """An oracle for images whose red channel is 255 / depth."""

    cameras = None

    def training_loss(self, batch, progress):
        raise NotImplementedError

    def predict_depth(self, image):
        return 1 / image[:, :1].clamp_min(1e-3)

    def predict_motion(self, first, second, *, before=None, intrinsics=None, seconds=None):
        return Motion(first.new_zeros(len(first), 4, 4) + first.new_ones(4).diag())


@pytest.fixture
def root(tmp_path):
    for name, factor in (("a", 1.0), ("b", 2.0)):
        folder = tmp_path / "data" / name
        frames = tuple(FrameInfo(f"frames/{i:06d}.png", 0.1 * i, (30.0, 30.0, 20.0, 12.0)) for i in range(2))
        write_clip(ClipInfo(folder, name, WIDTH, HEIGHT, "metres", "made up", frames, truth="truth"))
        (folder / "frames").mkdir()
        (folder / "truth").mkdir()
        depth = np.repeat(np.linspace(2, 20, HEIGHT, dtype=np.float32)[::-1, None], WIDTH, axis=1)
        category = np.zeros((HEIGHT, WIDTH), np.uint8)
        category[10:, :10], category[10:, 30:] = 1, 2
        for frame in frames:
            image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            image[..., 0] = np.round(255 / depth)
            write_rgb(folder / frame.file, image)
            np.savez(folder / "truth" / f"{frame.stem}.npz", depth=factor * depth, category=category)
    return tmp_path / "data"


def test_files_and_memory_give_the_same_numbers(root, tmp_path):
    predictor = Predictor(ReadsDepthFromRed(ToySettings()), height=HEIGHT, width=WIDTH)
    for source in open_sources(root):
        write_predictions(predictor.stream(source), tmp_path / "out" / source.name, model="oracle")
    truths = clip_truth(root)
    from_files = evaluate_depth(open_predictions(tmp_path / "out"), truths, SYNTHETIC)
    on_the_spot = computed_predictions(lambda path: predictor.predict(path).depth, truths, description="oracle")
    in_memory = evaluate_depth(on_the_spot, truths, SYNTHETIC)
    assert from_files.categories == in_memory.categories
    assert set(from_files.categories) == {"all", "static background", "static objects", "moving objects"}
    assert from_files.categories["all"].mean.abs_rel < 0.02  # the rounding of the red channel
    assert [round(row.ratio) for row in from_files.rows if row.category == "all"] == [1, 1, 2, 2]
    constant = evaluate_depth(constant_predictions(truths), truths, SYNTHETIC)
    assert constant.categories["all"].mean.abs_rel > 0.3
