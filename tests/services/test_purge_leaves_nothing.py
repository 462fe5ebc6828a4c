"""Values that were planted wherever values can get are in no file any more after a purge."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import psycopg
import pytest

from kinsync.domain.moving import TO_ADOPT
from kinsync.domain.share import Share
from kinsync.services.arrivals import sync_arrived
from kinsync.services.arrived import Arrivals
from kinsync.services.browse import follow
from kinsync.services.purge import give_back
from kinsync.services.same_person import decide, undo
from kinsync.store import access, adopted
from kinsync.store.database import ENVIRONMENT, connect
from kinsync.store.staging import Shelf
from tests.conftest import RUN_FOLDER
from tests.servers import DebianOne, EmbeddedOne
from tests.services.office import DAY, Office
from tests.services.pupils import Line, as_csv, school_of
from tests.services.uploader import upload_whole
from tests.store.publishing import connected

SCHOOL = school_of(12)
NAME, SURNAME = b"xylophonia", b"quetzalbrook"
PHONE, MAILBOX, DAMAGED = b"2068675309", b"planted.mailbox", b"planted-at-nowhere"
SOURCE_WORD = b"great-grand-neighbour"
PLANTED = (NAME, SURNAME, PHONE, MAILBOX, DAMAGED, SOURCE_WORD)
HER = Line(
    student="S900",
    last_name="Quetzalbrook",
    first_name="Xylophonia",
    type="Primary",
    name="Xylophonia Quetzalbrook",
    relationship="Great-grand-neighbour",
    phone="(206) 867-5309",
    phone_type="Cell",
    email="planted.mailbox@example.org",
)
FLAWED = replace(HER, name="Xylophonia Quetzalbrook Senior", email="planted-at-nowhere", phone="9")
HELD = replace(HER, name="", phone="2068675309", email="planted.mailbox@example.org")


@pytest.fixture
def plain_log(server: EmbeddedOne | DebianOne) -> Iterator[None]:
    """A write-ahead log in which values can be seen, for the sake of the search."""
    if not isinstance(server, EmbeddedOne):
        pytest.skip("the log of a server of one's own is its operator's: no purge writes it over")
    for change in ("ALTER SYSTEM SET wal_compression = off", "SELECT pg_reload_conf()"):
        run(change)
    yield
    for change in ("ALTER SYSTEM RESET wal_compression", "SELECT pg_reload_conf()"):
        run(change)


def run(statement: str) -> None:
    with psycopg.connect(os.environ[ENVIRONMENT], autocommit=True) as connection:
        connection.execute(statement.encode())


def files_with(values: tuple[bytes, ...], *folders: Path) -> dict[str, set[bytes]]:
    """By path, which of the values stand in a file, in whatever case; compressed columns too."""
    run("CHECKPOINT")
    found = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += pl.read_parquet(content).write_json().encode()
        if there := {value for value in values if value in content.lower()}:
            found[str(path)] = there
    return found


def plant(office: Office) -> None:
    """Values wherever they get in the life of a district."""
    storage = office.tools.storage
    application, _secret = access.add_application("Reader", at=office.day)
    connected(office.id, application.id, Share(), storage=storage, at=office.day)
    upload_whole(storage, office.district, as_csv([HER, FLAWED, HELD, *SCHOOL]))
    sync_arrived(office.id, Arrivals(Shelf(storage)), office.tools)
    office.sync([HER, replace(FLAWED, student="S901"), HELD, *SCHOOL])
    both = office.ids(HER).contact, office.ids(SCHOOL[0]).contact
    decide(office.district, both, "same", office.tools, by="Ada")
    undo(office.district, both, office.tools, by="Ada")
    office.sync([replace(HER, student=f"S91{n}") for n in range(9)] + SCHOOL, is_preview=True)
    office.sync(SCHOOL)
    assert office.sync([HER, FLAWED, HELD, *SCHOOL[:4]]).sync.state == "held"
    office.sync(SCHOOL)
    follow(office.id)
    adopted.keep(office.id, waiting(), pl.Series("id", [], dtype=pl.String))
    personal = ("student", "contact", "relationship", "adopted", "search_key", "same_person_part")
    for table in personal:
        run(f"ANALYZE {table}")


def waiting() -> pl.DataFrame:
    """An id of another service that nobody came for."""
    row = {
        "kind": "contact",
        "id": "5" * 24,
        "name": HER.name,
        "phone": "2068675309",
        "email": HER.email,
        "students": ["S900"],
    }
    return pl.DataFrame([row], schema=TO_ADOPT)


def test_planted_values_are_in_no_file_after_the_purge(office: Office, plain_log: None) -> None:
    places = (office.home, Path(os.environ[RUN_FOLDER]))
    plant(office)
    before = files_with(PLANTED, *places)
    for part in ("/base/", "/pg_wal/", "/uploads/", "/syncs/"):
        assert any(part in path for path in before), f"nothing is planted in {part}"
    assert set().union(*before.values()) == set(PLANTED)
    assert keys_like("xylophonia")
    (office.home / "upload" / "students.csv").unlink()  # the test's own

    age(office, days=61)
    office.purge()
    assert give_back(office.purge_tools).is_log_clean
    assert files_with(PLANTED, *places) == {}


def keys_like(beginning: str) -> list[str]:
    """By what somebody is found in the Data Browser."""
    with connect() as connection:
        rows = connection.execute("SELECT key FROM search_key").fetchall()
    return [key for (key,) in rows if key.startswith(beginning)]


def test_who_was_purged_is_not_found_again_when_keys_come_late(office: Office) -> None:
    office.sync([HER, *SCHOOL])
    office.sync(SCHOOL)
    office.purge(after_days=61)
    follow(office.id)

    assert keys_like("")
    assert keys_like("xylophonia") == keys_like("~") == []


def age(office: Office, *, days: int) -> None:
    """So many days pass. What the database and the disk date themselves is dated back."""
    with connect() as connection:
        for table, column in (("adopted", "kept_at"), ("upload", "touched_at")):
            connection.execute(f"UPDATE {table} SET {column} = %s".encode(), (office.day,))
        connection.commit()
    office.day += days * DAY


def test_a_purge_takes_nothing_of_the_neighbour(office: Office, tmp_path: Path) -> None:
    neighbour = Office("Hillside", tmp_path / "hillside")
    for one in (office, neighbour):
        one.sync([HER, *SCHOOL])
        one.sync(SCHOOL)
        follow(one.id)
    found = len(keys_like("xylophonia"))
    office.purge(after_days=61)

    assert len(keys_like("xylophonia")) == found / 2 > 0
    with connect() as connection:
        rows = connection.execute(
            "SELECT district_id FROM contact WHERE name = %s", (HER.name,)
        ).fetchall()
    assert rows == [(neighbour.id,)]
