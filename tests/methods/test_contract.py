"""What training and inference expect of every method, tried on the debug recipe of each in the table."""

import pytest
import torch
from tests.batches import HEIGHT, WIDTH, batch_of, camera, measured_geometry, smooth_images

from vection.inference.pictures import draw_batch
from vection.methods.method import Method, Progress
from vection.methods.pictures import MEASURED, PICTURES
from vection.methods.steps.observation import observe
from vection.recipes.methods import METHODS, build_method
from vection.recipes.recipe import Recipe
from vection.samples import Batch, LabelledImage


@pytest.fixture(scope="module", params=METHODS)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return next(recipe for recipe in METHODS[request.param].recipes if recipe.name.endswith("-debug"))


@pytest.fixture
def method(recipe: Recipe) -> Method:
    torch.manual_seed(0)
    return build_method(recipe.method)


@pytest.fixture(scope="module")
def batch(recipe: Recipe) -> Batch:
    target, past, future, other = smooth_images(8).unflatten(0, (4, 2))
    classes = torch.zeros(2, 1, HEIGHT, WIDTH, dtype=torch.uint8)
    pairs = recipe.data.offsets == (1,)
    return batch_of(
        target,
        future[:, None] if pairs else torch.stack([past, future], dim=1),
        camera(2),
        seconds=torch.tensor([[0.1]] if pairs else [[-0.1, 0.1]]).repeat(2, 1),
        labelled=LabelledImage(other, classes) if recipe.method.needs.labels else None,
        measured=measured_geometry(2, 1 if pairs else 2) if recipe.method.needs.measured else None,
    )


def progress(recipe: Recipe) -> Progress:
    return Progress(recipe.stages[-1].name, step=50, total_step=50)


def test_its_recipes_know_its_stages_and_parts(recipe: Recipe):
    for other in METHODS[recipe.method.name].recipes:
        assert isinstance(other.method, METHODS[recipe.method.name].settings)
    method, parts = METHODS[recipe.method.name].method, dict(build_method(recipe.method).named_children())
    for stage in (stage for other in METHODS[recipe.method.name].recipes for stage in other.stages):
        assert method.stages is None or stage.name in method.stages
        assert set(stage.trains) <= set(parts)


def test_its_loss_teaches_every_parameter(method: Method, recipe: Recipe, batch: Batch):
    terms = method.train()(batch, progress(recipe))
    assert all(term.isfinite() for term in terms.values())
    torch.stack(list(terms.values())).sum().backward()
    assert [
        name for name, value in method.named_parameters() if value.grad is None or not value.grad.isfinite().all()
    ] == []


def test_the_terms_that_compare_frames_are_among_its_terms(method: Method, recipe: Recipe, batch: Batch):
    with torch.no_grad():
        terms = method.eval()(batch, progress(recipe))
    assert set(method.comparing) <= set(terms)
    values = {name: float(value) for name, value in terms.items()}
    chosen = method.selection_loss(values, share_visible=0.5)
    worse = method.selection_loss(values | {name: 2 * values[name] for name in method.comparing}, share_visible=0.5)
    assert 0 < chosen < worse


CHANNELS = {"image": 3, "depth": 1, "error": 1, "mask": 1, "source": 1, "classes": 1, "flow": 2, "vectors": 3}


def test_what_it_sees_are_the_pictures_that_it_names(method: Method, recipe: Recipe, batch: Batch):
    seen = observe(method.eval(), batch)
    measured = MEASURED if recipe.method.needs.measured else ()
    assert tuple(seen.pictures) == (*method.pictures, *measured)
    for name, picture in seen.pictures.items():
        drawing = PICTURES[name].drawing
        assert picture.shape == (2, CHANNELS[drawing], HEIGHT, WIDTH), name
        assert not picture.requires_grad, name
        assert name == "measured-error" or picture.isfinite().all(), name
        if drawing in ("image", "mask"):
            assert -1e-6 <= float(picture.min()) <= float(picture.max()) <= 1 + 1e-6, name
        if drawing == "source":
            assert set(picture.unique().tolist()) <= {0, 1, 2}
    drawn = draw_batch({name: picture.float().numpy() for name, picture in seen.pictures.items()})
    assert all(image.shape == (HEIGHT, WIDTH, 3) for _, images in drawn.values() for image in images)
    assert seen.share_visible is None or 0 <= seen.share_visible <= 1


def test_it_tells_what_it_knows(method: Method, recipe: Recipe, batch: Batch):
    method.eval()
    assert method.knows == recipe.method.knows
    first, second = batch.target, batch.sources[:, -1]
    with torch.no_grad():
        depth = method.predict_depth(first)
        assert depth.shape == (2, 1, HEIGHT, WIDTH)
        assert (depth > 0).all()
        if method.knows.ego_motion:
            motion = method.predict_motion(first, second, intrinsics=batch.intrinsics)
            assert motion.ego.shape == (2, 4, 4)
            assert (motion.moving is not None or motion.object_flow is not None) == method.knows.object_motion
        else:
            with pytest.raises(NotImplementedError):
                method.predict_motion(first, second)
        if method.knows.classes:
            assert method.predict_classes(first).shape == (2, 1, HEIGHT, WIDTH)
        else:
            with pytest.raises((NotImplementedError, ValueError)):
                method.predict_classes(first)
