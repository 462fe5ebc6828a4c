"""Aeries, as its makers describe it and as it was seen."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, IncompletePull, SourceRefusal
from kinsync.domain.flags import read
from kinsync.simulators.aeries import AREAS, QUIRKS, AeriesSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Reply, Request, Serving
from tests.connectors.contract import ConnectorContract
from tests.connectors.reading import Reader, reader


class TestContract(ConnectorContract):
    name = "aeries"
    paged = "/students"
    certain = "LastName"
    small_pages = {"page_size": "8"}  # noqa: RUF012

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> AeriesSystem:
        return AeriesSystem(roster, quirks=quirks)


# -- what Aeries is like -------------------------------------------------------------------------


@contextmanager
def aeries(
    folder: Path, *quirks: str, students: int = 60, rights: Collection[str] = AREAS
) -> Iterator[tuple[AeriesSystem, Reader]]:
    """A district's Aeries with these quirks, and a source that reads it."""
    system = AeriesSystem(Roster(students=students, seed=5), quirks=quirks, rights=rights)
    with Serving(system) as serving:
        yield system, reader("aeries", serving, folder)


@pytest.mark.parametrize("quirk", sorted(QUIRKS))
def test_no_quirk_loses_a_student_who_is_there(quirk: str, tmp_path: Path) -> None:
    with aeries(tmp_path, quirk) as (system, source):
        listed = set(system.roster.students["Student_id"])
        rows = source.rows()

    has_left = {one for one in listed if quirk == "inactive-students" and int(one) % 7 == 3}
    assert set(rows["student_sis_id"]) == listed - has_left


def test_types_follow_the_order_and_then_the_relationship(tmp_path: Path) -> None:
    with aeries(tmp_path, students=200) as (system, source):
        people = source.taken_in().people
        expected = {
            (row["student"], row["name"], row["order"]): _type(row["order"], row["role"])
            for row in system.roster.contacts.iter_rows(named=True)
        }

    assert Counter(people["type"]) == Counter(expected.values())


def _type(order: int, role: str) -> str:
    if order < 3:
        return ("Primary", "Secondary")[order - 1]
    if role in ("mother", "father", "stepmother"):
        return "Parent/Guardian"
    is_relative = role in ("grandmother", "grandfather", "aunt", "uncle", "new")
    return "Family" if is_relative else "Emergency"


def test_relationships_are_looked_up_at_the_source(tmp_path: Path) -> None:
    with aeries(tmp_path, students=200) as (system, source):
        taken = source.taken_in()
        roles = Counter(system.roster.contacts["role"])

    found = Counter(taken.people["relationship"])
    assert found["Parent"] == roles["mother"] + roles["father"] + roles["stepmother"]
    assert found["Grandparent"] == roles["grandmother"] + roles["grandfather"]
    assert found["Aunt/Uncle"] == roles["aunt"] + roles["uncle"]
    assert "relationship-unknown" not in taken.codes()


def test_a_code_that_is_not_in_use_any_more_still_says_what_it_means(tmp_path: Path) -> None:
    with aeries(tmp_path, "retired-codes") as (_, source):
        described = source.read().filter(pl.col("CON.RelationshipToStudentCode") == "88")

    assert set(described["CON.Relationship"]) == {"Aunt or Uncle"}


@pytest.mark.parametrize("quirk", ["no-codes", "unknown-codes"])
def test_a_code_that_the_set_lacks_is_listed_and_can_be_mapped(quirk: str, tmp_path: Path) -> None:
    own = '[words.relationship]\n"77" = "Grandparent"'
    with aeries(tmp_path, quirk) as (system, source):
        taken = source.taken_in()
        mapped = replace(source, own=own).taken_in()

    roster = system.roster.contacts
    grandparents = roster.filter(pl.col("role").str.starts_with("grand")).height
    unknown = taken.findings.filter(pl.col("code") == "relationship-unknown")
    assert taken.counts.relationships == roster.height
    assert Counter(unknown["value"])["77" if quirk == "unknown-codes" else "10"] > 0
    if quirk == "unknown-codes":
        found = mapped.people.filter(pl.col("relationship") == "Grandparent")
        assert found.height == grandparents > 0
        assert set(found["type"]) == {"Family"}
        assert "relationship-unknown" not in mapped.codes()


def test_a_name_may_stand_in_mailing_name_alone(tmp_path: Path) -> None:
    with aeries(tmp_path, "mailing-names") as (system, source):
        names = source.rows()["contact_name"]

    assert sorted(names.drop_nulls()) == sorted(system.roster.contacts["name"])


def test_everybody_comes_along_whatever_stands_in_the_order(tmp_path: Path) -> None:
    with aeries(tmp_path, "order-ties") as (system, source):
        taken = source.taken_in()

    assert taken.counts.relationships == system.roster.contacts.height
    assert taken.counts.held == 0


def test_people_who_may_not_come_near_are_restricted(tmp_path: Path) -> None:
    with aeries(tmp_path, "restricted", students=200) as (system, source):
        people = source.taken_in().people

    friends = system.roster.contacts.filter(pl.col("role") == "friend")
    barred = people.filter(pl.col("restricted") == "Y")
    assert friends.height > 0
    assert sorted(barred["name"]) == sorted(friends["name"])
    assert people.height == system.roster.contacts.height


def test_order_flags_and_address_come_along(tmp_path: Path) -> None:
    with aeries(tmp_path, students=200) as (system, source):
        people = source.taken_in().people

    flags = [read(text) for text in people["flags"]]
    first = [one for one in flags if one["order"] == 1]
    orders = system.roster.contacts["order"]
    assert Counter(one["order"] for one in flags) == Counter(orders)
    assert all(one["primary"] == one["guardian"] == one["lives_with"] == "Y" for one in first)
    assert {one["lives_with"] for one in flags if one["order"] != 1} == {"N"}
    assert people["address"].is_not_null().sum() >= (orders < 3).sum()
    assert people["address"].drop_nulls().str.contains('"city":"Larkfield"').all()


def test_a_blank_that_is_a_space_is_a_blank(tmp_path: Path) -> None:
    with aeries(tmp_path) as (_, source):
        plain = source.taken_in()
    with aeries(tmp_path, "padding") as (_, source):
        padded = source.taken_in()

    assert padded.counts == plain.counts
    assert padded.people.equals(plain.people)


def test_phones_are_digits_however_they_are_written(tmp_path: Path) -> None:
    with aeries(tmp_path, "formatted-phones") as (system, source):
        taken = source.taken_in()

    phones = {phone[-10:] for phone in taken.people["phone"].drop_nulls()}
    assert phones == set(system.roster.contacts["phone"]) - {""}


def test_a_phone_says_of_which_kind_it_is(tmp_path: Path) -> None:
    with aeries(tmp_path, students=200) as (system, source):
        people = source.taken_in().people
        kinds = Counter(system.roster.contacts.filter(pl.col("phone") != "")["phone_kind"])

    found = Counter(people["phone_type"].drop_nulls())
    assert found["Home"] == kinds["home"]
    assert found["Cell"] == kinds["cell"] + kinds[""]
    assert kinds["home"] > 0


def test_a_student_of_two_schools_comes_once_and_so_does_every_contact(tmp_path: Path) -> None:
    with aeries(tmp_path, "two-schools") as (system, source):
        taken = source.taken_in()

    assert taken.counts.students == system.roster.students.height
    assert taken.counts.relationships == system.roster.contacts.height
    assert taken.counts.collapsed == 0


def test_students_who_have_left_are_read_where_the_source_says_so(tmp_path: Path) -> None:
    with aeries(tmp_path, "inactive-students") as (system, source):
        everybody = replace(source, settings={**source.settings, "inactive": "yes"})

        assert everybody.rows()["student_sis_id"].n_unique() == system.roster.students.height


def test_schools_are_left_out_where_the_source_says_so(tmp_path: Path) -> None:
    with aeries(tmp_path) as (_, source):
        only = replace(source, settings={**source.settings, "schools": "101, 103"})
        without = replace(source, settings={**source.settings, "excluded_schools": "101"})

        assert set(only.rows()["school_sis_id"]) == {"101", "103"}
        assert "101" not in set(without.rows()["school_sis_id"])


def test_a_school_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with aeries(tmp_path) as (_, source):
        wrong = replace(source, settings={**source.settings, "schools": "101, 888"})

        with pytest.raises(SourceRefusal, match="888"):
            wrong.read()


def test_a_year_that_aeries_would_silently_replace_is_refused(tmp_path: Path) -> None:
    with aeries(tmp_path) as (_, source):
        wrong = replace(source, settings={**source.settings, "year": "2062"})

        with pytest.raises(ChangeInput, match="no year 2062"):
            wrong.read()
        assert replace(source, settings={**source.settings, "year": "2026"}).look()


def test_a_certificate_in_another_case_is_another_certificate(tmp_path: Path) -> None:
    with aeries(tmp_path) as (system, source):
        lower = {**source.settings, "certificate": system.certificate.lower()}

        with pytest.raises(SourceRefusal, match="credentials"):
            replace(source, settings=lower).look()


@pytest.mark.parametrize(
    ("right", "missing"), [("Contacts", "students"), ("Student Data", "contacts")]
)
def test_a_first_look_names_the_right_that_is_missing(
    right: str, missing: str, tmp_path: Path
) -> None:
    with (
        aeries(tmp_path, rights=[right]) as (_, source),
        pytest.raises(SourceRefusal, match=f"read .*{missing}"),
    ):
        source.look()


def test_another_root_is_told_in_the_address(tmp_path: Path) -> None:
    with aeries(tmp_path, "admin-root") as (_, source):
        wrong = {**source.settings, "url": source.settings["url"].replace("/admin", "/aeries")}

        assert source.look()
        with pytest.raises(SourceRefusal, match="nothing at"):
            replace(source, settings=wrong).look()


def test_contacts_come_in_the_same_order_however_aeries_has_them(tmp_path: Path) -> None:
    with aeries(tmp_path) as (system, source):
        before = source.read()
        system.roster.contacts = system.roster.contacts.reverse()
        system.roster.students = system.roster.students.reverse()

        assert source.read().equals(before)


def moving(system: AeriesSystem, moved: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """After the first page of a list something happens to the students."""
    answer = system.answer

    def answered(request: Request) -> Reply:
        reply = answer(request)
        if request.query.get("StartingRecord") == "1" and request.path.endswith("/students"):
            system.roster.students = moved(system.roster.students)
        return reply

    system.answer = answered  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        (lambda students: pl.concat([students.tail(1), students]), "came twice"),
        (lambda students: students.slice(1), "did not list"),
    ],
)
def test_a_list_that_moves_while_it_is_read_is_not_the_whole(
    moved: Callable[[pl.DataFrame], pl.DataFrame], words: str, tmp_path: Path
) -> None:
    with aeries(tmp_path) as (system, source):
        of_one = system.roster.contacts["school"].mode()[0]
        settings = {**source.settings, "page_size": "4", "schools": of_one}
        of_school = pl.col("School_id") == of_one
        with_contacts = pl.col("Student_id").is_in(system.roster.contacts["student"].implode())
        system.roster.students = system.roster.students.filter(of_school, with_contacts)
        moving(system, moved)

        with pytest.raises(IncompletePull, match=words):
            replace(source, settings=settings).read()


def test_contacts_of_nobody_are_left_out(tmp_path: Path) -> None:
    with aeries(tmp_path) as (system, source):
        gone = system.roster.students["Student_id"][0]
        system.roster.students = system.roster.students.slice(1)

        assert gone not in set(source.rows()["student_sis_id"])


@pytest.mark.parametrize("size", ["0", "many", "-5"])
def test_a_size_of_pages_that_is_none_is_refused(size: str, tmp_path: Path) -> None:
    with aeries(tmp_path) as (_, source), pytest.raises(ChangeInput, match="page_size"):
        replace(source, settings={**source.settings, "page_size": size}).read()


def test_an_older_build_spells_a_name_otherwise_and_nothing_is_lost(tmp_path: Path) -> None:
    with aeries(tmp_path) as (_, source):
        now = source.taken_in()
    with aeries(tmp_path, "old-spelling") as (_, source):
        assert source.taken_in().people.equals(now.people)
