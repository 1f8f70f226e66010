"""Example frames that a report shows beside their truth: `examples/NAME.npz` of a run."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vection.array_files import open_arrays
from vection.arrays import AnyArray, ClassIds, DepthMap, FlowMap, MaskMap, PixelMask, RgbImage, Unit
from vection.data.clips.folder import read_rgb
from vection.data.clips.resizing import resize_map, resize_nearest
from vection.data.clips.truth_sources import MEASURED
from vection.evaluation.depth.evaluate import predicted_depth
from vection.evaluation.depth.result import DepthResult
from vection.evaluation.predictions.kinds import PredictionReader
from vection.evaluation.truth.truth_set import GroundTruth, TruthSet
from vection.files import visible, whole_file
from vection.formats.window import Window
from vection.losses.segmentation import UNKNOWN_CLASS

OPTIONAL: dict[str, tuple[int, ...]] = {
    "truth": (),
    "motion_mask": (),
    "moving": (),
    "object_flow": (3,),
    "true_flow": (3,),
    "classes": (),
    "true_classes": (),
}
"""Arrays that an example may lack, and how many numbers each has a pixel, if not one."""


@dataclass(frozen=True)
class Example:
    """One frame with predicted and, where known, true depth; both at the size of the image."""

    name: str
    image: RgbImage
    depth: DepthMap
    """Predicted z, in the unit of `truth` if there is one (already scaled)."""
    truth: DepthMap | None = None
    """True or measured z in `unit`, 0 where unknown."""
    unit: Unit = "up-to-scale"
    """Unit of the predicted depth and flow."""
    motion_mask: MaskMap | None = None
    """Predicted, in [0, 1]."""
    moving: PixelMask | None = None
    """Where the scene truly moves."""
    object_flow: FlowMap | None = None
    """Predicted 3D motion to the next frame, in the unit of `truth`."""
    true_flow: FlowMap | None = None
    """True 3D motion to the next frame, in metres."""
    classes: ClassIds | None = None
    """Predicted, Cityscapes train ids."""
    true_classes: ClassIds | None = None
    """True ones, 255 where unknown."""

    @property
    def short_unit(self) -> str:
        """The unit as it stands behind a number."""
        return "m" if self.unit == "metres" else self.unit


def write_example(folder: Path, example: Example) -> Path:
    """Write one example frame into `folder`, made if needed."""
    arrays: dict[str, AnyArray] = {"image": example.image, "depth": example.depth, "unit": np.array(example.unit)}
    arrays |= {part: value for part in OPTIONAL if (value := getattr(example, part)) is not None}
    path = folder / f"{example.name}.npz"
    with whole_file(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
    return path


def write_examples(
    folder: Path, *, predictions: PredictionReader, truths: TruthSet, result: DepthResult, count: int = 6
) -> None:
    """Write frames spread evenly over the evaluated ones, scaled as the protocol scaled them.

    Older examples in `folder` are removed; frames whose image is not known are left out.
    """
    for old in folder.glob("*.npz"):
        old.unlink()
    scales, predictions = result.scales(), predictions.within(truths.windows)
    unit: Unit = "up-to-scale" if result.protocol.ground_truth == MEASURED else "metres"
    names = [name for name in truths.names if name in scales]
    spread = [names[round(index)] for index in np.linspace(0, len(names) - 1, min(count, len(names)))]
    for name in spread:
        truth = truths.read(name)
        if truth.image is None:
            continue
        depth = predicted_depth(predictions.read(name), truth.depth.shape, result.protocol)
        depth = np.nan_to_num(depth * scales[name]).astype(np.float32)
        height, width = truth.depth.shape
        image = cv2.resize(read_rgb(truth.image), (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        example = Example(name.replace("/", "_"), image, depth, truth=truth.depth, unit=unit)
        write_example(folder, replace(example, **_objects(predictions, truth, scale=scales[name])))


def _objects(predictions: PredictionReader, truth: GroundTruth, *, scale: float) -> dict[str, Any]:
    """Return what is predicted of motion and classes, and its truth where it is predicted, at the size of the truth."""
    predicted = predictions.read_objects(truth.name)
    window = predicted.window or Window.of(truth.depth.shape)
    top, bottom, left, right = window.bounds(truth.depth.shape)
    size = (bottom - top, right - left)
    arrays: dict[str, Any] = {}
    if predicted.motion_mask is not None:
        mask = resize_map(predicted.motion_mask, size).astype(np.float32)
        arrays["motion_mask"] = window.placed(mask, truth.depth.shape, fill=0.0)
        if truth.moving is not None:
            arrays["moving"] = truth.moving
    if predicted.object_flow is not None:
        flow = (scale * resize_map(predicted.object_flow, size)).astype(np.float32)
        arrays["object_flow"] = window.placed(flow, truth.depth.shape, fill=0.0)
        if truth.object_flow is not None:
            arrays["true_flow"] = truth.object_flow
    if predicted.classes is not None:
        arrays["classes"] = window.placed(
            resize_nearest(predicted.classes, size), truth.depth.shape, fill=float(UNKNOWN_CLASS)
        )
        if truth.classes is not None:
            arrays["true_classes"] = truth.classes
    return arrays


def read_examples(folder: Path) -> tuple[Example, ...]:
    """Read all examples by name; none where there is no folder. Unreadable files are a DataError."""
    files = [path for path in visible(sorted(folder.glob("*.npz")), folder) if not path.stem.endswith(".tmp")]
    return tuple(_read_example(path) for path in files)


def _read_example(path: Path) -> Example:
    with open_arrays(path, what="The example", remedy="delete it or evaluate again") as arrays:
        image = arrays.need("image", shape=(None, None, 3)).astype(np.uint8)
        depth = arrays.need("depth", shape=image.shape[:2])
        optional = {
            part: array
            for part, last in OPTIONAL.items()
            if (array := arrays.find(part, shape=(*image.shape[:2], *last))) is not None
        }
        unit: Unit = "metres" if str(arrays.need("unit")) == "metres" else "up-to-scale"
        return Example(path.stem, image, depth, unit=unit, **optional)
