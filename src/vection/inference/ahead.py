"""Work that goes on while its results are used: reading ahead, and mapping in threads with results in order.

Decoding, resizing and writing of images release Python's lock, so they overlap with a network that computes.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE = 0.1
"""Seconds between two looks at whether the reader has gone."""


def read_ahead(items: Iterable[Item], *, count: int) -> Iterator[Item]:
    """Yield `items`, of which a thread keeps up to `count` ready.

    An error of theirs is raised at its place. The thread ends when the iterator is closed.

    >>> list(read_ahead(range(5), count=2))
    [0, 1, 2, 3, 4]
    """
    ready: Queue[Item | _End] = Queue(maxsize=count)
    gone = Event()
    thread = Thread(target=_fill, args=(ready, items, gone), daemon=True)
    thread.start()
    try:
        while not isinstance(item := ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        gone.set()
        with suppress(Empty):
            while True:
                ready.get_nowait()
        thread.join()


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int, ahead: int
) -> Iterator[Result]:
    """Yield `function` of each item in order, computed by `workers` threads, up to `ahead` items before it is used.

    Items are taken in the calling thread. An error is raised at its place, and nothing is begun after it.

    >>> list(map_ahead(abs, [-1, 2, -3], workers=2, ahead=2))
    [1, 2, 3]
    """
    with ThreadPoolExecutor(workers) as executor:
        begun: deque[Future[Result]] = deque()
        try:
            for item in items:
                begun.append(executor.submit(function, item))
                while len(begun) > ahead:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def in_groups(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items, the last of what is left.

    >>> list(in_groups("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group


class _End:
    """Stands behind the last item."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _fill(ready: "Queue[Item | _End]", items: Iterable[Item], gone: Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _put(ready, item, gone):
                return
    except BaseException as error:  # raised where the item is missed
        end = _End(error)
    finally:
        if isinstance(items, Generator):
            items.close()
    _put(ready, end, gone)


def _put(ready: "Queue[Item | _End]", item: "Item | _End", gone: Event) -> bool:
    while not gone.is_set():
        with suppress(Full):
            ready.put(item, timeout=PATIENCE)
            return True
    return False
