"""Weights that ship with the library, as checkpoint folders; each has a card that says what it learned from."""

from pathlib import Path

STREET = "street"
"""Depth of streets, learned from the synthetic street and free clips."""
STARTS = (STREET,)


def start_folder(name: str) -> Path | None:
    """Return the checkpoint folder of shipped weights, None for another name.

    >>> start_folder("street").name, start_folder("runs/first")
    ('street', None)
    """
    return Path(__file__).parent / name if name in STARTS else None
