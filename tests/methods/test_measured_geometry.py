"""Measured geometry as the teacher of the five published methods, on clips whose geometry is exact."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.batches import measured_geometry
from torch import Tensor

from vection.data.clips.folder import read_clip
from vection.data.sets.clip_dataset import ClipDataset
from vection.data.synthetic import drive_settings, write_drive
from vection.data.synthetic.exact_geometry import write_exact_geometry
from vection.errors import UsageError
from vection.formats.checkpoint import WEIGHTS, read_config
from vection.formats.run_folder import RunFolder
from vection.geometry.rigid import invert
from vection.losses.measured_depth import compare_depth
from vection.methods.method import Method, Progress, changed
from vection.methods.motion_field import MotionField
from vection.methods.sc_sfmlearner import ScSfmLearner
from vection.methods.steps.measured_motion import (
    MeasuredMotion,
    compare_with_measured,
    scaled_transforms,
    static_and_moving,
)
from vection.recipes.methods import METHODS, build_method
from vection.recipes.recipe import Recipe
from vection.recipes.registry import get_recipe
from vection.runs.train import train
from vection.samples import Batch, Measured, RawLabelledImage, stack
from vection.training.augmentation.augment import augment
from vection.training.augmentation.settings import Augmentation
from vection.training.stop import StopRequest

DEBUG = ("monodepth2-debug", "sc-sfmlearner-debug", "sgdepth-debug", "motion-field-debug", "dynamo-depth-debug")
POSE = {"motion-field-debug": "motion_network"}
"""Where the part that predicts the camera's motion is not called ego_motion."""
TEACHING = {"measured_depth", "measured_motion"}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny drives with exact geometry."""
    root = tmp_path_factory.mktemp("exact")
    for part, seed in (("train", 1), ("val", 2)):
        settings = drive_settings("street", frames=6, width=96, height=64, antialias=False)
        write_exact_geometry(read_clip(write_drive(root / part / "drive", settings, seed=seed).folder))
    return root


def recipe_of(name: str, **changes: Any) -> Recipe:
    recipe = get_recipe(name)
    return replace(recipe, method=changed(recipe.method, **{"measured": True, **changes}))


def batch_of(clips: Path, recipe: Recipe) -> Batch:
    raw = stack([ClipDataset(clips / "train", offsets=recipe.data.offsets, use_measured=True)[i] for i in (1, 2)])
    if recipe.method.needs.labels:
        classes = torch.zeros(2, 1, 64, 96, dtype=torch.uint8)
        raw = replace(raw, labelled=RawLabelledImage(raw.target, classes))
    return augment(raw, Augmentation(flip=0.0, jitter=0.0), generator=torch.Generator().manual_seed(0))


def with_unknown_motion(batch: Batch) -> Batch:
    assert batch.measured is not None
    unknown = torch.zeros_like(batch.measured.motion_known)
    return replace(batch, measured=replace(batch.measured, motion_known=unknown))


def terms_of(method: Method, recipe: Recipe, batch: Batch) -> dict[str, Tensor]:
    torch.manual_seed(7)
    return method(batch, Progress(recipe.stages[-1].name, step=50, total_step=50))


@pytest.fixture(params=DEBUG)
def case(request: pytest.FixtureRequest, clips: Path) -> tuple[Method, Recipe, Batch]:
    recipe = recipe_of(request.param)
    torch.manual_seed(0)
    return build_method(recipe.method), recipe, batch_of(clips, recipe)


def test_the_pose_network_learns_from_measured_motion_alone(case: tuple[Method, Recipe, Batch]):
    method, recipe, batch = case
    terms = terms_of(method.train(), recipe, batch)
    assert set(terms) >= TEACHING
    pose = method.get_submodule(POSE.get(recipe.name, "ego_motion"))
    parameters = [one for name, one in pose.named_parameters() if "refinements" not in name and "seed" not in name]
    own = terms.pop("measured_motion")
    if isinstance(method, MotionField):  # its network predicts object motion as well, from the same features
        background = method.motion_network.background.weight
        parameters = [background]
    others = torch.autograd.grad(sum(terms.values(), start=own * 0), parameters, retain_graph=True, allow_unused=True)
    taught = torch.autograd.grad(own, parameters, allow_unused=True)
    if not isinstance(method, MotionField):
        assert not any(one is not None and one.any() for one in others)
    assert any(one is not None and one.any() for one in taught)


def test_without_known_motion_the_pose_network_learns_as_published(case: tuple[Method, Recipe, Batch]):
    method, recipe, batch = case
    terms = terms_of(method.eval(), recipe, with_unknown_motion(batch))
    assert not terms["measured_motion"].detach().any()
    plain = terms_of(replace_settings(method, measured=False), recipe, batch)
    for name, value in plain.items():
        torch.testing.assert_close(terms[name], value, rtol=1e-4, atol=1e-6)


def replace_settings(method: Method, **changes: Any) -> Method:
    method.settings = changed(method.settings, **changes)
    return method


def test_the_motion_of_the_loss_is_the_true_one(clips: Path):
    recipe = recipe_of("monodepth2-debug")
    batch = batch_of(clips, recipe)
    assert batch.measured is not None
    for depth_scale in (0.02, 1.0):  # of whatever unit predicted depth is
        motion, terms = compare_with_measured(
            depth_scale * batch.measured.depth, batch, recipe.method.short, limits=None
        )
        expected = batch.measured.T_target_to_source.clone()
        expected[..., :3, 3] *= depth_scale
        assert motion.known.all()
        torch.testing.assert_close(motion.instead_of(torch.zeros_like(expected)), expected, rtol=1e-4, atol=1e-6)
        assert float(terms["measured_depth"]) < 1e-5
        assert float(motion.loss(expected, recipe.method.short)) < 1e-4
        both = motion.both_ways()
        torch.testing.assert_close(invert(both.transforms[:, 0]), both.transforms[:, 2])
        clip = read_clip(clips / "train/drive")
        poses = [torch.from_numpy(clip.read_truth(i).T_camera_to_world).float() for i in range(4)]
        truth = torch.linalg.inv(poses[3]) @ poses[2]  # the first frame has no neighbour before it
        truth[:3, 3] *= depth_scale
        torch.testing.assert_close(motion.transforms[0, 1], truth, rtol=1e-3, atol=1e-5)


def test_nothing_but_a_term_of_its_own_tells_the_unit(clips: Path):
    recipe = recipe_of("monodepth2-debug")
    batch, short = batch_of(clips, recipe), recipe.method.short
    assert batch.measured is not None
    for unit in (0.1, 10.0):
        depth = torch.full_like(batch.measured.depth, 2 * unit)
        _, terms = compare_with_measured(depth, batch, short, limits=(0.1 * unit, 10 * unit))
        assert float(terms["unit"]) == pytest.approx(short.unit_weight * math.log(2) ** 2, rel=1e-4)
        assert "unit" not in compare_with_measured(depth, batch, short, limits=None)[1]


def test_motion_whose_length_nothing_tells_is_not_known(clips: Path):
    recipe = recipe_of("monodepth2-debug")
    batch = batch_of(clips, recipe)
    assert batch.measured is not None
    blind = replace(batch, measured=replace(batch.measured, depth=torch.zeros_like(batch.measured.depth)))
    motion, terms = compare_with_measured(
        torch.ones_like(batch.measured.depth), blind, recipe.method.short, limits=None
    )
    assert not motion.known.any()
    assert float(terms["measured_depth"]) == 0


def test_pixels_are_measured_static_moving_or_neither():
    weight = torch.tensor([0.8, 0.0, 0.0, 0.3]).view(1, 1, 2, 2)
    moving = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(1, 1, 2, 2)
    measured = Measured(
        depth=weight,
        weight=weight,
        ground=torch.zeros(1, 3),
        T_target_to_source=torch.eye(4)[None, None],
        motion_known=torch.ones(1, 1, dtype=torch.bool),
        exact=torch.zeros(1, dtype=torch.bool),
        moving=moving,
    )
    image = torch.zeros(1, 3, 2, 2)
    eye = torch.eye(3)[None]
    batch = Batch(image, image[:, None], image, image[:, None], eye, eye[:, None], torch.ones(1, 1), eye)
    static, moves = static_and_moving(replace(batch, measured=measured))
    assert static.flatten().tolist() == pytest.approx([0.8, 0, 0, 0])
    assert torch.equal(moves, moving)
    unseen = static_and_moving(replace(batch, measured=replace(measured, moving=None)))
    assert not unseen[1].any()
    displaced = torch.tensor([2.0, 0.0, 2.0, 0.0]).view(1, 1, 2, 2)
    measured = replace(measured, weight=torch.tensor([0.8, 0.6, 0.0, 0.0]).view(1, 1, 2, 2))
    static, moves = static_and_moving(replace(batch, measured=measured), displaced)
    assert static.flatten().tolist() == pytest.approx([0, 0.6, 0, 0])
    assert moves.flatten().tolist() == [0, 0, 1, 0]
    bonnet = torch.tensor([True, True, False, True]).view(1, 1, 2, 2)
    assert not static_and_moving(replace(batch, measured=measured, usable=bonnet), displaced)[1].any()


def test_both_directions_of_sc_sfmlearner_s_pairs_are_measured(clips: Path, monkeypatch: pytest.MonkeyPatch):
    recipe = recipe_of("sc-sfmlearner-debug")
    method, batch = build_method(recipe.method).eval(), batch_of(clips, recipe)
    assert isinstance(method, ScSfmLearner)
    used = spy(monkeypatch, "vection.methods.sc_sfmlearner.compare_frames", argument=2)
    terms_of(method, recipe, batch)
    motion, _ = compare_with_measured(method.predict_depth(batch.target), batch, recipe.method.short, limits=None)
    (pairs,) = used
    torch.testing.assert_close(pairs.unflatten(0, (2, 4)), motion.both_ways().transforms, rtol=5e-3, atol=1e-5)


def test_both_directions_of_motion_fields_are_measured(clips: Path, monkeypatch: pytest.MonkeyPatch):
    recipe = recipe_of("motion-field-debug")
    method, batch = build_method(recipe.method).eval(), batch_of(clips, recipe)
    used = spy(monkeypatch, "vection.methods.motion_field.loss_terms", argument=0)
    terms_of(method, recipe, batch)
    (pairs,) = used
    motion, _ = compare_with_measured(method.predict_depth(batch.target), batch, recipe.method.short, limits=None)
    forth = motion.transforms[:, 0]
    for rows, expected in ((slice(0, 2), forth), (slice(2, 4), invert(forth))):
        torch.testing.assert_close(pairs.rotation[rows], expected[:, :3, :3], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(pairs.background[rows], expected[:, :3, 3], rtol=1e-3, atol=1e-6)


def spy(monkeypatch: pytest.MonkeyPatch, place: str, *, argument: int) -> list[Any]:
    """Remember an argument of every call."""
    module, _, name = place.rpartition(".")
    function = getattr(__import__(module, fromlist=[name]), name)
    seen: list[Any] = []

    def called(*args: Any, **more: Any) -> Any:
        seen.append(args[argument])
        return function(*args, **more)

    monkeypatch.setattr(place, called)
    return seen


@pytest.mark.parametrize("name", DEBUG)
def test_learned_intrinsics_are_refused(name: str):
    with pytest.raises(UsageError, match=r"measured with given intrinsics, so \w+ cannot learn them as well"):
        build_method(recipe_of(name, intrinsics="per-camera").method)


def test_stereo_alone_has_no_measured_motion():
    with pytest.raises(UsageError, match="Measured motion is that between neighbouring frames"):
        build_method(recipe_of("monodepth2-debug", temporal=False, stereo=True).method)


def test_recipes_of_papers_use_none_of_it():
    for entry in METHODS.values():
        for recipe in entry.recipes:
            if not recipe.name.endswith(("video", "-synthetic")) and recipe.method.name != "measured_depth":
                assert not recipe.method.needs.measured, recipe.name


@pytest.mark.parametrize("name", DEBUG)
def test_debug_recipes_train(clips: Path, tmp_path: Path, name: str):
    recipe = recipe_of(name)
    training = replace(recipe.training, steps_per_epoch=1, validation_batches=1)
    recipe = replace(recipe, training=training, data=replace(recipe.data, batch_size=2))
    run = train(recipe, data=clips, out=tmp_path / "run", device="cpu")
    assert (RunFolder(run).last / WEIGHTS).is_file()


def test_a_stopped_run_goes_on_as_if_it_had_not(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recipe = recipe_of("monodepth2-debug")
    whole = train(recipe, data=clips, out=tmp_path / "whole", device="cpu")
    asked: list[int] = []

    def stop_at_the_third_step(self: StopRequest) -> None:
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StopRequest, "raise_if_requested", stop_at_the_third_step)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, data=clips, out=tmp_path / "stopped", device="cpu")
    assert read_config(RunFolder(tmp_path / "stopped").last)["position"]["step"] == 3
    stopped = train(recipe, data=clips, out=tmp_path / "stopped", device="cpu")
    assert (RunFolder(stopped).last / WEIGHTS).read_bytes() == (RunFolder(whole).last / WEIGHTS).read_bytes()


def test_measured_motion_of_some_sources_leaves_the_others_as_predicted():
    predicted = torch.eye(4).repeat(1, 2, 1, 1)
    measured = predicted.clone()
    measured[..., 0, 3] = 1.0
    motion = MeasuredMotion(measured, torch.tensor([[True, False]]), torch.ones(1, 1))
    mixed = motion.instead_of(predicted)
    assert torch.equal(mixed[0, 0], measured[0, 0])
    assert torch.equal(mixed[0, 1], predicted[0, 1])


def test_the_camera_stands_where_no_depth_tells_the_length_of_its_step():
    measured = measured_geometry(2, 1)
    depth = torch.cat([measured.depth[:1], torch.zeros_like(measured.depth[1:])])
    comparison = compare_depth(2 * measured.depth, depth, measured.weight)
    transforms = scaled_transforms(replace(measured, depth=depth), comparison)
    assert float(transforms[0, 0, 2, 3]) == pytest.approx(-1.0)
    assert torch.equal(transforms[1, 0], torch.eye(4))
