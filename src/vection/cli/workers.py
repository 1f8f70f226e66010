"""How many processes a command starts, or what cluster it works on."""

import os

from vection.data.cluster import LOCAL, Cluster
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


def ray_cluster(address: tuple[str, ...] | None, *, workers: int | None) -> Cluster | None:
    """Return the cluster that `--ray [ADDRESS]` asks for, None if nobody asks; UsageError for what cannot be one."""
    if address is None:
        return None
    if len(address) > 1:
        raise UsageError(f"--ray takes one address, and {' '.join(address)} are {len(address)}.")
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers} cannot be; --ray needs at least one.")
    return Cluster(address[0] if address else LOCAL, workers)
