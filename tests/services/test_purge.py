"""What is kept beyond its period goes, and whoever comes back in time has the old id."""

from dataclasses import replace

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.services.holds import approve
from kinsync.services.restore import restore
from kinsync.simulators.families import generate
from kinsync.store import records, snapshots
from kinsync.store.database import connect
from tests.services.office import Office, is_same
from tests.services.pupils import Line, mother, school_of, uncle

SCHOOL = school_of(12)


def without(*lines: Line) -> list[Line]:
    return [line for line in SCHOOL if line not in lines]


@pytest.fixture
def abroad(office: Office) -> Office:
    """A district that uncle 1 has left, and student 3 with all of her family."""
    office.sync(SCHOOL)
    office.sync(without(uncle(1), uncle(3), mother(3)))
    return office


def values(office: Office, kind: str, id_: str) -> list[tuple[object, ...]]:
    """What the tables say of one record, interval by interval, without ids and versions."""
    numbers = ("district_id", "id", "legacy_id", "since", "until", "created", "contact_id",
               "student_id", "type", "relationship")  # fmt: skip
    with connect() as connection, connection.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT * FROM {kind} WHERE id = %s ORDER BY since".encode(), (id_,)
        ).fetchall()
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
    return [
        tuple(value for name, value in zip(names, row, strict=True) if name not in numbers)
        for row in rows
    ]


def test_values_go_when_their_period_is_over_and_not_before(office: Office) -> None:
    office.sync(SCHOOL)
    gone = office.ids(uncle(1))
    office.sync(without(uncle(1)))

    assert office.purge(after_days=59)["values"] == 0
    assert any(values(office, "contact", gone.contact)[0])
    assert office.purge(after_days=1)["values"] == 2  # the contact, and his relationship
    for kind, id_ in (("contact", gone.contact), ("relationship", gone.relationship)):
        assert values(office, kind, id_), "the id stays"
        assert not any(any(row) for row in values(office, kind, id_))


def test_whoever_is_published_keeps_what_was_said_within_the_period(office: Office) -> None:
    office.sync(SCHOOL)
    office.sync([replace(mother(0), phone="4255550111"), *SCHOOL[1:]])
    office.purge(after_days=50)
    office.sync([replace(mother(0), phone="4255550122"), *SCHOOL[1:]])
    her = office.row(replace(mother(0), phone="4255550122"))
    office.purge(after_days=20)

    told = [row for row in values(office, "contact", str(her["contact_id"])) if any(row)]
    assert [("4255550111" in row, "4255550122" in row) for row in told] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize("days", [100, 390])
def test_whoever_returns_after_the_purge_has_the_old_ids(abroad: Office, days: int) -> None:
    before = snapshots.as_of(abroad.id, 1)
    abroad.purge(after_days=61)
    abroad.purge(after_days=days - 61)
    abroad.sync(SCHOOL)

    assert is_same(abroad.published(), before)


def test_a_thousand_families_return_under_every_id_they_had(office: Office) -> None:
    generate(office.home, students=1000, nights=1, seed=5, mess=0)
    table = pl.read_csv(office.home / "night1" / "students.csv", infer_schema=False)
    for night in (table, table.head(table.height // 2)):
        outcome = office.sync(night.write_csv().encode())
    approve(office.district, office.tools)
    assert outcome.sync.state == "held"
    before = snapshots.as_of(office.id, 1)
    gone = before.frames["contact"].height - office.published().frames["contact"].height
    assert gone > 500
    office.purge(after_days=61)
    office.sync(table.write_csv().encode())

    assert is_same(office.published(), before)


def test_whoever_returns_after_the_record_is_somebody_new(abroad: Office) -> None:
    known = set(snapshots.as_of(abroad.id, 1).frames["contact"]["id"])
    abroad.purge(after_days=61)
    abroad.purge(after_days=340)
    abroad.sync(SCHOOL)

    assert len(set(abroad.published().frames["contact"]["id"]) - known) == 3


def test_whoever_returns_too_late_is_new_though_no_purge_ran_meanwhile(abroad: Office) -> None:
    known = set(snapshots.as_of(abroad.id, 1).frames["contact"]["id"])
    abroad.purge(after_days=61)
    abroad.day += (400 - 61) * (abroad.day - abroad.day.replace(day=abroad.day.day - 1))
    abroad.sync(SCHOOL)

    assert len(set(abroad.published().frames["contact"]["id"]) - known) == 3


def test_a_new_phone_or_a_new_spelling_is_no_hindrance_after_the_purge(abroad: Office) -> None:
    earlier = snapshots.as_of(abroad.id, 1).frames["contact"]
    [uncle_id] = earlier.filter(pl.col("phone") == uncle(1).phone)["id"]
    [mother_id] = earlier.filter(pl.col("phone") == mother(3).phone)["id"]
    abroad.purge(after_days=61)
    last, first = uncle(1).name.split()[::-1]
    spelled = replace(uncle(1), name=f"{last.upper()}, {first}", phone="2535550100")
    renamed = replace(mother(3), name="Dolores Ramirez-Ito", email="")
    abroad.sync([*without(uncle(1), uncle(3), mother(3)), spelled, renamed])

    assert abroad.row(spelled)["contact_id"] == uncle_id
    assert abroad.row(renamed)["contact_id"] == mother_id


def test_another_woman_on_the_landline_of_who_was_purged_is_not_her(office: Office) -> None:
    landline = replace(mother(0), phone_type="Home", email="")
    office.sync([landline, *SCHOOL[1:]])
    gone = office.ids(landline)
    office.sync(SCHOOL[1:])
    office.purge(after_days=61)
    other = replace(landline, name="Bettina Kowalczyk")
    office.sync([other, *SCHOOL[1:]])

    assert office.ids(other).contact != gone.contact


def test_another_number_of_the_source_is_another_person_after_the_purge_too(
    office: Office,
) -> None:
    numbered = replace(mother(0), sis_id="C-1", phone="", email="")
    office.sync([numbered, *SCHOOL[1:]])
    gone = office.ids(numbered)
    office.sync(SCHOOL[1:])
    office.purge(after_days=61)
    same_number = replace(numbered, name="Dolores Ito")
    office.sync([replace(uncle(0), sis_id="C-2", name=numbered.name, phone=""), *SCHOOL[2:]])
    assert gone.contact not in set(office.published().frames["contact"]["id"])
    office.sync([same_number, *SCHOOL[1:]])

    assert office.ids(same_number).contact == gone.contact


def test_somebody_who_came_back_and_left_again_keeps_the_ids(abroad: Office) -> None:
    before = snapshots.as_of(abroad.id, 1)
    for _ in range(3):
        abroad.purge(after_days=61)
        abroad.sync(SCHOOL)
        assert is_same(abroad.published(), before)
        abroad.sync(without(uncle(1), uncle(3), mother(3)))


def test_an_earlier_version_that_was_purged_says_so(abroad: Office) -> None:
    abroad.purge(after_days=61)

    with pytest.raises(ChangeInput, match="Version 1 was purged on 2026-11-03"):
        restore(abroad.district, 1, abroad.tools)
    with pytest.raises(ChangeInput, match="purged"):
        snapshots.changes_of(abroad.id, 2)
    assert [version.purged_at is None for version in records.list_versions(abroad.id)] == [
        True,
        False,
    ]
    assert abroad.version == 2


def test_a_version_within_the_period_can_be_restored_after_a_purge(abroad: Office) -> None:
    before = snapshots.as_of(abroad.id, 1)
    abroad.purge(after_days=59)
    restore(abroad.district, 1, abroad.tools)

    assert is_same(abroad.published(), before)


def test_a_dry_run_says_what_would_go_and_leaves_it(abroad: Office) -> None:
    would = abroad.purge(after_days=61, is_dry=True)

    assert would["values"] == 7  # three contacts with a relationship each, and a student
    assert snapshots.as_of(abroad.id, 1).frames["contact"].height == 24
    assert abroad.purge() == would
    assert not any(abroad.purge().values())


def test_what_is_published_stays_as_it_is_and_so_does_the_next_night(abroad: Office) -> None:
    before = abroad.published()
    abroad.purge(after_days=500)

    assert is_same(abroad.published(), before)
    outcome = abroad.sync(without(uncle(1), uncle(3), mother(3)))
    assert outcome.sync.state == "unchanged"


def test_a_hold_that_nobody_decided_is_discarded_and_its_values_go(abroad: Office) -> None:
    held = abroad.sync(SCHOOL[:4])
    assert held.sync.state == "held"
    folder = abroad.tools.storage.sync(abroad.district.public_id, held.sync.id)
    abroad.purge(after_days=31)

    assert abroad.state(held.sync.id) == "discarded"
    assert not folder.exists()  # type: ignore[union-attr]


def test_a_district_may_keep_less(abroad: Office) -> None:
    records.change_settings(abroad.id, {"keep_days": {"deleted": 30}})

    assert abroad.purge(after_days=31)["values"] == 7
