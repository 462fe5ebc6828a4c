"""A cheap guard against a flood of wrong tokens and secrets.

Each costs one look into the database, and an attacker has more of them than the database has time.
So a process looks for no more than so many unknown ones in a second; beyond that they are told to
come back, unseen. Who was found to be right before is never held up, so a flood does not stop the
applications that work. The guard opens nothing: whoever passes it is looked up all the same.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

WRONG_A_SECOND = 100
REMEMBERED = 10_000
"""So many that were right are kept in mind, by hash."""


class Strangers:
    """What one process knows of who was right and how many were wrong."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._right: OrderedDict[str, None] = OrderedDict()
        self._second = 0
        self._wrong = 0

    def must_wait(self, secret_hash: str) -> bool:
        """Whether this one is not worth a look now."""
        if self._wrong < WRONG_A_SECOND:  # read without the lock: the usual case costs nothing
            return False
        with self._turn:
            return int(self._clock()) == self._second and secret_hash not in self._right

    def was_right(self, secret_hash: str) -> None:
        """It opened something just now."""
        with self._turn:
            self._right[secret_hash] = None
            self._right.move_to_end(secret_hash)
            if len(self._right) > REMEMBERED:
                self._right.popitem(last=False)

    def was_wrong(self, secret_hash: str) -> None:
        """It opened nothing."""
        with self._turn:
            self._right.pop(secret_hash, None)
            if int(self._clock()) != self._second:
                self._second, self._wrong = int(self._clock()), 0
            self._wrong += 1
