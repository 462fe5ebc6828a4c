"""An application's saved pages of one home, imported in another: it reads back the ids it knows."""

from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.domain.changes import Snapshot
from kinsync.services.moving import import_ids
from kinsync.simulators.families.generate import generate
from tests.moving.saving import Reader, move_out, save, school_page, token_of, v2_page
from tests.services.office import Office, is_same
from tests.services.pupils import school_of

SCHOOL = school_of(12)


def save_everything(office: Office, reader: Reader, folder: Path) -> list[Path]:
    """All that an application can save: v3, v1.2 and v2 pages, students and schools."""
    snapshot = office.published()
    return [
        save(folder / "v3.jsonl", *reader.pages("/v3.0/users?limit=7")),
        save(folder / "v1.json", reader.pages("/v1.2/contacts?limit=5")),
        save(folder / "rest.jsonl", v2_page(snapshot), school_page(snapshot)),
    ]


def read_everything(reader: Reader) -> list[list[dict[str, Any]]]:
    """What the application is told, but for when it was published and in which district."""
    paths = ("/v3.1/users?role=contact", "/v3.0/users", "/v1.2/contacts", "/v1.2/students")
    kept = ("created", "last_modified", "district")
    return [
        [{k: v for k, v in record.items() if k not in kept} for record in reader.records(path)]
        for path in paths
    ]


@pytest.mark.parametrize("is_synced", [False, True], ids=["before the first sync", "after it"])
def test_an_application_reads_every_record_under_the_id_it_knows(
    office: Office, http: httpx.Client, tmp_path: Path, *, is_synced: bool
) -> None:
    office.sync(SCHOOL)
    reader = Reader(http, token_of(office))
    known, snapshot = read_everything(reader), office.published()
    files = save_everything(office, reader, tmp_path / "saved")
    move_out()
    home = Office("Seaside", tmp_path / "home")

    if is_synced:
        home.sync(SCHOOL)
    moved = import_ids(home.district, files, home.tools)
    home.sync(SCHOOL)

    assert moved.state == ("published" if is_synced else "waiting")
    assert moved.told.left.height == 0
    assert is_same(home.published(), snapshot)
    assert read_everything(Reader(http, token_of(home, "Its new token"))) == known
