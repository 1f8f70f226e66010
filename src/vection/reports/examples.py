"""Example frames that a report shows beside their truth: `examples/NAME.npz` of a run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from vection.errors import DataError


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
