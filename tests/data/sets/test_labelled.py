import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vection.data.clips.folder import ClipInfo, write_clip
from vection.data.readers.cityscapes.labels import train_ids
from vection.data.sets.clip_dataset import ClipDataset
from vection.data.sets.labelled import LabelledClips, LabelledDataset, stored_size, wrapped_order
from vection.errors import DataError, UsageError
from vection.recipes.registry import get_recipe
from vection.runs.data import load_data
from vection.samples import LabelledImage, RawLabelledImage, RawSample, stack
from vection.training.augmentation.augment import augment, augment_labelled
from vection.training.augmentation.settings import Augmentation

PLAIN = Augmentation(flip=0.0, jitter=0.0)


def write_cityscapes(root: Path, *, height: int = 64, width: int = 128, part: str = "train", count: int = 3) -> Path:
    """Images and labels in Cityscapes' layout: the left half is road (7), the right half sky (23)."""
    for number in range(count):
        stem = f"aachen_{number:06d}_000019"
        image = root / "leftImg8bit" / part / "aachen" / f"{stem}_leftImg8bit.png"
        labels = root / "gtFine" / part / "aachen" / f"{stem}_gtFine_labelIds.png"
        for file in (image, labels):
            file.parent.mkdir(parents=True, exist_ok=True)
        colours = np.zeros((height, width, 3), np.uint8)
        colours[:, width // 2 :] = 200
        cv2.imwrite(str(image), colours)
        ids = np.where(np.arange(width) < width // 2, 7, 23).astype(np.uint8)
        cv2.imwrite(str(labels), np.repeat(ids[None], height, axis=0))
    return root


def test_label_ids_become_train_ids_exactly():
    known = {7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13}
    known |= {27: 14, 28: 15, 31: 16, 32: 17, 33: 18}
    every = np.arange(256, dtype=np.uint8)
    assert train_ids(every).tolist() == [known.get(label, 255) for label in range(256)]


def test_cityscapes_in_its_own_layout(tmp_path: Path):
    images = LabelledDataset(write_cityscapes(tmp_path), height=32, width=64)
    assert len(images) == 3
    sample = stack([images[0], images[2]])
    assert sample.image.shape == (2, 3, *images.size)
    assert sample.classes.shape == (2, 1, *images.size)
    assert sample.classes.unique().tolist() == [0, 10]
    assert torch.equal(sample.classes == 10, sample.image[:, :1] == 200)


def test_real_cityscapes(shared_data: Path):
    images = LabelledDataset(shared_data / "cityscapes", height=192, width=640)
    assert len(images) == 8
    assert images.size == (512, 1024)
    sample = images[0]
    assert set(sample.classes.unique().tolist()) <= {*range(19), 255}
    assert float((sample.classes == 0).float().mean()) > 0.1  # road
    batch = augment_labelled(
        sample, Augmentation(labelled_shrink=1.5), size=(192, 640), generator=torch.Generator().manual_seed(0)
    )
    assert batch.image.shape == (1, 3, 192, 640)
    assert batch.classes.shape == (1, 1, 192, 640)


@pytest.mark.parametrize(
    ("native", "crop", "stored"),
    [
        ((1024, 2048), (192, 640), (512, 1024)),
        ((1024, 2048), (64, 96), (102, 205)),  # the height decides
        ((64, 192), (64, 192), (64, 192)),
        ((80, 240), (64, 192), (80, 240)),  # never larger than it is
        ((32, 96), (64, 96), (64, 192)),  # unless the crop would not fit
    ],
)
def test_stored_sizes(native: tuple[int, int], crop: tuple[int, int], stored: tuple[int, int]):
    assert stored_size(native, crop=crop) == stored


def test_clips_with_class_maps_teach_their_classes(tmp_path: Path, make_clip: Callable[..., ClipInfo]):
    info = make_clip(tmp_path / "with", frames=2)
    make_clip(tmp_path / "without", frames=3)
    (info.folder / "classes").mkdir()
    for index in range(2):
        cv2.imwrite(str(info.folder / f"classes/{index:06d}.png"), np.full((8, 16), 11 + index, np.uint8))
    write_clip(replace(info, classes="classes"))
    images = LabelledDataset(tmp_path, height=8, width=16)
    assert [images[index].classes.unique().tolist() for index in range(len(images))] == [[11], [12]]


def test_truth_of_the_synthetic_world_teaches_its_classes(tiny_clips: Path):
    images = LabelledDataset(tiny_clips, height=64, width=96)
    assert len(images) == 16
    found = set(images[0].classes.unique().tolist())
    assert found <= {*range(19), 255}
    assert {0, 2, 10} <= found  # road, building, sky


def test_folders_without_labels(tmp_path: Path, make_clip: Callable[..., ClipInfo]):
    with pytest.raises(UsageError, match=r"does not exist.*data\.labels"):
        LabelledDataset(tmp_path / "nowhere", height=8, width=16)
    make_clip(tmp_path / "clips" / "one", frames=2)
    (tmp_path / "empty").mkdir()
    for name in ("clips", "empty"):
        with pytest.raises(DataError, match="holds no labelled images"):
            LabelledDataset(tmp_path / name, height=8, width=16)
    with pytest.raises(DataError, match=r"leftImg8bit/val"):
        LabelledDataset(write_cityscapes(tmp_path / "city"), height=8, width=16, part="val")


def test_images_whose_labels_are_missing_or_broken(tmp_path: Path):
    write_cityscapes(tmp_path)
    labels = sorted(tmp_path.rglob("*labelIds.png"))
    labels[1].write_bytes(b"no picture")
    images = LabelledDataset(tmp_path, height=32, width=64)
    with pytest.raises(DataError, match="cannot be decoded"):
        images[1]
    labels[2].unlink()
    with pytest.raises(DataError, match=r"has no labels: .*labelIds\.png does not exist"):
        LabelledDataset(tmp_path, height=32, width=64)


def test_images_of_another_size_are_named(tmp_path: Path):
    images = LabelledDataset(write_cityscapes(tmp_path), height=32, width=64)
    other = sorted(tmp_path.rglob("*leftImg8bit.png"))[1]
    cv2.imwrite(str(other), np.zeros((60, 128, 3), np.uint8))
    with pytest.raises(DataError, match=r"000001_000019_leftImg8bit\.png or its class map is 128x60 instead of 128x64"):
        images[1]


def test_the_shorter_of_both_starts_again_in_a_fixed_order(tiny_clips: Path, tmp_path: Path):
    clips = ClipDataset(tiny_clips)
    few = LabelledDataset(write_cityscapes(tmp_path), height=64, width=96)
    pairs = LabelledClips(clips, few)
    assert len(pairs) == len(clips) == 12
    assert torch.equal(pairs[5].target, clips[5].target)
    many = LabelledDataset(tiny_clips, height=64, width=96)
    more = LabelledClips(Numbered(5), many)
    assert len(more) == 16
    assert [int(more[index].camera[0]) for index in range(5)] == list(range(5))
    shown = [int(more[index].camera[0]) for index in range(16)]
    assert sorted(shown[5:10]) == list(range(5))
    assert shown == [int(LabelledClips(Numbered(5), many)[index].camera[0]) for index in range(16)]


class Numbered(Dataset[RawSample]):
    """Clips that know their number as their camera."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> RawSample:
        image, K = torch.zeros(1, 3, 4, 4, dtype=torch.uint8), torch.eye(3)[None]
        return RawSample(image, image[:, None], K, K[:, None], torch.ones(1, 1), camera=torch.tensor([index]))


def test_orders_hold_every_index_once_a_round():
    order = wrapped_order(4, 10, seed=3)
    assert [sorted(order[begin : begin + 4].tolist()) for begin in (0, 4)] == [[0, 1, 2, 3]] * 2
    assert len(order) == 10
    assert torch.equal(order, wrapped_order(4, 10, seed=3))


def coordinates(height: int, width: int) -> RawLabelledImage:
    """One image whose red is its column and green its row, and whose class is its column's tenth."""
    x, y = torch.arange(width).expand(height, width), torch.arange(height)[:, None].expand(height, width)
    image = torch.stack([x, y, torch.zeros_like(x)]).to(torch.uint8)[None]
    return RawLabelledImage(image, (x // 10).to(torch.uint8)[None, None])


def crop(settings: Augmentation, *, seed: int = 0, size: tuple[int, int] = (32, 64)) -> LabelledImage:
    return augment_labelled(coordinates(80, 160), settings, size=size, generator=torch.Generator().manual_seed(seed))


def test_crops_keep_image_and_classes_together():
    places = set()
    for seed in range(20):
        found = crop(PLAIN, seed=seed)
        columns = (255 * found.image[:, 0]).round().long()
        assert torch.equal(columns // 10, found.classes[:, 0].long())
        assert torch.equal(columns[0, 0].diff(), torch.ones(63, dtype=torch.int64))
        places.add(int(columns[0, 0, 0]))
    assert len(places) > 10
    assert max(places) <= 96


def test_mirrored_crops_keep_image_and_classes_together():
    found = crop(replace(PLAIN, flip=1.0))
    columns = (255 * found.image[:, 0]).round().long()
    assert torch.equal(columns[0, 0].diff(), -torch.ones(63, dtype=torch.int64))
    assert torch.equal(columns // 10, found.classes[:, 0].long())


@pytest.mark.parametrize("size", [(32, 64), (64, 128), (80, 160)])
def test_shrunk_images_show_more_but_never_less_than_a_crop(size: tuple[int, int]):
    steps: list[Tensor] = []
    for seed in range(10):
        found = crop(replace(PLAIN, labelled_shrink=1.5), seed=seed, size=size)
        assert found.image.shape[-2:] == size
        columns = 255 * found.image[:, 0]
        agree = (columns / 10).floor() == found.classes[:, 0]
        assert float(agree.float().mean()) > 0.8  # rounding at the borders of classes
        steps.append(columns[0, 0].diff().median())
    largest = min(1.5, 80 / size[0], 160 / size[1])
    assert min(steps) >= 0.99
    assert max(steps) <= largest + 0.05
    assert max(steps) > 1 + 0.7 * (largest - 1) - 0.01


def test_jitter_changes_the_colours_and_not_the_classes():
    plain, jittered = crop(PLAIN), crop(replace(PLAIN, jitter=1.0))
    assert torch.equal(plain.classes, jittered.classes)
    assert not torch.equal(plain.image, jittered.image)
    assert float(jittered.image.min()) >= 0
    assert float(jittered.image.max()) <= 1


def test_augmenting_a_batch_crops_its_labelled_images(tiny_clips: Path, tmp_path: Path):
    images = LabelledDataset(write_cityscapes(tmp_path, height=256, width=512), height=64, width=96)
    raw = stack([LabelledClips(ClipDataset(tiny_clips), images)[index] for index in (0, 1)])
    batch = augment(raw, Augmentation(), generator=torch.Generator().manual_seed(0))
    assert batch.labelled is not None
    assert batch.labelled.image.shape == batch.target.shape
    assert batch.labelled.image.dtype == torch.float32
    again = augment(raw, Augmentation(), generator=torch.Generator().manual_seed(0))
    assert again.labelled is not None
    assert torch.equal(batch.labelled.image, again.labelled.image)


def test_the_clips_own_labels_are_those_that_training_sees(tiny_clips: Path, tmp_path: Path):
    for name, part in (("a", "train"), ("b", "val"), ("c", "test")):
        shutil.copytree(tiny_clips / "drive_1", tmp_path / part / name)
    recipe = get_recipe("sgdepth-debug")
    sets = load_data(recipe, tmp_path)
    for labelled, part in ((sets.training, "train"), (sets.validation, "val")):
        assert {Path(pair.name).relative_to(tmp_path).parts[0] for pair in labelled.labelled._pairs} == {part}
    shutil.rmtree(tmp_path / "val")
    shutil.rmtree(tmp_path / "test")
    sets = load_data(replace(recipe, training=replace(recipe.training, validation_fraction=0.3)), tmp_path)
    learned, held_out = ({pair.name for pair in one.labelled._pairs} for one in (sets.training, sets.validation))
    assert learned
    assert held_out
    assert not learned & held_out


def test_of_labelled_clips_in_parts_train_teaches_val_is_held_out_and_test_is_left_alone(
    tiny_clips: Path, tmp_path: Path
):
    for part in ("train", "val", "test"):
        shutil.copytree(tiny_clips / "drive_1", tmp_path / part / "drive")
    recipe = get_recipe("sgdepth-debug")
    recipe = replace(recipe, data=replace(recipe.data, labels=str(tmp_path)))

    def parts() -> list[set[str]]:
        sets = load_data(recipe, tiny_clips)
        pairs = (one.labelled._pairs for one in (sets.training, sets.validation))
        return [{Path(pair.name).relative_to(tmp_path).parts[0] for pair in one} for one in pairs]

    assert parts() == [{"train"}, {"val"}]
    shutil.rmtree(tmp_path / "val")
    assert parts() == [{"train"}, {"train"}]
    shutil.rmtree(tmp_path / "train")
    shutil.copytree(tiny_clips / "drive_1", tmp_path / "more")
    assert parts() == [{"test", "more"}, {"test", "more"}]  # no published split
