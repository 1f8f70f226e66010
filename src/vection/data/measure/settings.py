"""What is believed of two frames, and how far: all thresholds of measured geometry."""

from dataclasses import dataclass

from vection.errors import UsageError


@dataclass(frozen=True)
class MeasureSettings:
    """How a clip is measured; pixels are those of the images that are measured.

    The filters of depth open at infinity: `MeasureSettings(epipolar_distance=math.inf)` is without that one.
    """

    gaps: tuple[int, ...] = (1, 2)
    """Between the frames of a pair, both to the past and to the future."""
    wide_gap: int = 3
    """Is measured as well where parallax is small; 0 never."""
    wide_below: float = 3.0
    """Pixels of median parallax at the widest of `gaps`, below which `wide_gap` is measured."""

    round_trip_error: float = 0.5
    """Pixels that flow there and back may miss its start by."""
    epipolar_distance: float = 0.7
    """Pixels between where a point went and the line on which a static one must be."""
    parallax: float = 1.0
    """Least pixels that a point moves by the translation alone."""
    contradiction: float = 0.12
    """Logarithm of depth by which pairs may differ, beside three times what their parallax leaves open."""
    ground_margin: float = 0.15
    """Fraction of the camera's height that a point may lie below the ground."""

    def __post_init__(self) -> None:
        """Refuse gaps that make no chain and thresholds that are none."""
        if list(self.gaps) != sorted({1, *self.gaps}) or min(self.gaps) < 1:
            raise UsageError(f"The gaps {self.gaps} of measured pairs must rise from 1, for instance (1, 2).")
        if self.wide_gap and self.wide_gap <= self.gaps[-1]:
            raise UsageError(f"The wide gap {self.wide_gap} must be larger than the gaps {self.gaps}, or 0 for none.")
        for name in (
            "wide_below",
            "round_trip_error",
            "epipolar_distance",
            "parallax",
            "contradiction",
            "ground_margin",
        ):
            if not getattr(self, name) >= 0:
                raise UsageError(f"`{name}` is {getattr(self, name)}, but must be 0 or more.")
