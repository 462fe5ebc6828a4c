"""The sample district, synced for two nights, with an owner and two applications, and served."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page

from tests.web.dashboard.desk import PASSWORD
from tests.web.serving import PROGRAM, Running, free_port

if TYPE_CHECKING:
    from kinsync.store.records import District

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DISTRICT = "Lakeside Unified"
OWNER = "office@lakeside.example"
NEW_DISTRICT = "Hillcrest Valley"
NEW_OWNER = "office@hillcrest.example"
"""A district that has connected nothing yet."""


@dataclass(frozen=True, slots=True)
class Site:
    """A served dashboard."""

    base: str
    sample: Path
    own: Mapping[str, str]
    """Pages whose addresses hold ids that are new with each site."""

    @property
    def pages(self) -> dict[str, str]:
        """Every page that an address alone leads to."""
        return {**PAGES, **self.own}

    @property
    def home(self) -> Path:
        """Where what belongs to no table lies."""
        return self.sample.parent

    def sign_in(self, page: Page, owner: str = OWNER, district: str = DISTRICT) -> None:
        """As an owner, to Home."""
        page.goto(f"{self.base}/accounts/login/")
        page.get_by_label("E-mail").fill(owner)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name=district).wait_for()


@contextlib.contextmanager
def open_site(folder: Path) -> Iterator[Site]:
    """The site in the tests' own database, with its files in that folder."""
    sample = folder / "sample"
    own = _fill(folder, sample)
    program = folder / "serve.py"
    program.write_text(PROGRAM)
    running = Running(program, free_port(), KINSYNC_HOME=str(folder))
    try:
        assert running.line() == "ready"
        yield Site(f"http://127.0.0.1:{running.port}", sample, own)
    finally:
        running.stop()
        if running.process.stdout is not None:
            running.process.stdout.close()


def _fill(folder: Path, sample: Path) -> Mapping[str, str]:
    from kinsync.services import following, people, share
    from kinsync.services.delivery import open_delivery
    from kinsync.services.sync import Tools, sync_delivery
    from kinsync.simulators.families.sample import write
    from kinsync.store import access, records
    from kinsync.store.storage import Storage

    write(sample)
    tools = Tools(storage=Storage(folder), now=lambda: datetime.now(UTC))
    district = records.add_district(DISTRICT, at=datetime.now(UTC))
    for night in (sample, sample / "night2"):
        sync_delivery(district, open_delivery(night / "students.csv"), tools)
        following.follow(district.id, tools)
    for name, limits in (
        ("Bus Planner", share.Limits()),
        ("Family Messenger", share.Limits(types=["Primary", "Parent/Guardian"])),
    ):
        application, _ = access.add_application(name, at=datetime.now(UTC))
        share.connect(records.district(district.id), application, limits, tools)
    people.add(OWNER, district=district, role="owner", password=PASSWORD, at=datetime.now(UTC))
    home = records.district(district.id)
    _connect(folder, home)
    new = records.add_district(NEW_DISTRICT, at=datetime.now(UTC))
    people.add(NEW_OWNER, district=new, role="owner", password=PASSWORD, at=datetime.now(UTC))
    return _addresses(home, application.public_id)


def _connect(folder: Path, district: "District") -> None:
    """A Skyward of that district, whose export has parents, laid aside to try mappings on."""
    from kinsync import bootstrap
    from kinsync.domain.settings import Settings
    from kinsync.services import sftp_accounts
    from kinsync.services.mapping_data import keep_trial
    from kinsync.services.sources import add_source
    from kinsync.simulators.extracts import EXTRACTS, write_extract
    from kinsync.store.database import connect
    from kinsync.store.storage import Storage

    with connect() as to:  # emptied tables go on counting
        to.execute("SELECT setval('source_id', 1, false)")
    reach = bootstrap.reach(Settings(home=folder))
    source = add_source(district, "Skyward", "skyward-auto", {}, reach)
    made = EXTRACTS["skyward-auto"]
    path = write_extract(made, folder / "skyward", students=60, quirks=["parent-columns"]).path
    keep_trial(district, source, path.name, [path.read_bytes()], Storage(folder))
    for label in ("", "PowerSchool"):
        sftp_accounts.add_account(district, at=reach.now(), has_password=True, label=label)


def _addresses(home: "District", client_id: str) -> Mapping[str, str]:
    from kinsync.services import alike, browse, invitations
    from kinsync.services.browse import Filter, Whose
    from kinsync.store import access, webhooks

    connection = access.find_connection(home.id, access.find_application(client_id).id)
    endpoint = webhooks.add_endpoint(
        "6" * 24, district_id=home.id, connection_id=connection.id, sealed="",
        url="https://messenger.example/hooks/kinsync", at=datetime.now(UTC),
    )  # fmt: skip
    webhooks.disable_endpoint(endpoint, reason="It answered 410 Gone.", at=datetime.now(UTC))
    invited = invitations.invite(
        home, "new@lakeside.example", "editor", by=OWNER, at=datetime.now(UTC)
    )
    browse.prepare(home.id)
    [student, *_] = browse.students(Whose(home.id, home.published), Filter(), None).rows
    [pair, *_] = alike.list_pairs(home).pairs
    return {
        "application": f"/applications/{client_id}",
        "sharing": f"/applications/{client_id}/sharing",
        "events": f"/applications/{client_id}/events",
        "webhooks": f"/applications/{client_id}/webhooks",
        "deliveries": f"/applications/{client_id}/webhooks/{endpoint.id}",
        "disclosures": f"/data-browser/students/{student['id']}/disclosures",
        "pair": f"/same-person/{pair.low_id}/{pair.high_id}",
        "invitation": f"/accounts/invitation/{home.public_id}/{invited.secret}",
    }


PAGES = {
    "home": "/",
    "sync": "/sync",
    "report": "/sync/1",
    "finding": "/sync/1/findings/contact-name-missing",
    "changes": "/sync/2/changes/contact?act=updated",
    "restore": "/sync/versions/1",
    "contacts": "/data-browser/contacts",
    "student-contacts": "/data-browser/student-contacts",
    "students": "/data-browser/students",
    "schools": "/data-browser/schools",
    "sources": "/sources",
    "source-kinds": "/sources/add",
    "source-form": "/sources/add?connector=aeries",
    "source": "/sources/1",
    "source-settings": "/sources/1/settings",
    "mapping": "/sources/1/mapping",
    "quality": "/quality",
    "same-person": "/same-person",
    "applications": "/applications",
    "team": "/team",
    "audit": "/audit",
    "second-factor": "/accounts/2fa/",
    "password": "/accounts/password/change/",
    "sessions": "/accounts/sessions/",
}
"""Pages whose address is the same on every site."""
