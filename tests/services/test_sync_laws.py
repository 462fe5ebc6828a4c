"""Laws of whole syncs on generated families: an edit is an update, and everybody keeps the ids."""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kinsync.domain.changes import Snapshot
from kinsync.services.holds import approve
from kinsync.services.sync import Outcome
from kinsync.simulators.families import Change, Families, small_families
from tests.services.office import Office, is_same, totals

SEEDS = st.integers(min_value=0, max_value=2**32)
laws = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
few = settings(laws, max_examples=4)
EDITS = (
    Change.PHONE,
    Change.EMAIL,
    Change.PHONE_AND_EMAIL,
    Change.TYPE,
    Change.RELATIONSHIP,
    Change.SURNAME,
    Change.GAINED_SIS_ID,
)
numbers = itertools.count()


def new_office(home: Path) -> Office:
    """A district of its own for every example: databases are emptied between tests alone."""
    return Office(f"District {next(numbers)}", home)


def send(office: Office, families: Families) -> Outcome:
    return office.sync(families.file.write_csv().encode())


def someone(families: Families, change: Change, nth: int) -> int:
    persons = families.persons_for(change)
    assume(persons)
    return persons[nth % len(persons)]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("change", EDITS)
@few
@given(seed=SEEDS, nth=st.integers(0, 100))
def test_one_edit_of_one_person_is_an_update_of_that_contact_alone(
    tmp_path: Path, change: Change, seed: int, nth: int
) -> None:
    office = new_office(tmp_path)
    families = small_families(seed, students=10, mess=0, own_sis_ids=0.0)
    person = someone(families, change, nth)
    send(office, families)
    before = office.published()

    night = send(office, families.edit(change, person).shuffled(nth))

    assert night.changes is not None
    assert totals(night.changes)["created"] == totals(night.changes)["deleted"] == 0
    assert totals(night.changes)["updated"] >= 1
    assert night.changes.kinds["contact"].updated.height <= 1
    assert night.changes.merged.is_empty()
    assert_same_ids(before, office.published())


@pytest.mark.usefixtures("database")
@few
@given(seed=SEEDS, key=st.integers(0, 1000))
def test_a_file_that_gains_sis_ids_for_everybody_moves_no_id(
    tmp_path: Path, seed: int, key: int
) -> None:
    office = new_office(tmp_path)
    send(office, small_families(seed, students=10, mess=0, own_sis_ids=0.0))
    before = office.published()

    night = send(office, small_families(seed, students=10, mess=0, own_sis_ids=1.0).shuffled(key))
    if night.reasons:  # everybody changed at once: somebody looked at it
        approve(office.district, office.tools)

    after = office.published()
    assert before.frames["contact"]["sis_id"].null_count() == before.frames["contact"].height
    assert after.frames["contact"]["sis_id"].null_count() == 0
    assert_same_ids(before, after)


def assert_same_ids(before: Snapshot, after: Snapshot) -> None:
    """Contacts and relationships go on under every id they had, and there are no others."""
    for kind in ("contact", "relationship"):
        assert set(after.frames[kind]["id"]) == set(before.frames[kind]["id"])
    assert set(after.frames["contact"]["legacy_id"]) == set(before.frames["contact"]["legacy_id"])


@pytest.mark.usefixtures("database")
@laws
@given(seed=SEEDS, nth=st.integers(0, 100), mess=st.sampled_from([0.0, 1.0]))
def test_whoever_is_absent_for_a_night_returns_with_every_id(
    tmp_path: Path, seed: int, nth: int, mess: float
) -> None:
    office = new_office(tmp_path)
    families = small_families(seed, students=10, mess=mess)
    person = someone(families, Change.ABSENT, nth)
    send(office, families)
    before = office.published()
    away = families.edit(Change.ABSENT, person)

    send(office, away)
    send(office, away.edit(Change.RETURNED, person))

    assert is_same(office.published(), before)


@pytest.mark.usefixtures("database")
@laws
@given(seed=SEEDS, key=st.integers(0, 1000), mess=st.sampled_from([0.0, 1.0, 3.0]))
def test_shuffled_rows_move_no_id_whatever_the_mess(
    tmp_path: Path, seed: int, key: int, mess: float
) -> None:
    office = new_office(tmp_path)
    families = small_families(seed, students=12, mess=mess)
    send(office, families)
    before = office.published()

    send(office, families.shuffled(key))

    after = office.published()
    for kind in ("school", "student", "contact", "relationship"):
        assert set(after.frames[kind]["id"]) == set(before.frames[kind]["id"])


@pytest.mark.usefixtures("database")
@laws
@given(seed=SEEDS, mess=st.sampled_from([0.0, 1.0, 3.0]))
def test_every_row_is_published_held_or_collapsed(tmp_path: Path, seed: int, mess: float) -> None:
    office = new_office(tmp_path)

    told = send(office, small_families(seed, students=12, mess=mess)).as_json()

    parts = [told[name] for name in ("published", "held", "collapsed", "excluded")]
    assert all(isinstance(part, int) for part in parts)
    assert told["rows"] == sum(part for part in parts if isinstance(part, int))
