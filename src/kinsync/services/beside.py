"""Work that a request begins and does not wait for: one thread at a time for each district."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

from kinsync.domain.errors import KinsyncError

_under_way: dict[tuple[str, int], threading.Thread] = {}
_turn = threading.Lock()


def begin(what: str, district_id: int, work: Callable[[], Any]) -> threading.Thread:
    """Have it done in a thread of its own, unless that goes on already; answers the thread.

    Where it cannot be done now, whoever looks next begins again.
    """
    key = (what, district_id)
    with _turn:
        thread = _under_way.get(key)
        if thread is None:
            thread = threading.Thread(target=_do, args=(key, work), daemon=True)
            _under_way[key] = thread
            thread.start()  # it may have ended, and be under way no more, before this returns
        return thread


def _do(key: tuple[str, int], work: Callable[[], Any]) -> None:
    try:
        work()
    except KinsyncError:
        return
    finally:
        _under_way.pop(key, None)
        connections.close_all()
