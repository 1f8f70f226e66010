"""Work for a Ray cluster: processes of this machine, or of several that see the same files."""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from vection.errors import UsageError
from vection.extras import extra

LOCAL = "local"
AHEAD = 4
"""Jobs a processor that wait for it."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Nothing is told to Ray's makers, and GPUs stay seen by who takes none."""

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Cluster:
    """Where to work: a Ray cluster that runs, or one that is started on this machine and ends with the work.

    The machines of a cluster need vection, the packages it uses here, and the same files in the same places.
    """

    address: str = LOCAL
    """"local", or of a cluster that runs: HOST:PORT, or "auto" for the one that this machine belongs to."""
    workers: int | None = None
    """Processors to use; all of them if not given."""

    @contextmanager
    def connected(self) -> Iterator[int]:
        """Start or join the cluster in this block and yield how many processors to use.

        Raises UsageError if Ray is not installed or no cluster answers.
        """
        os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
        with extra("ray", purpose="Working on a cluster"):
            import ray
        place = tempfile.mkdtemp(prefix="vection-ray-") if self.address == LOCAL else None
        only_local: dict[str, Any] = {"num_cpus": self.workers, "include_dashboard": False, "_temp_dir": place}
        try:
            _initialise(self.address, **(only_local if self.address == LOCAL else {}))
            yield min(int(ray.cluster_resources().get("CPU", 1)), self.workers or 1 << 30)
        except (ConnectionError, ValueError) as error:
            if ray.is_initialized():
                raise
            raise UsageError(f"No Ray cluster answers at {self.address} ({error}); start one first.") from error
        finally:
            ray.shutdown()
            if place is not None:
                shutil.rmtree(place, ignore_errors=True)


def _initialise(address: str, **settings: Any) -> None:
    """Connect. On a busy machine Ray's own half minute for a start can be too short, so it is tried more than once."""
    import ray

    for last in (False, False, True):
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **settings)
            return
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            ray.shutdown()
            if last:
                raise UsageError(
                    "Ray does not start on this machine within half a minute; end other work, or run without it."
                ) from error


def on_cluster(function: Callable[[Job], Result], jobs: Iterable[Job], cluster: Cluster) -> Iterator[Result]:
    """Yield the result of each job as it comes, in any order, from a cluster that this starts or joins.

    Function, jobs and results travel. An error of a job is raised here, and no more jobs start.
    """
    with cluster.connected() as processors:
        import ray

        remote, queue = ray.remote(function), iter(jobs)
        running = [remote.remote(job) for job in islice(queue, AHEAD * processors)]
        while running:
            (finished,), running = ray.wait(running)
            running += [remote.remote(job) for job in islice(queue, 1)]
            try:
                result = ray.get(finished)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from error
            yield result
