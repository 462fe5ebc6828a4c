"""Ed-Fi ODS/API, data standard 4.0 and 5.x, as its own tests and samples show it."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, IncompletePull, SourceRefusal
from kinsync.simulators.ed_fi import QUIRKS, EdFiSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Fault, Reply, Request, Serving
from tests.connectors.contract import TokenContract
from tests.connectors.reading import Reader, homes, reader


class _Contract(TokenContract):
    name = "ed-fi"
    paged = "/ed-fi/students"
    certain = "lastSurname"
    small_pages = {"page_size": "8"}  # noqa: RUF012
    switched: Collection[str] = ()

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> EdFiSystem:
        return EdFiSystem(roster, quirks=[*quirks, *self.switched])

    def expire(self, system: Any) -> None:
        system.tokens.end()


class TestContractByToken(_Contract):
    """Version 7.3, which has page tokens."""


class TestContractByOffset(_Contract):
    """Version 7.1, which has none."""

    switched = ("version-7-1",)

    def test_a_count_that_changes_ends_the_pull(self, serving: Serving, source: Reader) -> None:
        changing(serving, "/ed-fi/students", rows=lambda roster: roster.slice(1))

        with pytest.raises(IncompletePull, match="149 of 150 rows came"):
            source.read()


def changing(serving: Serving, path: str, rows: Any) -> None:
    """After the first page of a list something happens to the students."""
    system = serving.system
    answer = system.answer

    def answered(request: Request) -> Reply:
        reply = answer(request)
        is_first = request.query.get("offset", "0") == "0" and "pageToken" not in request.query
        if request.path.endswith(path) and request.query.get("limit") != "0" and is_first:
            system.roster.students = rows(system.roster.students)
        return reply

    system.answer = answered  # type: ignore[method-assign]


@contextmanager
def ed_fi(
    folder: Path,
    *quirks: str,
    students: int = 60,
    unseen: Collection[str] = (),
    **settings: str,
) -> Iterator[tuple[Serving, Reader]]:
    """A district's Ed-Fi API with these quirks, and a source that reads it."""
    system = EdFiSystem(Roster(students=students, seed=5), quirks=quirks, unseen=unseen)
    with Serving(system) as serving:
        yield serving, reader("ed-fi", serving, folder, **{"page_size": "50", **settings})


@pytest.mark.parametrize("quirk", sorted(QUIRKS))
def test_no_quirk_loses_anybody_who_may_be_published(quirk: str, tmp_path: Path) -> None:
    with ed_fi(tmp_path, quirk) as (serving, source):
        taken = source.taken_in()

    roster = serving.system.roster
    has_left = [one for one in roster.students["Student_id"] if int(one) % 7 == 3]
    has_left = has_left if quirk == "ended-enrolments" else []
    theirs = roster.contacts.filter(pl.col("student").is_in(has_left)).height
    unseen = roster.contacts.filter(pl.col("person") % 7 == 2).height
    held = unseen if quirk == "out-of-scope" else 0
    assert taken.counts.students == roster.students.height - len(has_left)
    assert taken.counts.relationships == roster.contacts.height - theirs - held
    assert (taken.counts.excluded, taken.counts.held) == (0, held)


def test_types_follow_status_and_relation(tmp_path: Path) -> None:
    with ed_fi(tmp_path, students=200) as (serving, source):
        people = source.taken_in().people

    contacts = serving.system.roster.contacts
    expected = Counter(_type(row) for row in contacts.iter_rows(named=True))
    assert Counter(people["type"]) == expected


def _type(row: dict[str, Any]) -> str:
    if row["type"] == "P":
        return "Primary"
    if row["type"] == "G" or row["role"] in ("mother", "father", "stepmother"):
        return "Parent/Guardian"
    if row["type"] == "E":
        return "Emergency"
    relatives = ("grandmother", "grandfather", "aunt", "uncle")
    return "Family" if row["role"] in relatives else "Other"


def test_everybody_has_a_type_where_nothing_but_the_relation_is_told(tmp_path: Path) -> None:
    with ed_fi(tmp_path, "sparse", students=200) as (_, source):
        types = set(source.taken_in().people["type"])

    assert {"Parent/Guardian", "Family", "Other"} <= types
    assert "Primary" not in types


def test_parents_become_what_contacts_become(tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (_, source):
        contacts = source.read()
    with ed_fi(tmp_path, "standard-4") as (serving, source):
        assert source.read().equals(contacts)
        assert any(path.endswith("/parents") for path in serving.asked)


def test_numbers_of_a_state_are_looked_up_in_its_descriptors(tmp_path: Path) -> None:
    with ed_fi(tmp_path, students=200) as (_, source):
        common = source.taken_in()
    with ed_fi(tmp_path, "state-descriptors", students=200) as (_, source):
        states = source.taken_in()

    assert common.people["relationship"].equals(states.people["relationship"])
    assert {"Parent", "Grandparent", "Other"} <= set(states.people["relationship"])
    assert "relationship-unknown" not in common.codes() | states.codes()


def test_every_code_of_the_common_descriptors_is_known(tmp_path: Path) -> None:
    with ed_fi(tmp_path, students=200) as (_, source):
        taken = source.taken_in()

    unknown = {code for code in taken.codes() if code.endswith("-unknown")}
    assert unknown <= {"column-unknown"}


def test_a_key_that_may_not_read_descriptors_reads_the_rest(tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (_, source):
        with_them = source.read()
    with ed_fi(tmp_path, "no-descriptors") as (_, source):
        assert source.read().equals(with_them)


@pytest.mark.parametrize("quirk", ["faxes", "hidden-phones"])
def test_what_is_not_to_be_published_is_not_read(quirk: str, tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (_, source):
        plain = source.read()
    with ed_fi(tmp_path, quirk) as (_, source):
        assert source.read().equals(plain)


def test_a_source_says_which_phones_are_not_read(tmp_path: Path) -> None:
    with ed_fi(tmp_path, "faxes", students=200) as (_, source):
        settings = {**source.settings, "withheld_phones": "Home, Emergency 1"}
        kinds = set(replace(source, settings=settings).read()["Contact.telephoneTypes"])

    assert {"Fax", "Fax|Mobile"} <= kinds
    assert not any("Home" in kind or "Emergency" in kind for kind in kinds if kind)


def test_whoever_is_contacted_with_restrictions_is_restricted_unless_the_mapping_says_otherwise(
    tmp_path: Path,
) -> None:
    own = '[fields]\ncontact_restricted = { constant = "N" }'
    with ed_fi(tmp_path, "restrictions", students=200) as (serving, source):
        roster = serving.system.roster.contacts
        people = source.taken_in().people
        nobody = replace(source, own=own).taken_in().people

    friends = roster.filter(pl.col("role") == "friend")
    restricted = people.filter(pl.col("restricted") == "Y")
    assert people.height == nobody.height == roster.height
    assert sorted(restricted["name"]) == sorted(friends["name"]) != []
    assert nobody["restricted"].null_count() == nobody.height


def test_a_first_look_names_a_year_that_there_is_not(tmp_path: Path) -> None:
    with ed_fi(tmp_path, year="1999") as (_, source), pytest.raises(ChangeInput, match="year 1999"):
        source.look()


def test_priority_status_and_address_come_along(tmp_path: Path) -> None:
    with ed_fi(tmp_path, students=200) as (serving, source):
        taken = source.taken_in()

    roster = serving.system.roster
    flags = taken.flags()
    assert Counter(flags["order"]) == Counter(roster.contacts["order"])
    for flag, is_so in {
        "primary": pl.col("type") == "P",
        "emergency": pl.col("type") == "E",
        "guardian": pl.col("type") == "G",
        "lives_with": pl.col("order") == 1,
    }.items():
        assert flags.filter(pl.col(flag) == "Y").height == roster.contacts.filter(is_so).height, (
            flag
        )
    assert taken.addresses() == homes(roster)


def test_an_address_that_is_not_to_be_published_is_not(tmp_path: Path) -> None:
    with ed_fi(tmp_path, "hidden-addresses") as (_, source):
        assert source.taken_in().addresses() == set()


def test_a_contact_whom_the_key_does_not_see_is_held_and_deletes_nobody(tmp_path: Path) -> None:
    with ed_fi(tmp_path, "out-of-scope") as (_, source):
        taken = source.taken_in()

    assert taken.codes() >= {"contact-name-missing"}
    assert taken.counts.held > 0


def test_the_primary_school_counts(tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (_, source):
        plain = source.rows()["school_sis_id"]
    with ed_fi(tmp_path, "second-school") as (_, source):
        assert source.rows()["school_sis_id"].equals(plain)
        schools = source.read()["StudentSchoolAssociation.schoolIds"]

    assert schools.str.contains("|", literal=True).any()


def test_students_who_have_left_are_read_where_the_source_says_so(tmp_path: Path) -> None:
    with ed_fi(tmp_path, "ended-enrolments", inactive="yes") as (serving, source):
        listed = set(serving.system.roster.students["Student_id"])

        assert set(source.read()["Student.studentUniqueId"]) == listed


def test_an_api_behind_a_proxy_is_asked_where_the_source_says(tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (_, source):
        plain = source.read()
    with ed_fi(tmp_path, "proxy") as (_, source):
        assert source.read().equals(plain)


def test_an_api_for_each_year_wants_to_be_told_the_year(tmp_path: Path) -> None:
    with ed_fi(tmp_path, "instances") as (_, source):
        assert source.look()
        with pytest.raises(ChangeInput, match="tell the source its year"):
            replace(source, settings={**source.settings, "year": ""}).look()


@pytest.mark.parametrize("paging", ["offset", "token"])
def test_lists_are_the_same_whichever_way_they_are_read(paging: str, tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (_, source):
        by_itself = source.read()
        told = replace(source, settings={**source.settings, "paging": paging})

        assert told.read().equals(by_itself)


def test_a_page_may_not_have_more_rows_than_the_api_gives(tmp_path: Path) -> None:
    with (
        ed_fi(tmp_path, page_size="501", paging="offset") as (_, source),
        pytest.raises(SourceRefusal, match="HTTP 400"),
    ):
        source.read()


def test_what_goes_after_a_list_was_read_is_found_by_its_change_version(tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (serving, source):
        system = serving.system
        assert isinstance(system, EdFiSystem)
        answer = system.answer

        def answered(request: Request) -> Reply:
            if request.path.endswith("/ed-fi/contacts") and system.history.newest == 1:
                system.history.newest = 2
                gone = {"id": "0", "changeVersion": 2, "keyValues": {}}
                system.history.gone["students"] = [gone]
            return answer(request)

        system.answer = answered  # type: ignore[method-assign]

        with pytest.raises(IncompletePull, match="went while it was read"):
            source.read()


def test_a_snapshot_does_not_move_while_it_is_read(tmp_path: Path) -> None:
    with ed_fi(tmp_path, snapshot="yes", page_size="20") as (serving, source):
        before = source.read()
        serving.system.night()

        assert source.read().equals(before)
        assert isinstance(serving.system, EdFiSystem)
        serving.system.take_snapshot()
        assert not source.read().equals(before)


def test_a_wrong_key_is_told_as_such(tmp_path: Path) -> None:
    with (
        ed_fi(tmp_path, secret="wrong-one") as (_, source),
        pytest.raises(SourceRefusal, match="credentials"),
    ):
        source.look()


def test_an_address_that_is_no_base_address_is_told_as_such(tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (_, source):
        wrong = {**source.settings, "url": source.settings["url"] + "/data/v3"}

        with pytest.raises(SourceRefusal, match="Check the address"):
            replace(source, settings=wrong).look()


@pytest.mark.parametrize(
    ("unseen", "words"),
    [
        ("students", "sees no student"),
        ("contacts", "claim set"),
        ("studentContactAssociations", "claim set"),
    ],
)
def test_a_first_look_tells_what_a_key_does_not_see(
    unseen: str, words: str, tmp_path: Path
) -> None:
    with (
        ed_fi(tmp_path, unseen=[unseen]) as (_, source),
        pytest.raises(ChangeInput, match=words),
    ):
        source.look()


def test_associations_without_any_contact_are_no_district_without_contacts(tmp_path: Path) -> None:
    with (
        ed_fi(tmp_path, unseen=["contacts"]) as (_, source),
        pytest.raises(SourceRefusal, match="claim set"),
    ):
        source.read()


def test_a_mapping_may_name_what_is_nested(tmp_path: Path) -> None:
    own = '[fields]\ncontact_phone = { column = "Contact.telephones.Mobile.telephoneNumber" }'
    with ed_fi(tmp_path, "faxes", students=200) as (serving, source):
        people = replace(source, own=own).taken_in().people

    mobile = serving.system.roster.contacts.filter(pl.col("phone_kind") == "cell")["phone"]
    assert set(people["phone"].drop_nulls()) == set(mobile)


def test_an_answer_without_an_association_is_not_the_whole(tmp_path: Path) -> None:
    with ed_fi(tmp_path) as (serving, source):
        serving.fail(Fault.DROP, "Associations", value="studentUniqueId", times=1000)

        with pytest.raises(IncompletePull, match="studentUniqueId"):
            source.read()
