"""An application's saved pages of one home, imported in another: it reads back the ids it knows."""

from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.services.moving import import_ids
from kinsync.simulators.families.generate import generate
from tests.moving.abroad import contact, table, their_id
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


SEEDS = st.integers(min_value=0, max_value=2**32)


@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=SEEDS, is_synced=st.booleans(), mess=st.sampled_from([0.0, 1.0]))
def test_generated_families_keep_their_ids_or_are_left_and_said(
    http: httpx.Client,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    mess: float,
    *,
    is_synced: bool,
) -> None:
    """Who is left has two who could be meant, or nothing to be recognised by; nobody is another."""
    move_out()
    folder = tmp_path_factory.mktemp("district")
    file = generate(folder, students=40, nights=1, seed=seed, mess=mess).files[0].read_bytes()
    office = Office("Lakeside", folder / "first")
    office.sync(file)
    files = save_everything(office, Reader(http, token_of(office)), folder / "saved")
    snapshot = office.published()
    move_out()
    home = Office("Seaside", folder / "home")

    if is_synced:
        home.sync(file)
    import_ids(home.district, files, home.tools)
    home.sync(file)

    left = import_ids(home.district, files, home.tools).told.left
    assert set(left["outcome"]) <= {"ambiguous", "unknown"}
    assert mess or left.is_empty()
    for kind, there in snapshot.frames.items():
        here = home.published().frames[kind]
        kept = there.join(here, on="id", how="semi").sort("id")
        assert set(there["id"]) - set(kept["id"]) <= set(left["id"])
        assert details(kept).equals(details(here.join(there, on="id", how="semi").sort("id")))


def details(records: pl.DataFrame) -> pl.DataFrame:
    """All that is said of each record, but for the ids of others, who may be left."""
    return records.drop("legacy_id", "contact_id", "student_id", strict=False)


def test_pages_and_cursors_are_right_wherever_an_adopted_id_lies(
    office: Office, http: httpx.Client
) -> None:
    """Ids far behind and far ahead of the clock: every record is on one page, in order."""
    seconds = (0x00000001, 0x5F000000, 0xF0000000, 0xFFFFFFFF)
    rows = [
        contact(line, their_id(3 * n, second=second), legacy=their_id(3 * n + 1, second=second),
                v1=their_id(3 * n + 2, second=seconds[-n]))
        for n, (line, second) in enumerate(zip(SCHOOL, seconds, strict=False))
    ]  # fmt: skip
    import_ids(office.district, [table(office.home / "ids.csv", rows)], office.tools)
    office.sync(SCHOOL)
    reader = Reader(http, token_of(office))

    for path, all_of_them in (
        ("/v3.0/users?limit=5", 36), ("/v3.1/users?role=contact&limit=1", 24),
        ("/v1.2/contacts?limit=7", 24),
    ):  # fmt: skip
        ids = [record["id"] for record in reader.records(path)]
        assert ids == sorted(set(ids))
        assert len(ids) == all_of_them
        back = reader.get(f"{path}&ending_before={ids[3]}")["data"]
        assert [item["data"]["id"] for item in back] == ids[:3][-int(path.split("limit=")[1]) :]
