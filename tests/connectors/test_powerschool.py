"""PowerSchool, as it describes itself and as it was seen."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
import pytest

from kinsync.domain.errors import ChangeInput, IncompletePull, SourceRefusal
from kinsync.simulators.powerschool import GRANTED, QUIRKS, PowerSchoolSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Reply, Request, Serving
from kinsync.simulators.spelling import A_FEW
from tests.connectors.contract import TokenContract
from tests.connectors.reading import Reader, reader


class TestContract(TokenContract):
    name = "powerschool"
    paged = "/district/student"
    counted_first = 1
    certain = "last_name"
    small_pages = {"page_size": "20"}  # noqa: RUF012

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> PowerSchoolSystem:
        return PowerSchoolSystem(roster, quirks=quirks)

    def expire(self, system: Any) -> None:
        system.tokens.end()


# -- what PowerSchool is like --------------------------------------------------------------------


@contextmanager
def powerschool(
    folder: Path, *quirks: str, students: int = 60, granted: Collection[str] = GRANTED
) -> Iterator[tuple[PowerSchoolSystem, Reader]]:
    """A district's PowerSchool with these quirks, and a source that reads it."""
    roster = Roster(students=students, seed=5)
    system = PowerSchoolSystem(roster, quirks=quirks, granted=granted)
    with Serving(system) as serving:
        yield system, reader("powerschool", serving, folder)


def with_settings(source: Reader, **settings: str) -> Reader:
    return replace(source, settings={**source.settings, **settings})


@pytest.mark.parametrize("quirk", sorted(set(QUIRKS) - {"no-core-fields"}))
def test_no_quirk_loses_a_student_who_is_there(quirk: str, tmp_path: Path) -> None:
    with powerschool(tmp_path, quirk) as (system, source):
        listed = set(system.roster.students["Student_id"])
        rows = source.rows()

    former = {one for one in listed if quirk == "former-students" and int(one) % A_FEW in (3, 4, 5)}
    assert set(rows["student_sis_id"]) == listed - former


def test_three_slots_come_with_relation_phone_and_its_kind(tmp_path: Path) -> None:
    with powerschool(tmp_path, students=200) as (system, source):
        taken = source.taken_in()
        contacts = system.roster.contacts

    people = taken.people
    assert contacts.group_by("student").len()["len"].max() == 3
    assert taken.counts.relationships == contacts.height
    assert set(people["type"]) == {"Emergency"}
    assert set(people["phone"].drop_nulls()) == set(contacts["phone"]) - {""}
    kinds = Counter(contacts["phone_kind"])
    assert Counter(people["phone_type"].drop_nulls()) == {
        "Cell": kinds["cell"],
        "Home": kinds["home"],
    }
    grandparents = contacts.filter(pl.col("role").str.starts_with("grand")).height
    assert (people["relationship"] == "Grandparent").sum() == grandparents > 0


def test_a_slot_without_a_name_is_held_and_its_column_named(tmp_path: Path) -> None:
    with powerschool(tmp_path, "nameless") as (system, source):
        taken = source.taken_in()

    nameless = system.roster.contacts.filter(pl.col("person") % A_FEW == 5).height
    missing = taken.findings.filter(pl.col("code") == "contact-name-missing")
    assert taken.counts.held == missing.height == nameless > 0
    assert "students.emerg_contact_1" in set(missing["column"])


def test_a_hole_in_the_first_slot_loses_nobody(tmp_path: Path) -> None:
    with powerschool(tmp_path, "slot-holes") as (system, source):
        taken = source.taken_in()

    assert taken.counts.relationships == system.roster.contacts.height
    assert taken.counts.held == 0


def test_whoever_stands_in_two_slots_is_one_contact(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source):
        once = source.taken_in()
    with powerschool(tmp_path, "same-twice") as (_, source):
        twice = source.taken_in()

    assert twice.counts.rows > once.counts.rows
    assert twice.people.sort(pl.all()).equals(once.people.sort(pl.all()))


@pytest.mark.parametrize("quirk", ["letters", "text-expiry", "page-of-1000"])
def test_another_spelling_changes_nothing(quirk: str, tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source):
        plain = source.taken_in().people
    with powerschool(tmp_path, quirk) as (_, source):
        people = source.taken_in().people

    assert people.drop(cs.ends_with("_source")).equals(plain.drop(cs.ends_with("_source")))


def test_a_kind_of_phone_that_nothing_maps_is_other_and_told(tmp_path: Path) -> None:
    with powerschool(tmp_path, "odd-kinds") as (_, source):
        taken = source.taken_in()

    assert set(taken.people["phone_type"].drop_nulls()) == {"Other"}
    unknown = taken.findings.filter(pl.col("code") == "phone-type-unknown")
    assert set(unknown["value"]) == {"Cell/Work", "Home/Work"}


def test_relations_that_are_typed_freely_are_understood_word_by_word(tmp_path: Path) -> None:
    with powerschool(tmp_path, "free-relations", students=400) as (system, source):
        taken = source.taken_in()
        roles = Counter(system.roster.contacts["role"])

    found = Counter(taken.people["relationship"])
    assert found["Parent"] == roles["mother"] + roles["father"] + roles["stepmother"]
    assert found["Grandparent"] == roles["grandmother"] + roles["grandfather"]
    assert found["Aunt/Uncle"] == roles["aunt"] > 0
    unknown = taken.findings.filter(pl.col("code") == "relationship-unknown")
    assert set(unknown["value"]) == {"Uncel"}


def test_names_are_kept_as_they_are_written_unless_a_mapping_turns_them(tmp_path: Path) -> None:
    with powerschool(tmp_path, "last-first") as (system, source):
        written = set(source.taken_in().people["name"])
        slots = [
            f'[[slots]]\ncontact_name = {{ column = "{name}", turn = true }}'
            for name in (
                "students.emerg_contact_1",
                "students.emerg_contact_2",
                "studentcorefields.emerg_contact_3",
            )
        ]
        turned = set(replace(source, own="\n".join(slots)).taken_in().people["name"])
        contacts = system.roster.contacts

    assert written == {
        f"{last}, {first}" for first, last in contacts.select("first", "last").rows()
    }
    assert turned == {f"{first} {last}" for first, last in contacts.select("first", "last").rows()}


def test_two_phones_in_one_cell_are_two_phones(tmp_path: Path) -> None:
    with powerschool(tmp_path, "two-phones") as (_, source):
        taken = source.taken_in()

    assert "phone-length" not in taken.codes()


@pytest.mark.parametrize("quirk", ["none-phones", "international-phones"])
def test_what_is_no_phone_here_leaves_its_contact(quirk: str, tmp_path: Path) -> None:
    with powerschool(tmp_path, quirk) as (system, source):
        taken = source.taken_in()

    assert taken.counts.relationships == system.roster.contacts.height
    assert taken.people["phone"].null_count() > 0


def test_a_plugin_without_the_second_table_is_refused_and_the_table_named(tmp_path: Path) -> None:
    with (
        powerschool(tmp_path, "no-core-fields") as (_, source),
        pytest.raises(SourceRefusal, match="studentcorefields"),
    ):
        source.read()


def test_a_plugin_without_the_first_table_is_refused(tmp_path: Path) -> None:
    with (
        powerschool(tmp_path, granted=["studentcorefields"]) as (_, source),
        pytest.raises(SourceRefusal, match="allow"),
    ):
        source.look()


def test_a_district_that_uses_the_first_table_alone_says_so_in_its_mapping(tmp_path: Path) -> None:
    own = """
slots = [
  { contact_name = { column = "students.emerg_contact_1" } },
  { contact_name = { column = "Students.Emerg Contact 2" } },
]
"""
    with powerschool(tmp_path, "no-core-fields") as (_, source):
        rows = replace(source, own=own).rows()

    assert rows["contact_name"].drop_nulls().len() > 0


def test_a_first_look_names_fields_that_nobody_has(tmp_path: Path) -> None:
    with powerschool(tmp_path, "few-core-fields") as (_, source):
        said = "\n".join(source.look())

    assert "studentcorefields.emerg_1_ptype" in said
    assert "studentcorefields.emerg_1_rel" not in said


def test_a_first_look_tells_a_district_that_has_moved_to_unified_contacts(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source):
        stayed = "\n".join(source.look())
    with powerschool(tmp_path, "migrated") as (_, source):
        moved = "\n".join(source.look())

    assert "powerschool-contacts" in moved
    assert "powerschool-contacts" not in stayed


def test_a_mapping_may_name_whatever_the_resource_has(tmp_path: Path) -> None:
    own = """
[fields]
email = { column = "contact_info.email" }
contact_sis_id = { column = "U_Families.Pickup_Code" }
"""
    with powerschool(tmp_path) as (system, source):
        rows = replace(source, own=own).rows()

    assert set(rows["email"]) == set(system.roster.students["Student_email"])
    assert rows["contact_sis_id"].drop_nulls()[0].startswith("P")


@pytest.mark.parametrize("column", ["students.lockernumber", "Homeroom"])
def test_a_column_that_the_resource_lacks_is_refused_before_anything_is_read(
    column: str, tmp_path: Path
) -> None:
    own = f'[fields]\nhome_language = {{ column = "{column}" }}'
    with (
        powerschool(tmp_path) as (_, source),
        pytest.raises(ChangeInput, match=f"has no {column}"),
    ):
        replace(source, own=own).read()


def test_other_statuses_are_read_where_the_source_says_so(tmp_path: Path) -> None:
    with powerschool(tmp_path, "former-students") as (_, source):
        rows = with_settings(source, statuses="A, P").rows()

    students = {int(one) % A_FEW for one in rows["student_sis_id"]}
    assert 3 in students
    assert {4, 5}.isdisjoint(students)


@pytest.mark.parametrize("statuses", ["", "A, X", "0"])
def test_a_status_that_there_is_not_is_refused(statuses: str, tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source), pytest.raises(ChangeInput, match="A, P, I, T, G, H"):
        with_settings(source, statuses=statuses).look()


def test_schools_are_chosen_by_their_number(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source):
        assert set(with_settings(source, schools="101, 103").rows()["school_sis_id"]) == {
            "101",
            "103",
        }


def test_a_first_look_finds_a_school_whose_students_come_late(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (system, source):
        last = system.roster.students.sort("School_id")
        system.roster.students = last
        school = last["School_id"][-1]
        said = with_settings(source, page_size="4", schools=school).look()

    assert any("students came first" in line for line in said)


@pytest.mark.parametrize(("quirk", "pages"), [("", 3), ("page-of-1000", 1)])
def test_pages_are_as_large_as_the_plugin_may(quirk: str, pages: int, tmp_path: Path) -> None:
    quirks = [quirk] if quirk else []
    roster = Roster(students=250, seed=5)
    with Serving(PowerSchoolSystem(roster, quirks=quirks)) as serving:
        reader("powerschool", serving, tmp_path).read()

    assert serving.asked.count("/ws/v1/district/student") == pages


@pytest.mark.parametrize("size", ["0", "many", "-5"])
def test_a_size_of_pages_that_is_none_is_refused(size: str, tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source), pytest.raises(ChangeInput, match="page_size"):
        with_settings(source, page_size=size).read()


@pytest.mark.parametrize(
    ("students", "moved", "words"),
    [
        (60, lambda listed: listed.head(50), "50 of 60 rows"),
        (60, lambda listed: listed[9:], "51 of 60 rows"),
        (64, lambda listed: pl.concat([listed, newcomer(listed)]), "64 rows .* at first, and 65"),
        (64, lambda listed: pl.concat([newcomer(listed), listed]), "came twice"),
    ],
)
def test_a_list_that_moves_while_it_is_read_is_not_the_whole(
    students: int,
    moved: Callable[[pl.DataFrame], pl.DataFrame],
    words: str,
    tmp_path: Path,
) -> None:
    with powerschool(tmp_path, students=students) as (system, source):
        answer = system.answer

        def answered(request: Request) -> Reply:
            reply = answer(request)
            if request.query.get("page") == "2" and "district" in request.path:
                system.roster.students = moved(system.roster.students)
            return reply

        system.answer = answered  # type: ignore[method-assign]

        with pytest.raises(IncompletePull, match=words):
            with_settings(source, page_size="8").read()


def newcomer(listed: pl.DataFrame) -> pl.DataFrame:
    return listed.head(1).with_columns(Student_id=pl.lit("999999"))


def test_students_come_in_the_same_order_however_powerschool_has_them(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (system, source):
        before = source.read()
        system.roster.students = system.roster.students.reverse()

        assert source.read().equals(before)


@pytest.mark.parametrize(
    ("key", "words"), [("client_secret", "credentials"), ("url", "nothing at")]
)
def test_a_first_look_says_what_is_wrong(key: str, words: str, tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source):
        wrong = {"client_secret": "x", "url": source.settings["url"] + "/elsewhere"}[key]

        with pytest.raises(SourceRefusal, match=words):
            with_settings(source, **{key: wrong}).look()


def test_a_status_that_nobody_has_is_told(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source), pytest.raises(ChangeInput, match="status G"):
        with_settings(source, statuses="G").look()
