"""How long work tells how far it is."""

from collections.abc import Callable

Report = Callable[[int, int | None], None]
"""Called with what is done so far and, if known, how much there is."""
