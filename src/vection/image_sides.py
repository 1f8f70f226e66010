"""The sides of images that networks take: one rule for what is ingested, prepared, imported and trained."""

from vection.errors import UsageError

MULTIPLE = 32
"""Pixels that one feature of the coarsest level stands for."""
SHORTEST = 64
"""Shortest side in pixels; with one feature across, the networks' reflected borders have nothing to reflect."""
LONGEST = 2**14
"""Longest side in pixels, beyond that of any camera."""


def check_image_sides(*, width: int, height: int) -> None:
    """Raise UsageError unless images of this size fit the networks."""
    if width % MULTIPLE or height % MULTIPLE or min(width, height) < SHORTEST or max(width, height) > LONGEST:
        raise UsageError(
            f"Images of {width}x{height} do not fit the networks; width and height must be multiples of {MULTIPLE}, "
            f"from {SHORTEST} to {LONGEST}."
        )
