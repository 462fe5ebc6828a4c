"""Illuminate over its REST API, as its open clients show it."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, IncompletePull, SourceRefusal
from kinsync.simulators.illuminate import QUIRKS, IlluminateSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from tests.connectors.contract import TokenContract
from tests.connectors.reading import Reader, reader

OTHER_NAMES = """
[fields]
contact_name = { join = ["Contact.given_name", "Contact.family_name"] }
contact_relationship = { column = "Contact.relation" }
contact_sis_id = { column = "Contact.person_id" }
"""


class TestContract(TokenContract):
    name = "illuminate-api"
    paged = "/Students/"
    certain = "local_student_id"
    small_pages = {"page_size": "8"}  # noqa: RUF012

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> IlluminateSystem:
        return IlluminateSystem(roster, quirks=quirks)

    def expire(self, system: Any) -> None:
        system.tokens.end()


@contextmanager
def illuminate(
    folder: Path, *quirks: str, students: int = 60, **settings: str
) -> Iterator[tuple[Serving, Reader]]:
    """A district's Illuminate with these quirks, and a source that reads it."""
    system = IlluminateSystem(Roster(students=students, seed=5), quirks=quirks)
    told = {"contacts": system.contacts, "page_size": "20", **settings}
    own = OTHER_NAMES if "other-names" in quirks else ""
    with Serving(system) as serving:
        yield serving, replace(reader("illuminate-api", serving, folder, **told), own=own)


@pytest.mark.parametrize("quirk", sorted(QUIRKS.keys() - {"no-contacts", "self-contacts"}))
def test_no_quirk_loses_anybody(quirk: str, tmp_path: Path) -> None:
    with illuminate(tmp_path, quirk) as (serving, source):
        taken = source.taken_in()

    roster = serving.system.roster
    assert taken.counts.students == roster.students.height
    assert taken.counts.relationships == roster.contacts.height
    assert taken.counts.held == 0


def test_types_follow_household_flags_and_relationship(tmp_path: Path) -> None:
    with illuminate(tmp_path, "two-primaries", students=200) as (serving, source):
        people = source.taken_in().people

    found = Counter(people["type"])
    contacts = serving.system.roster.contacts
    assert found["Primary"] == contacts.filter(pl.col("order") == 1).height
    parents = pl.col("role").is_in(["mother", "father", "stepmother"])
    others = contacts.filter(pl.col("order") != 1)
    is_guardian = (pl.col("order") == 2) | (pl.col("type") == "G") | parents
    assert found["Parent/Guardian"] == others.filter(is_guardian).height


def test_every_contact_has_a_type_of_ours(tmp_path: Path) -> None:
    with illuminate(tmp_path, "own-words", students=200) as (_, source):
        taken = source.taken_in()

    assert set(taken.people["type"]) <= {
        *("Primary", "Parent/Guardian", "Emergency", "Family", "Other")
    }
    assert "relationship-unknown" in taken.codes()


def test_a_student_among_the_contacts_stays_one(tmp_path: Path) -> None:
    with illuminate(tmp_path, "self-contacts") as (serving, source):
        taken = source.taken_in()
        without = replace(source, own="""contact_where = "\\"Contact.relationship\\" <> 'Self'\"""")
        left = without.taken_in()

    assert "Self" in set(taken.people["relationship"])
    assert left.counts.relationships == serving.system.roster.contacts.height


def test_ids_are_one_whether_they_come_as_numbers_or_as_texts(tmp_path: Path) -> None:
    with illuminate(tmp_path) as (_, source):
        plain = source.read()
    with illuminate(tmp_path, "mixed-ids") as (_, source):
        assert source.read().equals(plain)


def test_ids_that_lost_their_zeros_find_their_students(tmp_path: Path) -> None:
    with illuminate(tmp_path, "lost-zeros") as (serving, source):
        rows = source.rows()

    listed = {f"00{one}" for one in serving.system.roster.students["Student_id"]}
    assert set(rows["student_sis_id"]) == listed


def test_requests_may_be_signed_instead(tmp_path: Path) -> None:
    with illuminate(tmp_path) as (_, source):
        with_token = source.read()
    with illuminate(tmp_path, signed="oauth1") as (serving, source):
        assert source.read().equals(with_token)
        assert serving.asked.count("/live/") == 0


def test_a_clock_that_is_wrong_refuses_signatures(tmp_path: Path) -> None:
    with (
        illuminate(tmp_path, "clock", signed="oauth1") as (_, source),
        pytest.raises(SourceRefusal, match="401"),
    ):
        source.look()


def test_oauth1_wants_the_token_that_was_issued(tmp_path: Path) -> None:
    with (
        illuminate(tmp_path, signed="oauth1", token="") as (_, source),
        pytest.raises(ChangeInput, match="access token"),
    ):
        source.look()


def test_a_district_without_a_resource_of_contacts_is_shown_another_way(tmp_path: Path) -> None:
    with illuminate(tmp_path, "no-contacts") as (_, source):
        for attempt in (source.look, source.read):
            with pytest.raises(SourceRefusal, match="the connector illuminate"):
                attempt()


def test_a_root_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with illuminate(tmp_path, "dna-root") as (_, source):
        wrong = {**source.settings, "url": source.settings["url"].replace("/dna", "/live")}

        with pytest.raises(SourceRefusal, match="nothing at"):
            replace(source, settings=wrong).look()


def test_a_first_look_names_the_fields_that_there_are(tmp_path: Path) -> None:
    with illuminate(tmp_path) as (_, source):
        said = source.look()
        wrong = replace(source, settings={**source.settings, "student_key": "pupil"})

        assert "phones.number" in said[-1]
        with pytest.raises(ChangeInput, match="no field pupil"):
            wrong.look()


def test_contacts_of_nobody_are_no_district_without_contacts(tmp_path: Path) -> None:
    with illuminate(tmp_path) as (serving, source):
        roster = serving.system.roster
        roster.contacts = roster.contacts.with_columns(student=pl.lit("9") + pl.col("student"))

        with pytest.raises(SourceRefusal, match="student_key"):
            source.read()


def test_an_empty_year_is_told_as_such(tmp_path: Path) -> None:
    with illuminate(tmp_path) as (serving, source):
        serving.system.roster.students = serving.system.roster.students.clear()

        with pytest.raises(ChangeInput, match="Students is empty"):
            source.look()


def test_a_count_that_changes_ends_the_pull(tmp_path: Path) -> None:
    with illuminate(tmp_path) as (serving, source):
        system = serving.system
        answer = system.answer

        def answered(request: Any) -> Any:
            reply = answer(request)
            if request.query.get("page") == "2" and "Students" in request.path:
                system.roster.students = system.roster.students.slice(1)
            return reply

        system.answer = answered  # type: ignore[method-assign]

        with pytest.raises(IncompletePull, match="it counted"):
            source.read()
