"""Images with known classes, of another domain than the clips: Cityscapes in its own layout, or clip folders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vection.arrays import ClassIds, DepthMap, RgbImage
from vection.data.clips.folder import ClipInfo, find_clips, has_clips, natural_key, read_clip, read_rgb
from vection.data.clips.image_file import read_map
from vection.data.clips.resizing import resize_image, resize_nearest
from vection.data.readers.cityscapes.labels import train_ids
from vection.data.sets.clip_dataset import clip_name, image_tensor
from vection.data.sets.validation_split import published_parts
from vection.errors import DataError, UsageError
from vection.samples import RawLabelledImage, RawSample

MARGIN = 1.6
"""An image is stored at most so many times larger than its crop: Cityscapes at 1024x512 for crops of 640x192."""


@dataclass(frozen=True)
class _Pair:
    """Where an image and its classes are."""

    name: str
    image: Callable[[], RgbImage]
    classes: Callable[[], ClassIds]


class LabelledDataset(Dataset[RawLabelledImage]):
    """Images with Cityscapes train ids below `root`, each as a `RawLabelledImage` of batch size 1, all of one size.

    `root` holds leftImg8bit/ and gtFine/ (`part` names the folder in them), or clip folders with class maps or
    synthetic truth: those of a published split below `root`/`part`; or `selection` names the frames, by the clip's path
    below the root. Images are resized so that a crop of `height` x `width` fits with a margin. Raises UsageError if
    there is no such folder, DataError if it has no labels.
    """

    def __init__(
        self,
        root: Path,
        *,
        height: int,
        width: int,
        part: str = "train",
        selection: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        cv2.setNumThreads(0)
        if not root.is_dir():
            raise UsageError(f"The folder of labelled images {root} does not exist; name it with `data.labels=FOLDER`.")
        self.root, self.crop = root, (height, width)
        is_cityscapes = selection is None and (root / "leftImg8bit").is_dir()
        self._pairs = _cityscapes(root, part) if is_cityscapes else _labelled_frames(root, part, selection)
        if not self._pairs and selection is not None:
            raise DataError(
                f"None of the frames of '{root}' that are learned, or held out, has a class map or synthetic truth; "
                "give them some, or name other labelled images."
            )
        if not self._pairs:
            raise DataError(
                f"'{root}' holds no labelled images: neither leftImg8bit/{part}/*/*_leftImg8bit.png with "
                f"gtFine/{part}/*/*_gtFine_labelIds.png (Cityscapes) nor clips with class maps or synthetic truth "
                f"(of train/, val/ and test/ only those of {part}/ count)."
            )
        first = self._pairs[0].image()
        self.native = first.shape[:2]
        self.size = stored_size(self.native, crop=self.crop)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._pairs)

    def __getitem__(self, index: int) -> RawLabelledImage:
        """Read an image and its classes."""
        pair = self._pairs[index]
        image, classes = pair.image(), pair.classes()
        for array in (image, classes):
            if array.shape[:2] != self.native:
                sizes = f"{array.shape[1]}x{array.shape[0]} instead of {self.native[1]}x{self.native[0]}"
                raise DataError(f"{pair.name} or its class map is {sizes}; labelled images must all have one size.")
        image, classes = resize_image(image, self.size), resize_nearest(classes, self.size)
        return RawLabelledImage(image_tensor(image), torch.from_numpy(np.ascontiguousarray(classes))[None, None])


class LabelledClips(Dataset[RawSample]):
    """Clips, each with a labelled image; as many as there are of the more numerous, the others start again."""

    def __init__(self, clips: Dataset[RawSample], labelled: LabelledDataset) -> None:
        self.clips, self.labelled = clips, labelled
        count = max(len(clips), len(labelled))  # type: ignore[arg-type]
        self._clip_order = wrapped_order(len(clips), count, seed=1, begins_in_order=True)  # type: ignore[arg-type]
        self._label_order = wrapped_order(len(labelled), count, seed=2)

    def __len__(self) -> int:
        """Return the larger of the two numbers."""
        return len(self._clip_order)

    def true_depth(self, index: int) -> DepthMap | None:
        """Return the true depth of a clip's target, where the clips know it."""
        known = getattr(self.clips, "true_depth", None)
        return None if known is None else known(int(self._clip_order[index]))

    def __getitem__(self, index: int) -> RawSample:
        """Read a clip and its labelled image."""
        clip = self.clips[int(self._clip_order[index])]
        return replace(clip, labelled=self.labelled[int(self._label_order[index])])


def held_out_part(root: Path) -> str:
    """Name the part of labelled images that is held out: "val" where it has some, else "train" stands in for it."""
    images = root / "leftImg8bit"
    has_some = (images / "val").is_dir() if images.is_dir() else bool(_labelled_frames(root, "val", None))
    return "val" if has_some else "train"


def wrapped_order(available: int, count: int, *, seed: int, begins_in_order: bool = False) -> Tensor:
    """Return `count` indices below `available`: fixed permutations of all of them, one after another."""
    generator = torch.Generator().manual_seed(seed)
    rounds = [torch.arange(available)] if begins_in_order else []
    while len(rounds) * available < count:
        rounds.append(torch.randperm(available, generator=generator))
    return torch.cat(rounds)[:count]


def stored_size(native: tuple[int, int], *, crop: tuple[int, int]) -> tuple[int, int]:
    """Height and width to store an image of `native` size at: no larger than need be, no smaller than the crop."""
    covering = max(crop[0] / native[0], crop[1] / native[1])
    scale = min(MARGIN * covering, max(1.0, covering))
    return max(round(native[0] * scale), crop[0]), max(round(native[1] * scale), crop[1])


def _cityscapes(root: Path, part: str) -> list[_Pair]:
    images = sorted(
        (root / "leftImg8bit" / part).glob("*/[!.]*_leftImg8bit.png"), key=lambda path: natural_key(str(path))
    )
    pairs = []
    for image in images:
        stem = image.name.removesuffix("_leftImg8bit.png")
        labels = root / "gtFine" / part / image.parent.name / f"{stem}_gtFine_labelIds.png"
        if not labels.is_file():
            raise DataError(f"The image {image} has no labels: {labels} does not exist; restore it or leave it out.")
        pairs.append(_Pair(str(image), partial(read_rgb, image), partial(_read_labels, labels)))
    return pairs


def _read_labels(path: Path) -> ClassIds:
    labels = read_map(path)
    if labels.dtype != np.uint8:
        raise DataError(f"The label map {path} is no 8-bit grey PNG; restore it.")
    return train_ids(labels)


def _labelled_frames(root: Path, part: str, selection: Mapping[str, Sequence[int]] | None) -> list[_Pair]:
    clips = [read_clip(folder) for folder in find_clips(root)] if has_clips(root) else []
    names = [clip_name(root, info) for info in clips]
    if selection is None:
        parts = published_parts(names)
        selection = {
            name: range(len(info))
            for name, info in zip(names, clips, strict=True)
            if not parts or name.partition("/")[0] == part
        }
    return [
        _frame(info, index)
        for name, info in zip(names, clips, strict=True)
        if info.classes is not None or info.truth is not None
        for index in selection.get(name, ())
    ]


def _frame(info: ClipInfo, index: int) -> _Pair:
    name = str(info.folder / info.frames[index].file)
    return _Pair(name, partial(info.read_image, index), partial(_classes_of, info, index))


def _classes_of(info: ClipInfo, index: int) -> ClassIds:
    """The class map beside the frame, or that of the truth; the synthetic world has Cityscapes train ids."""
    if info.classes is not None:
        return info.read_classes(index)
    semantics = info.read_truth(index).semantics
    if semantics is None:
        raise DataError(f"The truth of {info.folder} has no classes; it cannot teach segmentation.")
    return semantics
