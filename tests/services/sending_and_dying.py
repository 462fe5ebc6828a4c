"""A sender in a process of its own that is killed with SIGKILL while it sends.

Imported afresh by that process, so Django is set up here.
"""

import os
import signal
from datetime import datetime
from multiprocessing import get_context

import django

django.setup()

from kinsync.domain.webhooks import Answer  # noqa: E402
from kinsync.services.webhooks import Tools, deliver_due  # noqa: E402
from kinsync.store.sealing import Sealer  # noqa: E402

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.services.sending_and_dying"])


def die_sending(key: bytes, at: datetime) -> None:
    """Send what is due at that time in another process, which does not survive its first POST."""
    process = PROCESSES.Process(target=_send_and_die, args=(key, at))
    process.start()
    process.join(60)

    assert process.exitcode == -signal.SIGKILL


def _send_and_die(key: bytes, at: datetime) -> None:
    def send(*_: object, **__: object) -> Answer:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    deliver_due(
        Tools(
            now=lambda: at,
            resolve=lambda _host: ("8.8.8.8",),
            send=send,
            sealer=Sealer([key]),
            chance=lambda: 0.0,
        )
    )
