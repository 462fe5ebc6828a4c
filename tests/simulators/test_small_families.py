"""Families in memory: one chosen edit changes one chosen person, and nothing else."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kinsync.simulators.families import Change, Families, Mess, small_families
from kinsync.simulators.families.rows import COLUMNS

EDITS = {
    Change.PHONE: {"Contact_phone", "Contact_phone_type"},
    Change.EMAIL: {"Contact_email"},
    Change.PHONE_AND_EMAIL: {"Contact_phone", "Contact_phone_type", "Contact_email"},
    Change.TYPE: {"Contact_type"},
    Change.RELATIONSHIP: {"Contact_relationship"},
    Change.SURNAME: {"Contact_name"},
    Change.GAINED_SIS_ID: {"Contact_sis_id"},
}
SEEDS = st.integers(min_value=0, max_value=2**32)


def _someone(families: Families, change: Change, nth: int) -> int | None:
    persons = families.persons_for(change)
    return persons[nth % len(persons)] if persons else None


@settings(max_examples=40)
@given(seed=SEEDS, nth=st.integers(0, 100), change=st.sampled_from(sorted(EDITS)))
def test_an_edit_touches_its_columns_of_its_person_alone(
    seed: int, nth: int, change: Change
) -> None:
    families = small_families(seed, students=10)
    person = _someone(families, change, nth)
    if person is None:
        return
    after = families.edit(change, person)

    others = pl.col("person").ne_missing(person)
    untouched = [name for name in COLUMNS if name not in EDITS[change]]
    assert_frame_equal(
        families.rows.filter(others).select(COLUMNS), after.rows.filter(others).select(COLUMNS)
    )
    assert_frame_equal(families.file.select(untouched), after.file.select(untouched))
    assert not families.file.equals(after.file)


@settings(max_examples=20)
@given(seed=SEEDS, nth=st.integers(0, 100))
def test_whoever_was_absent_returns_as_they_were(seed: int, nth: int) -> None:
    families = small_families(seed, students=8)
    person = _someone(families, Change.ABSENT, nth)
    assert person is not None

    away = families.edit(Change.ABSENT, person)
    back = away.edit(Change.RETURNED, person)

    assert person not in away.persons
    assert away.file["Student_id"].n_unique() == families.file["Student_id"].n_unique()
    assert_frame_equal(back.file, families.file)


def test_edits_add_up_night_after_night() -> None:
    families = small_families(seed=3, students=10, mess=0)
    person = families.persons[0]
    first = families.edit(Change.PHONE, person)
    second = first.edit(Change.PHONE, person)
    phones = [
        night.rows.filter(person=person)["Contact_phone"][0] for night in (families, first, second)
    ]

    assert second.night == 3
    assert len(set(phones)) == 3


def test_a_family_names_one_more_person() -> None:
    families = small_families(seed=4, students=10)
    after = families.edit(Change.NEW, families.persons[0])

    assert len(after.persons) == len(families.persons) + 1
    assert after.rows.filter(change="new").height >= 1


def test_shuffled_rows_are_the_same_rows() -> None:
    families = small_families(seed=5, students=10)
    shuffled = families.shuffled(1)

    assert not shuffled.file.equals(families.file)
    assert_frame_equal(shuffled.file, families.file, check_row_order=False)


def test_a_test_may_choose_its_own_amounts() -> None:
    everyone = small_families(seed=6, students=20, own_sis_ids=1.0)
    landlines = small_families(seed=6, students=20, mess=Mess(landline=1.0, phone_blank=0.0))

    contacts = everyone.rows.drop_nulls("person")
    assert contacts["Contact_sis_id"].null_count() == 0
    per_phone = landlines.rows.group_by("Contact_phone").agg(pl.col("person").n_unique())
    assert per_phone["person"].max() >= 3  # type: ignore[operator]


@pytest.mark.parametrize("students", [0, 1])
def test_the_smallest_districts_work_too(students: int) -> None:
    assert small_families(seed=1, students=students).file["Student_id"].n_unique() == students
