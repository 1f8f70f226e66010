"""How many processes a command starts."""

import os

from vection.errors import UsageError

MOST_WORKERS = 8


def count_workers(workers: int | None) -> int:
    """Return the number of processes that `--workers` asks for; without it one for each core, at most 8.

    Raises UsageError for a negative number.
    """
    if workers is None:
        return min(MOST_WORKERS, os.cpu_count() or 1)
    if workers < 0:
        raise UsageError(f"--workers {workers} cannot be; give the number of processes, or 0 for none.")
    return workers
