"""Titled progress bars as a library function asks for them; who calls says how they look."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Bars = Callable[[str], AbstractContextManager[Callable[[int, int | None], None]]]
"""Makes a bar with a title; what it yields is told how much is done and, if known, how much there is."""


@contextmanager
def no_bars(title: str) -> Iterator[Callable[[int, int | None], None]]:  # noqa: ARG001 - as `Bars` are called
    """Show nothing: the `Bars` of a function that nobody watches."""
    yield lambda done, total: None  # noqa: ARG005
