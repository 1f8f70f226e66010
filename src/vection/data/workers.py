"""Work for processes of our own, started once and ended with the program however it ends, or for a cluster's."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

import cv2

from vection.data.cluster import Cluster, on_cluster
from vection.errors import UsageError

AHEAD = 4
"""Jobs a worker that wait for it."""

Workers = int | Cluster
"""How many processes of this machine work, 0 for this one alone, or the cluster that does."""

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_workers(function: Callable[[Job], Result], jobs: Iterable[Job], *, workers: Workers) -> Iterator[Result]:
    """Yield the result of each job as it comes, in any order.

    Function, jobs and results must be picklable. An error of a job is raised here, and no more jobs start.
    """
    if isinstance(workers, Cluster):
        yield from on_cluster(function, jobs, workers)
        return
    if workers < 1:
        yield from map(function, jobs)
        return
    queue = iter(jobs)
    # Not forked: threads (the progress bar's, OpenCV's) do not survive that.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start)
    try:
        running: set[Future[Result]] = {pool.submit(function, job) for job in islice(queue, AHEAD * workers)}
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(function, job) for job in islice(queue, len(finished))}
            for future in finished:
                yield future.result()
    except BrokenProcessPool as error:
        raise UsageError(
            "A worker process died, probably for want of memory; run again with fewer `workers`: what is done is kept."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and ends us
    cv2.setNumThreads(0)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # a killed parent says nothing, and its pipes stay open in us
        os._exit(1)
