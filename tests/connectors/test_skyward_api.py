"""Skyward SMS 2.0 over its API server, as the clients of others know it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, IncompletePull, SourceRefusal
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Fault, Serving
from kinsync.simulators.skyward_sms2 import QUIRKS, SkywardSms2System
from tests.connectors.contract import TokenContract
from tests.connectors.reading import Reader, reader


class TestContract(TokenContract):
    name = "skyward-api"
    paged = "/v1/students"
    certain = "LastName"
    small_pages = {"page_size": "8"}  # noqa: RUF012

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> SkywardSms2System:
        return SkywardSms2System(roster, quirks=quirks)

    def expire(self, system: Any) -> None:
        system.tokens.end()


@contextmanager
def skyward(
    folder: Path, *quirks: str, students: int = 60, **settings: str
) -> Iterator[tuple[Serving, Reader]]:
    """A district's API server with these quirks, and a source that reads it."""
    with Serving(SkywardSms2System(Roster(students=students, seed=5), quirks=quirks)) as serving:
        yield serving, reader("skyward-api", serving, folder, **{"page_size": "16", **settings})


@pytest.mark.parametrize("quirk", sorted(QUIRKS))
def test_no_quirk_loses_a_student_or_a_guardian(quirk: str, tmp_path: Path) -> None:
    with skyward(tmp_path, quirk) as (serving, source):
        taken = source.taken_in()

    roster = serving.system.roster
    assert taken.counts.students == roster.students.height
    assert taken.counts.relationships == roster.contacts.height
    assert taken.counts.held == 0


def test_everybody_is_a_parent_or_guardian(tmp_path: Path) -> None:
    with skyward(tmp_path) as (_, source):
        assert set(source.taken_in().people["type"]) == {"Parent/Guardian"}


def test_one_person_of_several_students_is_one_contact(tmp_path: Path) -> None:
    with skyward(tmp_path, students=200) as (serving, source):
        taken = source.taken_in()

    persons = serving.system.roster.contacts["person"].n_unique()
    assert persons < serving.system.roster.contacts.height
    assert taken.people["contact"].n_unique() == persons


def test_a_guardian_may_be_something_else_to_each_student(tmp_path: Path) -> None:
    with skyward(tmp_path, "two-relations", students=200) as (_, source):
        people = source.taken_in().people

    stands = people.group_by("contact").agg(pl.col("relationship").unique())
    assert stands.filter(pl.col("relationship").list.contains("Aunt/Uncle")).height > 0
    assert stands.filter(pl.col("relationship").list.len() > 1).height > 0


@pytest.mark.parametrize("quirk", ["no-guardian-list", "empty-guardian-list"])
def test_guardians_are_asked_for_one_by_one_where_there_is_no_list(
    quirk: str, tmp_path: Path
) -> None:
    with skyward(tmp_path) as (_, source):
        listed = source.read()
    with skyward(tmp_path, quirk) as (_, source):
        assert source.read().equals(listed)


def test_a_source_may_say_how_guardians_are_asked_for(tmp_path: Path) -> None:
    with skyward(tmp_path, "no-guardian-list", guardians="list") as (_, source):
        with pytest.raises(SourceRefusal, match="400"):
            source.read()
        with pytest.raises(ChangeInput, match="auto or list or student"):
            replace(source, settings={**source.settings, "guardians": "both"}).read()
    with skyward(tmp_path, guardians="student") as (serving, source):
        source.read()

        assert len([path for path in serving.asked if path.endswith("/guardians")]) == 60


def test_guardians_without_students_are_not_the_whole(tmp_path: Path) -> None:
    with skyward(tmp_path) as (serving, source):
        serving.fail(Fault.DROP, "/guardians", value="Students", times=1000)

        with pytest.raises(IncompletePull, match="without Students"):
            source.read()


def test_students_of_next_year_make_no_rows(tmp_path: Path) -> None:
    with skyward(tmp_path, "next-year") as (serving, source):
        listed = set(serving.system.roster.students["Student_id"])

        assert set(source.rows()["student_sis_id"]) == listed


def test_three_phones_come_each_with_its_type(tmp_path: Path) -> None:
    with skyward(tmp_path, "formatted-phones", students=200) as (serving, source):
        people = source.taken_in().people

    known = serving.system.roster.contacts.filter(pl.col("phone") != "")
    assert {phone[-10:] for phone in people["phone"].drop_nulls()} == set(known["phone"])
    assert {"Cell", "Home"} <= set(people["phone_type"].drop_nulls())


def test_an_address_at_the_school_is_taken_where_there_is_no_other(tmp_path: Path) -> None:
    with skyward(tmp_path) as (_, source):
        before = source.rows()
    with skyward(tmp_path, "school-emails") as (_, source):
        assert source.rows().equals(before)


@pytest.mark.parametrize("name", ["key", "secret"])
def test_a_wrong_key_is_told_as_such(name: str, tmp_path: Path) -> None:
    with skyward(tmp_path) as (_, source):
        wrong = replace(source, settings={**source.settings, name: "wrong-one"})

        with pytest.raises(SourceRefusal, match="credentials"):
            wrong.look()


def test_a_first_look_tells_a_district_without_students(tmp_path: Path) -> None:
    with skyward(tmp_path) as (serving, source):
        serving.fail(Fault.EMPTY, "/v1/students", times=10)

        with pytest.raises(ChangeInput, match="no student"):
            source.look()


def test_a_first_look_tells_a_key_that_may_not_read_guardians(tmp_path: Path) -> None:
    with skyward(tmp_path) as (serving, source):
        serving.fail(Fault.EMPTY, "/v1/guardians", times=1000)

        with pytest.raises(ChangeInput, match="may read guardians"):
            source.look()


def test_a_mapping_may_name_whatever_the_interface_gives(tmp_path: Path) -> None:
    own = '[fields]\nrace = { column = "Student.FederalRace" }'
    with skyward(tmp_path) as (_, source):
        rows = replace(source, own=own).rows()

    assert set(rows["race"]) == {"I"}
