"""Reading ahead and mapping in threads: order, errors at their place, nothing left behind."""

import threading
from collections.abc import Iterator

import pytest

from vection.inference.ahead import map_ahead, read_ahead


def numbers_then_error(count: int) -> Iterator[int]:
    yield from range(count)
    raise ValueError("no more")


def test_an_error_comes_after_the_items_before_it():
    items = read_ahead(numbers_then_error(3), count=1)
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no more"):
        next(items)


def test_no_more_are_read_than_asked_for():
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    ahead = read_ahead(items(), count=3)
    assert next(ahead) == 0
    ahead.close()
    assert len(taken) <= 6  # one used, three ready, one that waits, one taken while the queue was emptied


def test_the_thread_ends_and_closes_what_it_reads():
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    before = threading.active_count()
    ahead = read_ahead(items(), count=2)
    next(ahead)
    ahead.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_results_keep_their_order_and_few_wait():
    most, waiting, lock = 0, 0, threading.Lock()
    release = threading.Event()

    def square(number: int) -> int:
        nonlocal waiting
        if number == 0:
            release.wait(0.05)  # the first is the last to be done
        with lock:
            waiting += 1
        return number**2

    for number, result in enumerate(map_ahead(square, range(20), workers=2, ahead=3)):
        assert result == number**2
        with lock:
            most = max(most, waiting)
            waiting -= 1
    assert most <= 4


def test_an_error_of_the_function_is_raised_and_ends_the_work():
    begun = []

    def fails(number: int) -> int:
        begun.append(number)
        if number == 2:
            raise OSError("disk full")
        return number

    with pytest.raises(OSError, match="disk full"):
        list(map_ahead(fails, range(1000), workers=1, ahead=2))
    assert len(begun) < 10
