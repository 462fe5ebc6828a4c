"""Accounts, uploads, and a sync of what was uploaded, as an operator types them."""

import json
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest

from kinsync import bootstrap
from kinsync.domain.settings import Settings
from kinsync.store import queue
from tests.cli.commands import Home, home_of_this_process, kinsync
from tests.conventions.pages import ROOT
from tests.sftp.visitors import Running, Visitor, another_visitor

STUDENTS = ROOT / "samples" / "students.csv"
CONTACTS = ROOT / "samples" / "customcontacts" / "contacts.csv"


@pytest.fixture
def home(running: Running, tmp_path: Path) -> Iterator[Home]:
    """A home for commands, on the storage of the server that runs."""
    with home_of_this_process(tmp_path) as home:
        (home.folder).symlink_to(running.home)
        yield home


def test_an_account_is_added_listed_and_revoked(home: Home, tmp_path: Path) -> None:
    kinsync("district", "add", "Lakeside")
    key = tmp_path / "id.pub"
    key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_public_key())
    own = kinsync("sftp-account", "add", "Lakeside", "--password", "--json").json
    vendor = kinsync(
        "sftp-account", "add", "Lakeside", "--key", key, "--label", "PowerSchool", "--json"
    ).json
    kinsync("sftp-account", "revoke", "Lakeside", own["username"])
    listed = kinsync("sftp-account", "list", "Lakeside", "--json")

    assert len(own["password"]) >= 20
    assert "password" not in vendor
    assert own["password"] not in listed.out
    accounts = listed.json["accounts"]
    assert [account["username"] for account in accounts] == [own["username"], vendor["username"]]
    assert [account["label"] for account in accounts] == ["", "PowerSchool"]
    assert [bool(account["revoked_at"]) for account in accounts] == [True, False]


def test_an_account_without_a_way_in_is_refused(home: Home, tmp_path: Path) -> None:
    kinsync("district", "add", "Lakeside")
    private = tmp_path / "id"
    private.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())

    assert kinsync("sftp-account", "add", "Lakeside").code == 2
    assert kinsync("sftp-account", "add", "Lakeside", "--key", private).code == 2
    assert kinsync("sftp-account", "add", "Lakeside", "--key", tmp_path / "none.pub").code == 2
    assert kinsync("sftp-account", "revoke", "Lakeside", "nobody-here-1234").code == 2
    assert kinsync("sftp-account", "list", "Lakeside", "--json").json == {"accounts": []}


def test_the_host_key_is_made_once_and_is_what_clients_see(home: Home) -> None:
    first = kinsync("sftp-account", "host-key", "--json").json
    again = kinsync("sftp-account", "host-key", "--json").json

    assert first == again
    assert [key["algorithm"] for key in first["host_keys"]] == [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa",
    ]  # fmt: skip
    assert all(key["fingerprint"].startswith("SHA256:") for key in first["host_keys"])


def test_host_keys_are_replaced_by_others_and_clients_are_told_what_they_will_see(
    home: Home,
) -> None:
    before = kinsync("sftp-account", "host-key", "--json").json["host_keys"]
    told = kinsync("sftp-account", "host-key", "--replace")
    after = kinsync("sftp-account", "host-key", "--json").json["host_keys"]

    old, new = ({key["fingerprint"] for key in keys} for keys in (before, after))
    assert len(new) == 3
    assert not old & new
    assert all(fingerprint in told.out for fingerprint in old | new)
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in told.out


def test_a_sync_takes_the_newest_whole_upload_and_the_contacts_beside_it(
    home: Home, visitor: Visitor, running: Running
) -> None:
    vendor = another_visitor(visitor.district, visitor.folder, "PowerSchool")
    vendor.put(running, "students.csv", STUDENTS.read_bytes()[:2000])
    visitor.put(running, "students.csv", STUDENTS.read_bytes())

    async def contacts(client: asyncssh.SFTPClient) -> None:
        await client.mkdir("customcontacts")
        async with client.open("customcontacts/contacts.csv", "wb") as file:
            await file.write(CONTACTS.read_bytes())
        file = await client.open("students.csv", "wb")
        await file.write(b"School_id\n")
        client.exit()

    visitor.visit(running, contacts)
    by_upload = kinsync("sync", "Lakeside", "--preview", "--json").json
    by_file = kinsync(
        "sync", "Lakeside", "--preview", "--json", "--file", STUDENTS, "--contacts", CONTACTS
    ).json

    assert by_upload["rows"] == by_file["rows"] > 4000
    assert by_upload["findings"] == by_file["findings"]
    assert kinsync("sync", "Lakeside", "--json").json["state"] == "published"
    assert kinsync("sync", "Lakeside", "--json").json == {"state": "nothing-new"}


def test_without_an_upload_there_is_nothing_to_sync(home: Home, visitor: Visitor) -> None:
    said = kinsync("sync", "Lakeside")

    assert said.code == 2
    assert "--file" in said.err


def test_uploads_are_told_whole_or_not_with_reasons(
    home: Home, visitor: Visitor, running: Running
) -> None:
    visitor.put(running, "teachers.csv", b"x\n")
    visitor.put(running, "students.csv", b"x\n")
    visitor.put(running, "students.csv", b"xy\n")

    async def lost(client: asyncssh.SFTPClient) -> None:
        file = await client.open("students.csv", "wb")
        await file.write(b"xyz")
        client.exit()

    visitor.visit(running, lost)
    deadline = time.monotonic() + 30
    while visitor.uploads()[0].state == "receiving" and time.monotonic() < deadline:
        time.sleep(0.05)
    told = kinsync("uploads", "Lakeside", "--json").json["uploads"]
    table = kinsync("uploads", "Lakeside").out

    seen = [(one["path"], one["purpose"], one["state"], one["is_current"]) for one in told]
    assert seen == [
        ("students.csv", "read", "incomplete", False),
        ("students.csv", "read", "complete", True),
        ("students.csv", "read", "complete", False),
        ("teachers.csv", "not needed", "complete", True),
    ]
    assert "connection was lost" in table
    assert "replaced or removed" in table
    assert "not needed" in table


def test_an_upload_is_synced_once_its_district_has_been_quiet(
    visitor: Visitor, running: Running
) -> None:
    visitor.put(running, "teachers.csv", b"x\n")
    assert queue.waiting_sync(visitor.district.id) is None

    visitor.put(running, "students.csv", b"x\n")

    waiting = queue.waiting_sync(visitor.district.id)
    assert waiting is not None
    completed = visitor.uploads()[0].completed_at
    assert completed is not None
    assert waiting.scheduled_at == completed + timedelta(seconds=queue.QUIET_SECONDS)


@pytest.mark.parametrize("path", ["teachers.csv", "customcontacts/contacts.csv"])
def test_a_further_file_puts_the_sync_off_and_is_part_of_it(
    path: str, visitor: Visitor, running: Running
) -> None:
    visitor.visit(running, lambda client: client.mkdir("customcontacts"))
    visitor.put(running, "students.csv", b"x\n")
    first = queue.waiting_sync(visitor.district.id)
    assert first is not None
    assert first.scheduled_at is not None
    visitor.put(running, path, b"x\n")

    second = queue.waiting_sync(visitor.district.id)
    assert second is not None
    assert second.id == first.id
    assert second.scheduled_at is not None
    assert second.scheduled_at > first.scheduled_at


def test_a_rename_that_completes_an_upload_queues_its_sync(
    visitor: Visitor, running: Running
) -> None:
    visitor.put(running, "students.csv.filepart", b"x\n")
    assert queue.waiting_sync(visitor.district.id) is None

    visitor.visit(running, lambda client: client.rename("students.csv.filepart", "students.csv"))

    assert queue.waiting_sync(visitor.district.id) is not None


def test_a_purge_leaves_no_byte_and_no_name(visitor: Visitor, running: Running) -> None:
    planted = b"School_id,Contact_name\n1,Quillfeather Osgood\n"
    visitor.put(running, "students.csv", planted)
    visitor.put(running, "students.csv", planted + b"\n")
    purged = bootstrap.uploads(Settings(home=running.home)).purge(
        before=bootstrap.now() + timedelta(seconds=1)
    )

    assert purged == 2
    assert visitor.listed(running) == {}
    left = [path for path in (running.home / "storage").rglob("*") if path.is_file()]
    assert not any(b"Quillfeather" in path.read_bytes() for path in left)


def test_serve_takes_uploads_alone_and_says_where_and_by_which_key(
    database: None, tmp_path: Path
) -> None:
    with home_of_this_process(tmp_path) as home:
        serving = home.start("serve", "--only", "sftp", "--sftp", "127.0.0.1:0", "--json")
        assert serving.stdout is not None
        told = ""
        while not told.endswith("}\n"):
            told += serving.stdout.readline()
        second = home.run("serve", "--only", "sftp", "--sftp", "127.0.0.1:0")
        serving.send_signal(signal.SIGTERM)
        serving.communicate(timeout=60)

    keys = json.loads(told)["host_keys"]
    assert json.loads(told)["sftp"].startswith("sftp://127.0.0.1:")
    assert keys[0].startswith("ssh-ed25519 SHA256:")
    assert serving.returncode == 0
    assert second.code == 2
    assert "already being served" in second.err


def test_logs_name_no_file_no_person_and_no_account(visitor: Visitor, running: Running) -> None:
    visitor.put(running, "osgood-family.csv", b"Quillfeather Osgood\n")
    log = Path(running.log.name).read_text()

    assert "upload_complete" in log
    assert "login" in log
    for word in ("osgood", "Quillfeather", visitor.account.username, visitor.password):
        assert word not in log
