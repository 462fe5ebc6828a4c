"""``kinsync serve`` as a whole: the web door, and a worker and the SFTP server beside it."""

import signal
import socket
import subprocess
import sys
import time

import httpx
import psutil
import pytest

from tests.jobs.crew import Crew, Uploader, until
from tests.jobs.test_takeover import NIGHT, SCHOOL
from tests.web.serving import free_port


@pytest.fixture
def served(crew: Crew) -> tuple["subprocess.Popen[str]", str]:
    """A service with every role, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (crew.home / "serve.log").open("w") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "kinsync", "serve", "--http", address],
            env=crew.environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    crew.workers.append(service)
    assert service.stdout is not None
    assert "answers at" in service.stdout.readline()
    return service, f"http://{address}"


def worker_of(service: "subprocess.Popen[str]") -> psutil.Process | None:
    """The worker beside the web door."""
    for child in psutil.Process(service.pid).children():
        if "worker" in child.cmdline():
            return child
    return None


def test_everything_is_served_by_one_command_and_a_dead_worker_is_begun_again(
    served: tuple["subprocess.Popen[str]", str], lakeside: Uploader
) -> None:
    service, url = served
    lakeside.upload(SCHOOL)
    until(lambda: lakeside.version == 1, "the worker has published")
    assert httpx.get(f"{url}/healthz").text == "ok\n"
    assert httpx.get(f"{url}/readyz").status_code == 200
    figures = httpx.get(f"{url}/metrics").text
    assert 'kinsync_sync_seconds_gcount{state="published"} 1.0' in figures
    assert 'kinsync_requests_total{status="200",version="other"} 2.0' in figures

    first = worker_of(service)
    assert first is not None
    first.kill()
    lakeside.upload(NIGHT)

    until(lambda: lakeside.version == 2, "another worker has published")
    second = worker_of(service)
    assert second is not None
    service.send_signal(signal.SIGTERM)
    assert service.wait() == 0
    assert not second.is_running()


def test_a_worker_does_not_outlive_a_service_that_was_killed(
    served: tuple["subprocess.Popen[str]", str], lakeside: Uploader
) -> None:
    service, _url = served
    lakeside.upload(SCHOOL)
    until(lambda: lakeside.version == 1, "the worker has published")
    worker = worker_of(service)
    assert worker is not None

    service.kill()

    worker.wait()


@pytest.mark.parametrize("door", ["HTTP", "SFTP"])
def test_an_address_that_is_taken_ends_the_service_and_is_said_once(crew: Crew, door: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        free = "127.0.0.1:0" if door == "HTTP" else f"127.0.0.1:{free_port()}"
        settings = {"KINSYNC_HTTP": free, "KINSYNC_SFTP": "127.0.0.1:0", f"KINSYNC_{door}": address}
        done = subprocess.run(
            [sys.executable, "-m", "kinsync", "serve"],
            env={**crew.environment, **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert (done.stderr + done.stdout).count(f"Cannot listen on {address}") == 1


def test_a_worker_waits_for_the_database_as_long_as_it_takes(
    crew: Crew, lakeside: Uploader
) -> None:
    crew.settings["KINSYNC_STATEMENT_SECONDS"] = "1"
    crew.start()
    with lakeside.publishing_blocked():
        lakeside.upload(SCHOOL)
        until(lakeside.is_about_to_publish, "the worker waits")
        time.sleep(2)
    until(lambda: lakeside.version == 1, "the worker has published")

    assert lakeside.syncs() == [("published", 1)]
