"""A run as one typed, complete value: method, data, stages, training. A variant is `replace` and two lines."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from vection.data.augmentation import Augmentation
from vection.methods.monodepth2 import Monodepth2Settings
from vection.training.settings import Stage, TrainingSettings


@dataclass(frozen=True)
class DataSettings:
    """What a sample is and how many make a batch."""

    height: int = 192
    width: int = 640
    source: Literal["clips", "kitti-raw"] = "clips"
    """Clip folders (as `vection ingest` makes them), or KITTI raw in its own layout with a list of frames."""
    split: str | None = None
    """Folder with train_files.txt and val_files.txt (KITTI raw)."""
    drop_static_frames: bool = False
    """Leave out the frames of `static_frames.txt` of the split folder's parent (KITTI raw)."""
    shared_intrinsics: bool = False
    """One nominal K for all of KITTI, as in the papers, instead of each drive's own (KITTI raw)."""
    offsets: tuple[int, ...] = (-1, 1)
    """Frames from the target to each source."""
    batch_size: int = 12
    augmentation: Augmentation = field(default_factory=Augmentation)
    workers: int = 0
    """Processes that read data; 0 reads in the main process, which is enough for ingested clips on a CPU."""


@dataclass(frozen=True)
class Recipe:
    """A complete run."""

    name: str
    summary: str
    method: Monodepth2Settings = field(default_factory=Monodepth2Settings)
    data: DataSettings = field(default_factory=DataSettings)
    stages: tuple[Stage, ...] = (Stage(),)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    start_from: str | None = None
    """Checkpoint folder whose weights training starts from."""


def recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    """Plain values, for JSON."""
    return asdict(recipe)


def recipe_from_json(values: dict[str, Any]) -> Recipe:
    """Rebuild and check a recipe. Raises pydantic.ValidationError that names the wrong field."""
    return TypeAdapter(Recipe).validate_python(values)
