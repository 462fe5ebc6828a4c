"""A process that is killed while it publishes. Imports nothing that needs Django set up."""

import os
import signal
from multiprocessing import get_context

from kinsync.store.publish import Publication, publish
from kinsync.store.storage import Storage

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["kinsync.store.publish"])


def die_at(step: str, publication: Publication, storage: Storage) -> None:
    """Publish in another process, which is killed with SIGKILL when it reaches ``step``."""
    process = PROCESSES.Process(target=_publish_and_die, args=(step, publication, storage))
    process.start()
    process.join(60)

    assert process.exitcode == -signal.SIGKILL


def _publish_and_die(step: str, publication: Publication, storage: Storage) -> None:
    def kill(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    publish(publication, storage=storage, step=kill)
