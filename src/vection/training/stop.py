"""A wish to stop, honoured between two steps so that what is saved is whole."""

import signal
import threading
from time import monotonic
from typing import Any

AT_ONCE_AFTER = 1.0
"""Seconds from which on a second Ctrl-C is another wish: torchrun passes on what the terminal has sent already."""


class StopAtOnce(KeyboardInterrupt):
    """A second Ctrl-C, which comes at any moment: what is in memory then is no state to go on from."""


def leave_signals_to_parent(_: int) -> None:
    """Let a worker that loads data pass over Ctrl-C and SIGTERM, which reach it too: its parent ends it in time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class StopRequest:
    """Turns Ctrl-C and SIGTERM (a scheduler's wish) into a stop between two steps; a second Ctrl-C stops at once."""

    def __init__(self) -> None:
        self.requested, self.since = False, 0.0
        self.previous: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            self.previous = {kind: signal.signal(kind, self._note) for kind in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for kind, handler in self.previous.items():
            signal.signal(kind, handler)

    def _note(self, kind: int, *_: object) -> None:
        if not self.requested:
            self.requested, self.since = True, monotonic()
        elif kind == signal.SIGINT and monotonic() - self.since > AT_ONCE_AFTER:
            raise StopAtOnce

    def raise_if_requested(self) -> None:
        """Raise KeyboardInterrupt if a stop was asked for."""
        if self.requested:
            raise KeyboardInterrupt
