"""How long work tells how far it is; who asks for it says how that looks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Report = Callable[[int, int | None], None]
"""Called with what is done so far and, if known, how much there is."""

Bars = Callable[[str], AbstractContextManager[Report]]
"""Makes a bar with a title; what it yields is told how far the work is."""


@contextmanager
def no_bars(title: str) -> Iterator[Report]:  # noqa: ARG001 - as `Bars` are called
    """Show nothing: the `Bars` of a function that nobody watches."""
    yield lambda done, total: None  # noqa: ARG005
