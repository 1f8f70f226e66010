"""Example frames that a report shows beside their truth: `examples/NAME.npz` of a run."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from vection.data.clip_folder import read_rgb
from vection.errors import DataError
from vection.evaluation.evaluate import depth_at_size
from vection.evaluation.predictions import PredictionReader
from vection.evaluation.result import DepthResult
from vection.evaluation.truth import TruthSet


@dataclass(frozen=True)
class Example:
    """One frame with predicted and, where known, true depth; both at the size of the image."""

    name: str
    image: UInt8[np.ndarray, "height width 3"]
    depth: Float32[np.ndarray, "height width"]
    """Predicted z, in the unit of `truth` if there is one (already scaled)."""
    truth: Float32[np.ndarray, "height width"] | None = None
    """True z in metres, 0 where unknown."""
    unit: str = "up-to-scale"


def write_example(folder: Path, example: Example) -> Path:
    """Write one example frame into `folder`, made if needed."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {"image": example.image, "depth": example.depth, "unit": np.array(example.unit)}
    if example.truth is not None:
        arrays["truth"] = example.truth
    path = folder / f"{example.name}.npz"
    temporary = path.with_suffix(".tmp.npz")
    np.savez_compressed(temporary, allow_pickle=False, **arrays)
    temporary.replace(path)
    return path


def write_examples(
    folder: Path, *, predictions: PredictionReader, truths: TruthSet, result: DepthResult, count: int = 6
) -> None:
    """Write frames spread evenly over the evaluated ones, scaled as the protocol scaled them.

    Older examples in `folder` are removed; frames whose image is not known are left out.
    """
    for old in folder.glob("*.npz"):
        old.unlink()
    ratios = {row.name: row.ratio for row in result.rows}
    names = [name for name in truths.names if name in ratios]
    chosen = [names[round(index)] for index in np.linspace(0, len(names) - 1, min(count, len(names)))]
    for name in chosen:
        truth = truths.read(name)
        if truth.image is None:
            continue
        protocol = result.protocol
        scales = {"median-per-image": ratios[name], "one-scale": result.ratio_median, "none": 1.0}
        depth = depth_at_size(predictions.read(name), truth.depth.shape, resize=protocol.resize)
        depth = (depth * (protocol.factor * scales[protocol.scaling])).astype(np.float32)
        height, width = truth.depth.shape
        image = cv2.resize(read_rgb(truth.image), (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        example = Example(name.replace("/", "_"), image, depth, truth=truth.depth, unit="metres")
        write_example(folder, example)


def read_examples(folder: Path) -> tuple[Example, ...]:
    """Read all examples by name; none where there is no folder. Unreadable files are a DataError."""
    return tuple(_read_example(path) for path in sorted(folder.glob("*.npz")) if not path.stem.endswith(".tmp"))


def _read_example(path: Path) -> Example:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            truth = arrays["truth"].astype(np.float32) if "truth" in arrays else None
            depth = arrays["depth"].astype(np.float32)
            return Example(path.stem, arrays["image"], depth, truth=truth, unit=str(arrays["unit"]))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is no example of vection ({error}); delete it or evaluate again.") from error
