"""What is exported of a prediction folder, and how finely."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vection.errors import UsageError

MovingChoice = Literal["leave-out", "apart", "keep"]
"""What becomes of the points of things that move by themselves."""

FAR_METRES = 80.0
"""Far limit of points in metres, if none is given."""
FAR_MEDIANS = 5.0
"""Far limit of points in depth that is up to scale, in median depths, if none is given."""
VOXEL_MEDIANS = 0.01
"""Side of a cube in median depths, for a point seen from there, if none is given."""
PIXELS_OF_A_FRAME = 60_000
"""Pixels of a frame that become points, at most, unless a stride is given."""

OF_POINTS = ("moving", "stride", "voxel", "max_points", "edge_angle")
"""Settings that choose points, and nothing else."""


@dataclass(frozen=True)
class ExportSettings:
    """Which frames, which depths, and how many points. Lengths are in the unit of the depth.

    Raises UsageError for values that mean nothing.
    """

    frames: Path | None = None
    """Where the predicted frames lie; as the predictions say if not given."""
    only: tuple[str, ...] = ()
    """Names of the frames to export, or FIRST..LAST of some that follow each other; all if empty."""
    intrinsics: str | None = None
    """The camera, as `ingest` takes it, of predictions that do not know theirs."""
    near: float = 0.0
    """Nearest depth of a point."""
    far: float | None = None
    """Farthest depth; 80 metres, or 5 median depths where the scale is open, if not given; none for maps of floats."""
    moving: MovingChoice = "leave-out"
    """What moves by itself: left out of the points, put apart, or kept among them, smeared along its way."""
    stride: int | None = None
    """Every how many pixels, along rows and columns, become points; by default at most 60,000 a frame."""
    voxel: float | None = None
    """Side of the cubes that keep one point each, that seen from nearest; about 1 % of the distance that was seen from
    if not given."""
    max_points: int = 1_000_000
    """The cubes grow until no more points are left."""
    edge_angle: float = 1.5
    """Degrees; surfaces that are seen under a smaller angle are left out: they are mostly the bridges between near
    and far things that smooth depth has at their edges."""
    scale: float | None = None
    """A 16-bit PNG holds depth * scale; by default the largest power of two that fits."""

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if self.near < 0 or (self.far is not None and self.far <= self.near):
            raise UsageError("The range of depth must have 0 <= `near` < `far`.")
        for name in ("stride", "voxel", "max_points", "scale"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(f"`{name}` must be greater than 0.")
        if not 0 <= self.edge_angle < 90:
            raise UsageError("`edge_angle` is between 0 and 90 degrees.")
