import pytest

from vection.recipes.registry import get_recipe, recipe_names

PAPER = {
    "motion-field", "motion-field-without-depth-input", "motion-field-l1", "motion-field-with-masks",
    "motion-field-kitti", "motion-field-waymo", "motion-field-waymo-with-masks", "motion-field-youtube",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(PAPER))
def test_rows_of_the_paper_share_its_settings(name: str):
    recipe = get_recipe(name)
    assert (recipe.data.batch_size, recipe.data.offsets, recipe.data.augmentation.jitter) == (16, (1,), 0)
    assert recipe.training.gradient_clip == 10
    (stage,) = recipe.stages
    assert (stage.learning_rate, stage.drops) == (2e-4, ())
    assert recipe.training.steps_per_epoch is not None
    assert stage.epochs * recipe.training.steps_per_epoch == 1_000_000


def test_class_maps_are_read_where_objects_have_masks():
    for name in recipe_names():
        recipe = get_recipe(name)
        if recipe.method.name == "motion_field":
            assert recipe.data.use_classes == recipe.method.object_masks


def test_only_the_released_recipe_couples_the_batch():
    coupled = [
        name
        for name in recipe_names()
        if name.startswith("motion-field") and get_recipe(name).method.released.auto_mask == "whole-batch"
    ]
    assert coupled == ["motion-field-as-released"]
