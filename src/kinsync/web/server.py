"""The web door as a server: granian, with one process of its own and a few threads."""

import gc
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from granian.constants import Interfaces
from granian.server import Server

from kinsync.domain.errors import ChangeInput
from kinsync.domain.settings import PREFIX

THREADS = 8
"""As many requests are worked on at once: half of them wait for the database or the disk."""
BACKLOG = 1024
STOP_SECONDS = 10
"""How long a request that is under way may take once the server is told to stop."""
START_SECONDS = 60
POLL_SECONDS = 0.05
PROCESSES = "PROMETHEUS_MULTIPROC_DIR"
"""Folder in which the processes of this door add up their counts; read when they import it."""
GARBAGE_THRESHOLD = 50_000
"""Objects before a sweep. A page makes thousands, none of them in circles: sweeps found nothing."""


def serve(
    host: str,
    port: int,
    *,
    rate_limit: int | None = None,
    environment: Mapping[str, str] | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve the web door until SIGTERM or SIGINT; requests under way are finished first.

    ``ready`` is called from a thread once the address answers. Call from the main thread, after
    ``bootstrap.connect_database``: where the database is comes from the environment, and so does
    ``rate_limit`` where it is not given here. ``environment`` is what else the process that answers
    is to find in its own (``bootstrap.environment_of_web``). The process that answers is a child of
    this one, and stops when this one is gone, however it went.

    Raises:
        ChangeInput: the address is taken, or not one of this machine.
    """
    _claim(host, port)
    if rate_limit is not None:
        os.environ[f"{PREFIX}RATE_LIMIT"] = str(rate_limit)
    os.environ.update(environment or {})
    with tempfile.TemporaryDirectory(prefix="kinsync-metrics-") as folder:
        os.environ[PROCESSES] = folder
        _serve(host, port, ready)


def _serve(host: str, port: int, ready: Callable[[], None]) -> None:
    multiprocessing.set_start_method("spawn", force=True)  # a forked copy of our threads would hang
    server = Server(
        "kinsync",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        blocking_threads_idle_timeout=600,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        log_enabled=False,
    )
    threading.Thread(target=_call_when_ready, args=(host, port, ready), daemon=True).start()
    server.serve(target_loader=_load_application, wrap_loader=False)


def _claim(host: str, port: int) -> None:
    """Find out whether the address is free: granian would share it with another server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise ChangeInput(
                f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}. "
                "Is another server running there? Choose an address with KINSYNC_HTTP."
            ) from error


def _call_when_ready(host: str, port: int, ready: Callable[[], None]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return ready()
    return None


def _load_application() -> Any:
    """The application, in the process that answers."""
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    from kinsync.web.wsgi import application  # sets Django up: not at import of this module

    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    return application


def _stop_with_parent() -> None:
    """A parent that was killed cannot stop us; an orphan would keep the address."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
