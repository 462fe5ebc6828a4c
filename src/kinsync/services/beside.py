"""Work that a request begins and does not wait for: one thread at a time for each district."""

import threading
from collections.abc import Callable
from typing import Any

from kinsync.domain.errors import KinsyncError

_under_way: set[tuple[str, int]] = set()
_turn = threading.Lock()


def begin(what: str, district_id: int, work: Callable[[], Any]) -> None:
    """Have it done in a thread of its own, unless that goes on already.

    Where it cannot be done now, whoever looks next begins again.
    """
    key = (what, district_id)
    with _turn:
        if key not in _under_way:
            _under_way.add(key)
            threading.Thread(target=_do, args=(key, work), daemon=True).start()


def _do(key: tuple[str, int], work: Callable[[], Any]) -> None:
    try:
        work()
    except KinsyncError:
        return
    finally:
        _under_way.discard(key)
