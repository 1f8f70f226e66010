"""Every method can learn its camera, and the trainer knows that it does."""

from dataclasses import replace

import pytest
import torch

from vection.data.clips.folder import write_clip
from vection.data.synthetic.drive import write_drive
from vection.data.synthetic.settings import still_street
from vection.errors import UsageError
from vection.inference.sources import open_sources
from vection.methods.method import Method
from vection.networks.cameras import MOST_CAMERAS
from vection.recipes.methods import build_method
from vection.recipes.registry import get_recipe
from vection.runs.cameras import check_cameras, take_over_cameras
from vection.runs.load import load_predictor
from vection.runs.train import train

NAMES = ("monodepth2", "sc-sfmlearner", "sgdepth", "motion-field", "dynamo-depth")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("intrinsics", ["given", "per-camera", "per-pair"])
def test_a_method_says_whether_it_learns_the_camera(name: str, intrinsics: str):
    settings = replace(get_recipe(f"{name}-debug").method, pretrained=False, intrinsics=intrinsics)
    assert build_method(settings).learns_intrinsics == (intrinsics != "given")


def learned(names: tuple[str | None, ...]) -> Method:
    """A method that has learned a camera of each name, with corrections 1, 2, ..."""
    method = build_method(replace(get_recipe("motion-field-debug").method, intrinsics="per-camera"))
    for number in range(len(names)):
        with torch.no_grad():
            method.cameras.learned.corrections[number] = number + 1
        method.cameras.learned.given[number] = 10 * (number + 1)
    return method


def test_cameras_of_one_name_are_one_whatever_their_number():
    method = learned(("street", "coast", None))
    take_over_cameras(method, ("coast", "harbour", None, "street"), before=("street", "coast", None))
    assert method.cameras.learned.corrections[:5, 0].tolist() == [2, 0, 3, 1, 0]
    assert method.cameras.learned.given[:5, 0].tolist() == [20, 0, 30, 10, 0]


def test_a_run_says_at_once_that_there_are_too_many_or_other_cameras():
    method = learned(())
    check_cameras(method, ("a", "b"), begun=("a", "b"))
    with pytest.raises(UsageError, match="1001 cameras, and at most 1000"):
        check_cameras(method, (None,) * (MOST_CAMERAS + 1))
    with pytest.raises(UsageError, match="other cameras than the run was begun with"):
        check_cameras(method, ("b", "a"), begun=("a", "b"))
    given = build_method(get_recipe("motion-field-debug").method)
    check_cameras(given, ("b", "a"), begun=("a", "b"))


def test_tables_of_older_checkpoints_are_smaller():
    method = learned(("street", "coast"))
    weights = method.state_dict()
    old = {name: table[:64].clone() if "cameras.learned" in name else table for name, table in weights.items()}
    fresh = learned(())
    fresh.load_state_dict(old)
    assert fresh.cameras.learned.corrections.shape == (MOST_CAMERAS, 4)
    assert fresh.cameras.learned.corrections[:3, 0].tolist() == [1, 2, 0]


def test_prediction_takes_what_was_learned_of_the_clip_s_camera(tmp_path):
    for name, focal in (("street", 90.0), ("coast", 90.0)):
        settings = still_street(width=96, height=64, frames=4, antialias=False)
        clip = write_drive(tmp_path / "clips" / name, settings, seed=1)
        numbers = (focal, focal, 47.5, 31.5)
        frames = tuple(replace(frame, intrinsics=numbers) for frame in clip.frames)
        write_clip(replace(clip, frames=frames, camera=name, intrinsics_source="assumed"))
    recipe = get_recipe("motion-field-debug")
    recipe = replace(recipe, method=replace(recipe.method, intrinsics="per-camera"))
    recipe = replace(recipe, training=replace(recipe.training, validation_fraction=0.0))
    run = train(recipe, data=tmp_path / "clips", out=tmp_path / "run", device="cpu")
    predictor = load_predictor(run, checkpoint="last")
    assert predictor.camera_names == ("coast", "street")
    with torch.no_grad():
        predictor.method.cameras.learned.corrections[1, 0] = 0.01
    cameras = {
        source.name: predictor.predict(next(iter(source))).intrinsics for source in open_sources(tmp_path / "clips")
    }
    found = predictor.method.cameras.found(torch.Size((1, 3, 64, 96)))
    assert cameras["coast"] == pytest.approx(found[0])
    assert cameras["street"] == pytest.approx(found[1])
    assert cameras["street"][0] > cameras["coast"][0] + 10


def test_stereo_pairs_alone_teach_no_camera():
    settings = replace(get_recipe("monodepth2-debug").method, temporal=False, stereo=True)
    check_cameras(build_method(settings), ())
    with pytest.raises(UsageError, match=r"`method\.intrinsics=given`"):
        check_cameras(build_method(replace(settings, intrinsics="per-camera")), ())
