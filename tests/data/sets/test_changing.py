from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.data.conftest import write_grey_clip

from vection.data.clips.folder import write_rgb
from vection.data.sets.changing import ChangingSamples, least_change
from vection.data.sets.clip_dataset import ClipDataset
from vection.errors import DataError, UsageError
from vection.recipes.registry import get_recipe
from vection.runs.data import load_data


def clip(folder: Path, *, still: range) -> None:
    """Ten frames whose grey grows by ten, but for those that stand still."""
    write_grey_clip(folder, frames=10)
    for frame in still:
        write_rgb(folder / f"frames/{frame:06d}.jpg", np.full((8, 16, 3), 10 * still.start, np.uint8))


def test_what_hardly_changes_is_replaced_by_what_does(tmp_path: Path) -> None:
    clip(tmp_path / "a", still=range(2, 6))
    pairs = ClipDataset(tmp_path, offsets=(1,))
    assert [least_change(pairs[place]) > 0.01 for place in range(len(pairs))] == [
        True, True, False, False, False, True, True, True, True,
    ]  # fmt: skip
    changing = ChangingSamples(pairs, least=0.01)
    assert len(changing) == len(pairs)
    samples = [changing[place] for place in range(len(changing))]
    assert all(least_change(sample) > 0.01 for sample in samples)
    assert all(sample.target.equal(changing[place].target) for place, sample in enumerate(samples))  # of the place
    assert [bool(samples[place].target.equal(pairs[place].target)) for place in (0, 1, 5, 8)] == [True] * 4


def test_one_still_source_is_enough(tmp_path: Path) -> None:
    clip(tmp_path / "a", still=range(2, 4))
    triplets = ClipDataset(tmp_path)
    assert [triplets.target_frame(place)[1] for place in range(8) if least_change(triplets[place]) <= 0.01] == [2, 3]


def test_nothing_but_still_frames(tmp_path: Path) -> None:
    clip(tmp_path / "a", still=range(10))
    with pytest.raises(DataError, match="stands still"):
        ChangingSamples(ClipDataset(tmp_path, offsets=(1,)), least=0.01)[0]


def test_a_recipe_asks_for_it(tmp_path: Path) -> None:
    clip(tmp_path / "a", still=range(2, 6))
    recipe = get_recipe("motion-field-debug")
    recipe = replace(
        recipe,
        data=replace(recipe.data, least_change=0.01),
        training=replace(recipe.training, validation_fraction=0.0),
    )
    with pytest.raises(DataError, match="16x8"):
        load_data(recipe, tmp_path)
    depth_alone = get_recipe("measured-depth-debug")
    with pytest.raises(UsageError, match="least_change=0"):
        load_data(replace(depth_alone, data=replace(depth_alone.data, least_change=0.01)), tmp_path)
