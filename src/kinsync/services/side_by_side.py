"""Blocks of a file, worked on side by side and collected in the order of the file."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from kinsync.transport.delimited import Block

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Told how many bytes of how many have been read."""

_WORKERS = 2


def watched(blocks: Iterable[Block], size: int, progress: Progress) -> Iterator[Block]:
    """The same blocks of a file of that size, ``progress`` told of each."""
    for block in blocks:
        progress(block.bytes_read, size)
        yield block


def side_by_side(work: Callable[[Block], T], blocks: Iterable[Block]) -> Iterator[T]:
    """The results in the order of the blocks; few blocks are under way at once."""
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for block in blocks:
            waiting.append(pool.submit(work, block))
            if len(waiting) > _WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
