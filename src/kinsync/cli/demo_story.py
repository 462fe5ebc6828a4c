"""What ``kinsync demo`` tells: each step as it happens, and checked as it is shown."""

import html
import json
import shlex
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from kinsync import bootstrap
from kinsync.cli.demo_sis import sync_two_nights
from kinsync.cli.demo_visit import Visit
from kinsync.cli.output import say
from kinsync.cli.session import tools
from kinsync.domain.errors import Defect
from kinsync.domain.settings import Settings
from kinsync.services import mail, people, sftp_accounts, share, uploads
from kinsync.simulators.uploader import Uploader
from kinsync.store import access, queue, records, tokens

DISTRICT = "Lakeside Unified"
APPLICATION = "Homework Club"
STUDENT = "100001"
OFFICE = "office@lakeside.example"
QUIET_SECONDS = 2
PATIENCE_SECONDS = 60
LINES_SHOWN = 22
"""Of a report; the rest of it is advice on each kind of finding."""


class Story:
    """One district, its account, one application and somebody of its office, from the first upload
    to the last event."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._base = f"http://{settings.http}"
        self._folder = folder / "client"
        self._folder.mkdir(mode=0o700)
        self._password = ""

    def tell(self, nights: Sequence[Path]) -> None:
        """Upload each night's file and show what becomes of it, down to an application.

        Raises:
            Defect: something is not as the demo promises.
        """
        self._open_account()
        self._connect_application()
        for number, file in enumerate(nights, start=1):
            before, seen = self._count_users(), self._last_event()
            self._upload(number, file)
            self._sync(number, file)
            if number == 1:
                self._show_contact()
                self._show_browser()
            else:
                self._show_events(before, seen)

    def tell_of_sis(self, sis: str) -> None:
        """Read a pretended system for two nights, and show a contact of it to an application.

        Raises:
            Defect: something is not as the demo promises.
        """
        sync_two_nights(self._settings, sis, DISTRICT)
        self._district = records.find_district(DISTRICT)
        self._connect_application()
        _head(f"A contact over the API, for {APPLICATION}")
        self._contacts = "/v3.1/users?role=contact&limit=1"
        found = self._get(self._contacts)["data"]
        if not found:
            raise Defect("No contact is served over the API.")
        say(json.dumps(found[0], indent=2, ensure_ascii=False))
        self._contact = found[0]["data"]
        self._show_browser()

    def say_what_to_try(self) -> None:
        """Everything that a visitor needs to go on alone."""
        host, port = self._settings.address("sftp")
        say("\n── Serving until Ctrl-C. Try:\n")
        say(f"{self._base}/        sign in as {OFFICE}, password {self._office.password}")
        if self._password:
            say(f"sftp -P {port} {self._account.username}@{host}        password {self._password}")
            say("  put YOUR.csv students.csv")
        for path in (self._contacts, "/v3.1/users?role=contact&limit=2", "/v3.1/events?limit=2"):
            say(f"curl -H 'Authorization: Bearer {self._token}' '{self._base}{path}'")
        say(f"{self._base}/docs        the API, described    {self._base}/readyz   /metrics")
        home = shlex.quote(str(self._settings.home))
        say(f"KINSYNC_HOME={home} kinsync uploads '{DISTRICT}'        or any other command")

    # -- steps -------------------------------------------------------------------------------------

    def _open_account(self) -> None:
        _head("A district, and an account for its files")
        district = records.add_district(DISTRICT, at=bootstrap.now())
        self._district = records.change_settings(district.id, {"quiet_seconds": QUIET_SECONDS})
        self._account, self._password = sftp_accounts.add_account(
            self._district,
            at=bootstrap.now(),
            has_password=True,
            keys=[Uploader.make_key(self._folder)],
        )
        keys = sftp_accounts.host_keys(at=bootstrap.now())
        host, port = self._settings.address("sftp")
        self._uploader = Uploader(self._folder, host, port, self._account.username)
        self._uploader.know([key.export_public_key().decode().strip() for key in keys])
        say(f"$ kinsync district add '{DISTRICT}'")
        say(f"$ kinsync sftp-account add '{DISTRICT}' --password --key id.pub")
        say(f"username  {self._account.username}")
        say(f"password  {self._password}   (shown once; a hash is kept)")
        say(f"host key  {keys[0].get_algorithm()} {keys[0].get_fingerprint()}")

    def _connect_application(self) -> None:
        _head("An application that may read it")
        application, _ = access.add_application(APPLICATION, at=bootstrap.now())
        share.connect(self._district, application, share.Limits(), tools(self._settings))
        connection = access.find_connection(self._district.id, application.id)
        self._token = tokens.issue_token(connection.id, at=bootstrap.now())
        say(f"$ kinsync app add '{APPLICATION}' && kinsync connect '{DISTRICT}' '{APPLICATION}'")
        say(f"$ kinsync token '{DISTRICT}' '{APPLICATION}'\n{self._token}")

    def _upload(self, night: int, file: Path) -> None:
        """Send the file, and see it recorded as whole with its job."""
        _head(f"Night {night}: the district uploads its file")
        host, port = self._settings.address("sftp")
        _until(lambda: _takes_calls(host, port), "the SFTP server answers")
        say(f"$ sftp -P {port} {self._account.username}@{host}\nsftp> put students.csv")
        sent = self._uploader.put(file, "students.csv")
        if sent.remark:
            say(f"({sent.remark}: sent by {sent.client})")
        found = next(iter(uploads.recent(self._district.id, limit=1)), None)
        size = file.stat().st_size
        if found is None:
            raise Defect("The upload is not on record, though its client says that it was sent.")
        if (found.state, found.size, found.is_current) != ("complete", size, True):
            raise Defect(f"The upload is {found.state} with {found.size:,} of {size:,} bytes.")
        say(f"upload {found.id} complete: {_rows(file):,} rows, {size:,} bytes, by {sent.client}")
        say(f"sha256 {found.sha256}")

    def _sync(self, night: int, file: Path) -> None:
        """Wait for the worker, and show its report."""
        say(
            f"\nA sync waits until the district is quiet: {QUIET_SECONDS} seconds in this demo, "
            f"{queue.QUIET_SECONDS // 60} minutes otherwise."
        )
        job = next((one for one in queue.list_jobs(limit=20) if one.task == queue.SYNC), None)
        if job is None:
            raise Defect("The upload has queued no sync.")
        say(f"job {job.id}  {job.task}, due {job.scheduled_at:%H:%M:%S} UTC")
        _until(lambda: queue.find_job(job.id).state == "succeeded", f"job {job.id} has succeeded")
        say(f"job {job.id}  succeeded; its report to the district's team:\n")
        district = records.district(self._district.id)
        sync = records.list_syncs(district.id, limit=1)[0]
        if (sync.state, sync.version, sync.counts.get("rows")) != ("published", night, _rows(file)):
            raise Defect(f"The sync of night {night} is {sync.state}: {sync.error or sync.reasons}")
        _say_some(mail.text_of(district, sync))
        took = (sync.finished_at or sync.started_at) - sync.started_at
        seconds = took / timedelta(seconds=1)
        say(f"\nVersion {sync.version} is published, {seconds:.1f} s after the sync began.")

    def _show_contact(self) -> None:
        """One student's contacts over the API, as the application reads them."""
        _head(f"The contacts of student {STUDENT}, over the API, for {APPLICATION}")
        self._contacts = f"/v3.1/users/{self._student()}/mycontacts"
        found = self._get(self._contacts)["data"]
        if not found:
            raise Defect(f"The sample's student {STUDENT} has no contacts over the API.")
        say(f"$ curl -H 'Authorization: Bearer …' '{self._base}{self._contacts}'")
        say(json.dumps(found[0], indent=2, ensure_ascii=False))
        self._contact = found[0]["data"]
        if len(found) > 1:
            say(f"… and {len(found) - 1} more")

    def _show_browser(self) -> None:
        """Let somebody of the office sign in, and find the same contact by phone."""
        _head("The same contact in the Data Browser, for the district's own people")
        self._office = people.add(
            OFFICE, district=self._district, role=people.OWNER, at=bootstrap.now()
        )
        say(f"$ kinsync user add {OFFICE} --district '{DISTRICT}' --role {people.OWNER}")
        say(f"address   {self._base}/\nname      {OFFICE}\npassword  {self._office.password}")
        visit = Visit(self._base)
        if not visit.sign_in(OFFICE, self._office.password):
            raise Defect("The sign-in that was just made lets nobody in.")
        name, phone = self._contact["name"]["last"], self._contact["roles"]["contact"]["phone"]
        _until(lambda: html.escape(name) in visit.find(phone), "the Data Browser finds the contact")
        say(f"Signed in, and found {name} by the phone {phone}.")

    def _show_events(self, before: int, seen: str) -> None:
        """What the application is told of the night; counted against what it can list now."""
        _head("What changed, as events for the application")
        address = f"/v3.1/events?limit=10000&starting_after={seen}"
        events = [item["data"] for item in self._get(address)["data"]]
        kinds = Counter(event["type"] for event in events)
        after = self._count_users()
        if not kinds["users.updated"] or (
            before + kinds["users.created"] - kinds["users.deleted"] != after
        ):
            raise Defect(f"Events tell of {dict(kinds)}, and {before:,} people became {after:,}.")
        say(f"$ curl -H 'Authorization: Bearer …' '{self._base}{address}'")
        for kind, count in sorted(kinds.items()):
            say(f"{count:5}  {kind}")
        say(f"{before:,} people became {after:,}, as the events say. One of them:")
        say(json.dumps(_changed_phone(events), indent=2, ensure_ascii=False))

    # -- the API -----------------------------------------------------------------------------------

    def _student(self) -> str:
        """The id of the sample's student, found as an application would: page by page."""
        path = "/v3.1/users?role=student&limit=1000"
        while path:
            page = self._get(path)
            for item in page["data"]:
                if item["data"]["roles"]["student"]["sis_id"] == STUDENT:
                    return str(item["data"]["id"])
            path = next((link["uri"] for link in page["links"] if link["rel"] == "next"), "")
        raise Defect(f"The sample's student {STUDENT} is not served.")

    def _count_users(self) -> int:
        return int(self._get("/v3.1/users?count=true")["count"])

    def _last_event(self) -> str:
        """The newest event's id, from where the application will read on; '' before the first."""
        events = self._get("/v3.1/events?limit=10000")["data"]
        return str(events[-1]["data"]["id"]) if events else ""

    def _get(self, path: str) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 (our own address)
            self._base + path, headers={"Authorization": f"Bearer {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found


def _head(text: str) -> None:
    say(f"\n── {text}\n")


def _say_some(text: str) -> None:
    lines = text.strip().splitlines()
    say("\n".join(lines[:LINES_SHOWN]))
    if len(lines) > LINES_SHOWN:
        say(f"… {len(lines) - LINES_SHOWN} more lines")


def _rows(file: Path) -> int:
    """Rows of the sample below its header: no cell of it holds a line's end."""
    return file.read_bytes().count(b"\n") - 1


def _changed_phone(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """An event that changed a phone, or else the last one."""

    def is_phone(event: dict[str, Any]) -> bool:
        return "phone" in str(event["data"].get("previous_attributes"))

    return next(filter(is_phone, events), events[-1])


def _takes_calls(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def _until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for what other processes do.

    Raises:
        Defect: it takes too long.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise Defect(f"After {PATIENCE_SECONDS} seconds it is still not so that {what}.")
        time.sleep(0.1)
