"""What a client sees and may do below its root, and that there is no way out of it."""

import posixpath
import unicodedata

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinsync.sftp.paths import LONGEST_PATH_BYTES, name_below_root
from tests.sftp.visitors import Running, Visitor, another_visitor

FILE = b"School_id,Student_id\n1,2\n"

ESCAPES = [
    "../../../../etc/passwd",
    "/etc/passwd",
    "/../etc/passwd",
    "customcontacts/../../etc/passwd",
    "//etc//passwd",
    "./../etc/./passwd",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_a_way_out_ends_below_the_root(visitor: Visitor, running: Running, path: str) -> None:
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        visitor.get(running, path)


@pytest.mark.parametrize(
    "path",
    [
        b"students.csv\0.txt",
        b"stu\xffdents.csv",
        b"..\\..\\students.csv",
        "students\u202ecsv.exe".encode(),
        "stu\u200bdents.csv".encode(),
        b"students.csv ",
        b" students.csv",
        b"a/b/c/d/e.csv",
        b"x" * 129,
        b"x/" * 300,
        b"line\nbreak.csv",
        b"\x1b[31mred.csv",
    ],
)
def test_a_name_that_could_mislead_is_refused(
    visitor: Visitor, running: Running, path: bytes
) -> None:
    async def writing(client: asyncssh.SFTPClient) -> None:
        async with client.open(path, "wb"):
            pass

    with pytest.raises(asyncssh.SFTPError):
        visitor.visit(running, writing)

    assert visitor.listed(running) == {}
    assert visitor.uploads() == []


@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode()))
def test_a_path_is_refused_or_lies_below_the_root(path: bytes) -> None:
    try:
        name = name_below_root(path)
    except asyncssh.SFTPInvalidFilename:
        return

    assert not name.startswith(("/", ".."))
    assert posixpath.normpath("/" + name) == "/" + name
    assert name_below_root(name.encode()) == name
    assert name == unicodedata.normalize("NFC", name)


def test_a_path_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(asyncssh.SFTPInvalidFilename):
        name_below_root(b"x" * (LONGEST_PATH_BYTES + 1))


def test_case_makes_another_name(visitor: Visitor, running: Running) -> None:
    visitor.put(running, "students.csv", FILE)
    visitor.put(running, "Students.CSV", FILE + FILE)

    assert visitor.listed(running) == {"students.csv": len(FILE), "Students.CSV": 2 * len(FILE)}


def test_one_letter_written_in_two_ways_is_one_name(visitor: Visitor, running: Running) -> None:
    visitor.put(running, "cafe\u0301.csv", FILE)

    assert visitor.listed(running) == {"caf\u00e9.csv": len(FILE)}


def test_accounts_of_one_district_do_not_see_each_other(visitor: Visitor, running: Running) -> None:
    vendor = another_visitor(visitor.district, visitor.folder, "PowerSchool")
    visitor.put(running, "students.csv", FILE)

    assert vendor.listed(running) == {}


def test_files_that_are_not_needed_are_taken(visitor: Visitor, running: Running) -> None:
    for name in ("teachers.csv", "sections.csv", "enrollments.csv", "staff.csv"):
        visitor.put(running, name, FILE)

    assert {state for _, state in visitor.states()} == {"complete"}


def test_folders_are_made_filled_and_removed_when_empty(visitor: Visitor, running: Running) -> None:
    async def folders(client: asyncssh.SFTPClient) -> None:
        for name in ("customcontacts", "customsections", "extensionfields"):
            await client.mkdir(name)
        with pytest.raises(asyncssh.SFTPFailure):
            await client.mkdir("customcontacts")
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await client.mkdir("nowhere/inside")
        async with client.open("customcontacts/contacts.csv", "wb") as file:
            await file.write(FILE)
        with pytest.raises(asyncssh.SFTPFailure):
            await client.rmdir("customcontacts")
        with pytest.raises(asyncssh.SFTPFailure):
            await client.rename("customcontacts", "other")
        await client.remove("customcontacts/contacts.csv")
        await client.rmdir("customcontacts")

    visitor.visit(running, folders)

    assert visitor.listed(running) == {"customsections": 0, "extensionfields": 0}


def test_a_file_in_a_folder_that_is_missing_is_refused(visitor: Visitor, running: Running) -> None:
    with pytest.raises(asyncssh.SFTPNoSuchFile):
        visitor.put(running, "customcontacts/contacts.csv", FILE)


def test_a_plain_rename_takes_no_name_that_is_taken_and_a_posix_one_does(
    visitor: Visitor, running: Running
) -> None:
    visitor.put(running, "students.csv", FILE)
    visitor.put(running, "new.csv", FILE + FILE)

    async def renaming(client: asyncssh.SFTPClient) -> None:
        with pytest.raises(asyncssh.SFTPFailure):
            await client.rename("new.csv", "students.csv")
        await client.posix_rename("new.csv", "students.csv")

    visitor.visit(running, renaming)

    assert visitor.listed(running) == {"students.csv": 2 * len(FILE)}


@pytest.mark.parametrize("ending", [".filepart", ".tmp", ".part"])
def test_a_temporary_name_is_completed_by_any_rename(
    visitor: Visitor, running: Running, ending: str
) -> None:
    visitor.put(running, "students.csv", FILE)
    visitor.put(running, f"students.csv{ending}", FILE + FILE)

    async def renaming(client: asyncssh.SFTPClient) -> None:
        await client.rename(f"students.csv{ending}", "students.csv")

    visitor.visit(running, renaming)

    assert visitor.get(running, "students.csv") == FILE + FILE
    assert visitor.listed(running) == {"students.csv": 2 * len(FILE)}


def test_links_are_refused_and_times_and_permissions_ignored(
    visitor: Visitor, running: Running
) -> None:
    visitor.put(running, "students.csv", FILE)

    async def meddling(client: asyncssh.SFTPClient) -> tuple[int | None, int | None]:
        before = await client.stat("students.csv")
        with pytest.raises(asyncssh.SFTPError):
            await client.symlink("/etc/passwd", "link")
        with pytest.raises(asyncssh.SFTPError):
            await client.link("students.csv", "link")
        with pytest.raises(asyncssh.SFTPError):
            await client.readlink("students.csv")
        with pytest.raises(asyncssh.SFTPError):
            await client.truncate("students.csv", 3)
        await client.chmod("students.csv", 0o777)
        await client.chown("students.csv", 0, 0)
        await client.utime("students.csv", (1, 1))
        after = await client.stat("students.csv")
        assert (after.permissions, after.mtime) == (before.permissions, before.mtime)
        return after.size, after.uid

    assert visitor.visit(running, meddling) == (len(FILE), 0)
    assert visitor.listed(running) == {"students.csv": len(FILE)}


def test_many_open_files_are_too_many(visitor: Visitor, running: Running) -> None:
    async def opening(client: asyncssh.SFTPClient) -> None:
        files = [await client.open(f"{number}.csv", "wb") for number in range(16)]
        with pytest.raises(asyncssh.SFTPFailure, match="Too many"):
            await client.open("one-more.csv", "wb")
        for file in files:
            await file.close()

    visitor.visit(running, opening)

    assert len(visitor.uploads()) == 16


def test_a_file_that_is_open_to_be_read_is_not_written(visitor: Visitor, running: Running) -> None:
    visitor.put(running, "students.csv", FILE)

    async def writing(client: asyncssh.SFTPClient) -> None:
        async with client.open("students.csv", asyncssh.FXF_READ, encoding=None) as file:
            with pytest.raises(asyncssh.SFTPPermissionDenied):
                await file.write(b"x", 0)

    visitor.visit(running, writing)

    assert visitor.get(running, "students.csv") == FILE
