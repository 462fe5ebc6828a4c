"""The web door as a process of its own, over a real socket."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from kinsync.store.database import ENVIRONMENT, connect
from tests.web.lakeside import IVO, RUKMINI, TOKEN, Application
from tests.web.serving import Running, free_port


def test_an_application_walks_the_contacts_over_a_socket(far_app: Application) -> None:
    seen, path = [], "/v3.1/users?role=contact&limit=1"
    while path:
        answer = far_app.read(path)
        seen += [item["data"]["id"] for item in answer["data"]]
        path = next((link["uri"] for link in answer["links"] if link["rel"] == "next"), "")

    assert seen == [RUKMINI, IVO]


def test_head_has_the_headers_of_get_and_no_body(far_app: Application) -> None:
    whole = far_app.get("/v3.1/users")
    head = far_app.http.head("/v3.1/users", headers=far_app.headers)

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["content-length"] == str(len(whole.content))


def test_connections_that_the_database_dropped_are_replaced_unseen(far_app: Application) -> None:
    far_app.read("/v3.1/users")
    with connect(autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )

    statuses = [far_app.get("/v3.1/users").status_code for _ in range(12)]

    assert statuses == [200] * 12


def test_without_a_database_it_says_try_again(program: Path) -> None:
    nowhere = {ENVIRONMENT: f"host={program.parent} dbname=nowhere"}
    server = Running(program, free_port(), **nowhere)
    assert server.line() == "ready"

    answer = httpx.get(
        f"http://127.0.0.1:{server.port}/v3.1/users", headers={"authorization": f"Bearer {TOKEN}"}
    )
    server.stop()

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "Try again" in answer.json()["message"]


def test_a_second_server_on_the_same_address_says_so(program: Path, running: Running) -> None:
    second = subprocess.run(
        [sys.executable, program, str(running.port)], capture_output=True, text=True, timeout=30
    )

    assert second.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{running.port}" in second.stderr
    assert "KINSYNC_HTTP" in second.stderr


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to(running: Running, by: signal.Signals) -> None:
    running.process.send_signal(by)

    assert running.line() == "stopped"
    assert running.process.wait(timeout=20) == 0
    assert not is_answering(running.port)


def test_a_killed_server_leaves_nothing_that_answers(running: Running) -> None:
    children = psutil.Process(running.process.pid).children(recursive=True)
    running.stop(signal.SIGKILL)

    psutil.wait_procs(children, timeout=10)

    assert not [child for child in children if child.is_running()]
    assert not is_answering(running.port)


def is_answering(port: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        time.sleep(0.1)
    return True
