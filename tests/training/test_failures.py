"""Trainings that fail for real, each with the message that names it; and trainings that do not, without a word."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.exact_geometry import write_exact_geometry
from vection.data.synthetic.settings import street
from vection.errors import DataError
from vection.methods.method import Method
from vection.methods.monodepth2 import Monodepth2, Monodepth2Settings
from vection.methods.monodepth2_settings import Short
from vection.networks.depth.decoder import DepthDecoder
from vection.networks.encoders import build
from vection.networks.encoders.encoder import Encoder
from vection.recipes.methods import build_method
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.data import load_data
from vection.samples import RawSample
from vection.training.loop import Training
from vection.training.reporter import Reporter
from vection.training.settings import Stage

WIDTH = 96
WITHIN = 200
"""Optimiser steps in which a failure is named."""


class SmallEncoder(Encoder):
    """Five convolutions, in the place of any encoder."""

    channels = (8, 8, 16, 16, 32)

    def __init__(self, name: str = "", *, images: int = 1, normalisation: str = "") -> None:
        super().__init__()
        del name, normalisation
        inputs = (3 * images, *self.channels[:-1])
        self.layers = nn.ModuleList(
            nn.Conv2d(count, width, 3, stride=2, padding=1) for count, width in zip(inputs, self.channels, strict=True)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        features, x = [], 4 * image - 2
        for layer in self.layers:
            x = nn.functional.elu(layer(x))
            features.append(x)
        return features

    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def small_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ResNet", SmallEncoder)
    monkeypatch.setattr(build, "EfficientNetLite0", SmallEncoder)


class Changed(Dataset[RawSample]):
    """The samples of a data set, changed, and something done before each."""

    def __init__(self, inner: Dataset[RawSample], change: Callable[[RawSample], RawSample]) -> None:
        self.inner, self.change = inner, change

    def __len__(self) -> int:
        return len(self.inner)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> RawSample:
        return self.change(self.inner[index])


@pytest.fixture(scope="session")
def exact_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four drives with exact geometry in the place of measured."""
    root = tmp_path_factory.mktemp("exact_clips")
    for seed in range(4):
        settings = street(width=WIDTH, height=64, frames=16, antialias=False)
        write_exact_geometry(write_drive(root / f"drive_{seed}", settings, seed=seed))
    return root


@dataclass
class Failure:
    """What is done to a training, and words of the message that must come of it."""

    words: str
    settings: Monodepth2Settings
    break_method: Callable[[Monodepth2], None] = lambda _: None
    change: Callable[[RawSample], RawSample] = lambda sample: sample
    before_step: Callable[[Monodepth2, int], None] = lambda *_: None
    learning_rate: float = 1e-4


PHOTOMETRIC = Monodepth2Settings(
    pretrained=False, ego_motion="posenet", min_depth=0.03, max_depth=30.0, mask="none", scales=2
)
MEASURED = replace(PHOTOMETRIC, short=Short(measured=True))


def _bias(decoder: DepthDecoder, value: float, *, weight: float = 1.0) -> None:
    for head in decoder.heads:
        head.get_parameter("bias").data.fill_(value)
        head.get_parameter("weight").data.mul_(weight)


def saturate(method: Monodepth2) -> None:
    _bias(method.depth_network.decoder, -12.0)


def flatten(method: Monodepth2, step: int) -> None:
    del step
    _bias(method.depth_network.decoder, -2.0, weight=0.0)


def depend_on_rows(method: Monodepth2) -> None:
    def rows(_: nn.Module, __: Any, disparities: list[Tensor]) -> list[Tensor]:
        return [disparity.mean(dim=(0, 1, 3), keepdim=True).expand_as(disparity) for disparity in disparities]

    method.depth_network.decoder.register_forward_hook(rows)
    with torch.no_grad():  # so that rows differ, as where the ground is learned
        slope = torch.linspace(-2, 2, 64).view(1, 1, 64, 1)

    def tilt(_: nn.Module, __: Any, scores: Tensor) -> Tensor:
        return scores + nn.functional.interpolate(slope, size=(scores.shape[2], 1), mode="bilinear")

    for head in method.depth_network.decoder.heads:
        head.register_forward_hook(tilt)


def scale_pose(factor: float) -> Callable[[Monodepth2], None]:
    def scale(method: Monodepth2) -> None:
        def scaled(_: nn.Module, __: Any, feature: Tensor) -> Tensor:
            return factor * feature

        method.ego_motion.network.head.register_forward_hook(scaled)  # type: ignore[union-attr]

    return scale


def swallow(method: Monodepth2) -> None:
    assert method.mask_decoder is not None
    _bias(method.mask_decoder, -8.0)


def stand(sample: RawSample) -> RawSample:
    sources = sample.target[:, None].expand_as(sample.sources).contiguous()
    return replace(sample, sources=sources)


def shuffle(sample: RawSample) -> RawSample:
    """Frames that do not follow each other, in which no motion can be measured."""
    assert sample.measured is not None
    unknown = torch.zeros_like(sample.measured.motion_known)
    identity = torch.eye(4).expand_as(sample.measured.T_target_to_source).contiguous()
    measured = replace(sample.measured, motion_known=unknown, T_target_to_source=identity)
    return replace(sample, sources=sample.sources.flip(-1), measured=measured)


def drift(method: Monodepth2, step: int) -> None:
    del step
    for head in method.depth_network.decoder.heads:
        head.get_parameter("bias").data.sub_(0.02)


def poison(method: Monodepth2, step: int) -> None:
    if step == 60:
        method.depth_network.encoder.layers[2].weight.data[0, 0, 0, 0] = float("nan")


FAILURES = {
    "learning rate": Failure("times as large as when training began", PHOTOMETRIC, learning_rate=10.0),
    "static clip": Failure("no parallax to learn from", PHOTOMETRIC, change=stand),
    "saturated depth": Failure("depth sits at the far limit", PHOTOMETRIC, saturate),
    "constant depth": Failure("nearly the same everywhere", PHOTOMETRIC, before_step=flatten),
    "depth of rows": Failure("the same along each row", MEASURED, depend_on_rows),
    "vanishing pose": Failure("camera motion is zero", PHOTOMETRIC, scale_pose(0.0)),
    "exploding pose": Failure("camera motion explodes", PHOTOMETRIC, scale_pose(1e3)),
    "mask": Failure(
        "predictive mask swallows the frame",
        replace(PHOTOMETRIC, mask="predictive", predictive_mask_weight=0.0),
        swallow,
    ),
    "weight": Failure("weight 'depth_network.encoder.layers.2.weight'", PHOTOMETRIC, before_step=poison),
    "shuffled frames": Failure("was the camera's motion measurable", MEASURED, change=shuffle),
    "scale": Failure("The scale drifts", PHOTOMETRIC, before_step=drift, learning_rate=1e-5),
}


class NamedError(Exception):
    """The failure was named, so the rest of the training need not be seen."""


def train(method: Method, recipe: Recipe, clips: Path, run: Path, *, failure: Failure | None = None) -> list[str]:
    """Train until the failure is named, and return all that was remarked, and the message of an end by itself."""
    sets, said = load_data(recipe, clips), []
    if failure is not None:
        sets = replace(sets, training=Changed(sets.training, failure.change))
    training = Training(
        method,
        sets,
        stages=recipe.stages,
        settings=recipe.training,
        run=run,
        description={},
        device="cpu",
        shown=False,
    )
    take_step = training._step

    def step(*arguments: Any, **named: Any) -> dict[str, Tensor]:
        if failure is not None:
            assert isinstance(method, Monodepth2)
            failure.before_step(method, training.position.step)
        return take_step(*arguments, **named)

    def note(_: Reporter, remarks: list[str]) -> None:
        said.extend(remarks)
        if failure is not None and any(failure.words in remark for remark in remarks):
            raise NamedError

    training._step = step  # type: ignore[method-assign]
    try:
        with mock.patch.object(Reporter, "note", note):
            training.fit()
    except NamedError:
        assert training.position.step <= WITHIN
    except DataError as error:
        said.append(str(error))
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FAILURES))
def test_a_failure_is_named(name: str, exact_clips: Path, tmp_path: Path):
    failure = FAILURES[name]
    torch.manual_seed(0)
    method = Monodepth2(failure.settings)
    failure.break_method(method)
    recipe = get_recipe("monodepth2-debug")
    recipe = replace(
        recipe,
        method=failure.settings,
        data=replace(recipe.data, width=WIDTH, height=64),
        stages=(Stage(epochs=WITHIN // 50, drops=(), learning_rate=failure.learning_rate),),
        training=replace(recipe.training, steps_per_epoch=50, log_every=10, validation_fraction=0.0),
    )
    said = train(method, recipe, exact_clips, tmp_path, failure=failure)
    assert any(failure.words in sentence for sentence in said), said


METHODS = (
    "monodepth2-demo",
    "sc-sfmlearner-synthetic",
    "sgdepth-synthetic",
    "dynamo-depth-synthetic",
    "motion-field-synthetic",
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", METHODS)
def test_healthy_training_says_nothing(name: str, seed: int, exact_clips: Path, tmp_path: Path):
    """Recipes of the synthetic street, the stage they begin with, and small networks that start from nothing."""
    recipe = get_recipe(name)
    labels = "clips" if recipe.method.needs.labels else None
    recipe = replace(
        recipe,
        method=replace(recipe.method, pretrained=False),
        data=replace(recipe.data, width=WIDTH, height=64, batch_size=2, labels=labels),
        stages=(replace(recipe.stages[0], epochs=3, drops=()),),
        training=replace(recipe.training, seed=seed, validation_fraction=0.0),
    )
    torch.manual_seed(seed)
    assert train(build_method(recipe.method), recipe, exact_clips, tmp_path) == []
