"""A map over processes that keeps the order, holds few items at a time and survives crashes."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 8
"""Items per process that are under way or done before they are asked for."""


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    processes: int,
    crashed: Callable[[Item], Result],
) -> Iterator[Result]:
    """Yields `function(item)` for every item, in order.

    Args:
        function: Picklable, if there are several processes.
        items: Read as needed, never all at once.
        processes: 1 = in this process, which then does not survive a crash.
        crashed: Gives the result of an item on which its process died.
    """
    if processes == 1:
        yield from map(function, items)
        return
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    pool = ProcessPoolExecutor(processes)
    try:
        for item in items:
            try:
                future = pool.submit(function, item)
            except BrokenProcessPool:
                pool.shutdown()
                pool = ProcessPoolExecutor(processes)
                future = pool.submit(function, item)
            waiting.append((item, future))
            if len(waiting) >= processes * _AHEAD:
                yield _result(function, *waiting.popleft(), crashed)
        while waiting:
            yield _result(function, *waiting.popleft(), crashed)
    finally:
        pool.shutdown(cancel_futures=True)


def _result(
    function: Callable[[Item], Result],
    item: Item,
    future: Future[Result],
    crashed: Callable[[Item], Result],
) -> Result:
    """A crash breaks the whole pool, so items lost with it are tried again, each on its own."""
    try:
        return future.result()
    except BrokenProcessPool:
        pass
    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(function, item).result()
        except BrokenProcessPool:
            return crashed(item)
