"""``kinsync demo``: an invented district from file to API, in one command."""

import json
import os
import signal
import socket
import tempfile
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from kinsync import bootstrap
from kinsync.cli.demo_sis import sis_option, sync_two_nights
from kinsync.cli.output import say, show_report
from kinsync.cli.session import tools
from kinsync.cli.sync import show_changes
from kinsync.domain.errors import Defect
from kinsync.domain.settings import Settings
from kinsync.services.delivery import open_delivery
from kinsync.simulators.families.sample import write as write_sample

DISTRICT = "Lakeside Unified"
APPLICATION = "Homework Club"
STUDENT = "100001"


@click.command()
@click.option("--once", is_flag=True, help="Check what is shown, and exit.")
@sis_option
def demo(once: bool, sis: str | None) -> None:
    """Sync an invented district for two nights and serve its contacts until Ctrl-C.

    Everything lies in a temporary folder that is removed at the end.
    """
    with tempfile.TemporaryDirectory(prefix="kinsync-demo-") as folder:
        Path(folder).chmod(0o711)  # the database's own account passes through, and reads nothing
        settings = replace(bootstrap.read_settings(), home=Path(folder) / "home", database_url="")
        bootstrap.connect_database(settings)
        if sis:
            sync_two_nights(settings, sis, DISTRICT)
        else:
            _sync_two_nights(settings, Path(folder) / "sample")
        _serve(settings, _token(settings), once=once)


def _sync_two_nights(settings: Settings, sample: Path) -> None:
    from kinsync.services.sync import sync_delivery
    from kinsync.store import records

    write_sample(sample)
    district = records.add_district(DISTRICT, at=bootstrap.now())
    for night, path in enumerate((sample, sample / "night2"), start=1):
        say(f"\n── Night {night}: kinsync sync {DISTRICT!r} --file {path.name}/students.csv\n")
        outcome = sync_delivery(district, open_delivery(path / "students.csv"), tools(settings))
        if outcome.report and night == 1:
            show_report(outcome.report)
            say("")
        if outcome.changes:
            show_changes(outcome.changes)
        say(f"Published as version {outcome.sync.version}.")


def _token(settings: Settings) -> str:
    from kinsync.services import share
    from kinsync.store import access, records, tokens

    application, _ = access.add_application(APPLICATION, at=bootstrap.now())
    district = records.find_district(DISTRICT)
    share.connect(district, application, share.Limits(), tools(settings))
    connection = access.find_connection(district.id, application.id)
    return tokens.issue_token(connection.id, at=bootstrap.now())


def _serve(settings: Settings, token: str, *, once: bool) -> None:
    from kinsync.web.server import serve

    host, port = _free_address(settings)
    base = f"http://{host}:{port}"
    failures: list[Exception] = []

    def ready() -> None:
        try:
            _show_api(base, token)
        except Exception as error:  # shown below, in the main thread
            failures.append(error)
        if once or failures:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            say("\nServing until Ctrl-C.")

    serve(host, port, ready=ready)
    if failures:
        raise Defect("The demo did not show what it promises.") from failures[0]
    say("The demo is over; its folder is removed.")


def _free_address(settings: Settings) -> tuple[str, int]:
    """The address of the settings, or a free port where something else listens there."""
    host, port = settings.address("http")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            probe.bind((host, 0))
        return host, int(probe.getsockname()[1])


def _show_api(base: str, token: str) -> None:
    """One student's contacts over the API, as an application reads them."""
    student = _find_student(base, token)
    path = f"/v3.1/users/{student}/mycontacts"
    answer = _get(base, path, token)
    names = [item["data"]["name"]["last"] for item in answer["data"]]
    if not names:
        raise Defect(f"The sample's student {STUDENT} has no contacts over the API.")
    say(f"\n── The contacts of student {STUDENT} over the API, for {APPLICATION}\n")
    say(json.dumps(answer["data"][0], indent=2, ensure_ascii=False))
    say(f"\ntoken  {token}\n")
    addresses = (path, "/v3.1/users?role=contact&limit=2", "/v1.2/contacts?limit=2")
    for address in addresses:
        _get(base, address, token)
        say(f"curl -H 'Authorization: Bearer {token}' '{base}{address}'")


def _find_student(base: str, token: str) -> str:
    """The id of the sample's student, found as an application would: page by page."""
    path = "/v3.1/users?role=student&limit=1000"
    while path:
        page = _get(base, path, token)
        for item in page["data"]:
            if item["data"]["roles"]["student"]["sis_id"] == STUDENT:
                return str(item["data"]["id"])
        path = next((link["uri"] for link in page["links"] if link["rel"] == "next"), "")
    raise Defect(f"The sample's student {STUDENT} is not served.")


def _get(base: str, path: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 (our own address)
        base + path, headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found
