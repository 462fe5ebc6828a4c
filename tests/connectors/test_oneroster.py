"""OneRoster, as it is specified and as servers were seen to speak it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

from kinsync.connectors.oneroster import rest
from kinsync.domain.errors import ChangeInput, IncompletePull, SourceRefusal
from kinsync.simulators.oneroster import QUIRKS, OneRosterSystem
from kinsync.simulators.oneroster_users import roles_of
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Reply, Request, Serving
from tests.connectors.contract import TokenContract
from tests.connectors.reading import Reader, reader


class TestContract(TokenContract):
    name = "oneroster"
    paged = "/users"
    certain = "givenName"
    small_pages: ClassVar[Mapping[str, str]] = {"page_size": "40"}

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> OneRosterSystem:
        return OneRosterSystem(roster, quirks=quirks)

    def expire(self, system: Any) -> None:
        system.tokens.end()


# -- what servers are like -----------------------------------------------------------------------


@contextmanager
def oneroster(
    folder: Path, *quirks: str, students: int = 60, version: str = "1.2", auth: str = "oauth2"
) -> Iterator[tuple[OneRosterSystem, Reader]]:
    """A district's service with these quirks, and a source that reads it."""
    roster = Roster(students=students, seed=5)
    system = OneRosterSystem(roster, quirks=quirks, version=version, auth=auth)
    with Serving(system) as serving:
        yield system, reader("oneroster", serving, folder)


def told(source: Reader, **settings: str) -> Reader:
    return replace(source, settings={**source.settings, **settings})


def pairs(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """Student and name of every contact."""
    people = rows.filter(pl.col("contact_name").fill_null("") != "")
    return sorted(zip(people["student_sis_id"], people["contact_name"], strict=True))


def true_pairs(system: OneRosterSystem, but: Collection[int] = ()) -> list[tuple[str, str]]:
    known = system.roster.contacts.filter(~pl.col("person").is_in(list(but)))
    return sorted(zip(known["student"], known["name"], strict=True))


CHANGES_WHO_IS_THERE = {
    *("deleted", "id-per-role", "no-guardians", "other-roles", "sibling-agents"),
}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("quirk", sorted(QUIRKS.keys() - CHANGES_WHO_IS_THERE))
def test_no_quirk_loses_anybody_who_is_there(quirk: str, version: str, tmp_path: Path) -> None:
    with oneroster(tmp_path, quirk, version=version) as (system, source):
        rows = told(source, page_size="7").rows()

    assert set(rows["student_sis_id"]) == set(system.roster.students["Student_id"])
    assert pairs(rows) == true_pairs(system)


def test_all_quirks_of_paging_together_lose_nobody(tmp_path: Path) -> None:
    quirks = ("clamped", "no-totals", "duplicates", "booleans", "old-records", "no-sort", "scope")
    with oneroster(tmp_path, *quirks) as (system, source):
        assert pairs(source.rows()) == true_pairs(system)


def test_without_totals_a_list_that_answers_with_nothing_is_not_the_whole(tmp_path: Path) -> None:
    with oneroster(tmp_path, "no-totals") as (system, source):
        system.roster.students = system.roster.students.clear()

        with pytest.raises(IncompletePull, match="no students"):
            source.read()


@pytest.mark.parametrize("auth", [*rest.TOKENS, *rest.SIGNED])
def test_each_way_to_prove_who_we_are_is_known(auth: str, tmp_path: Path) -> None:
    version = "1.1" if auth.startswith("oauth1") else "1.2"
    with oneroster(tmp_path, version=version, auth=auth) as (system, source):
        assert pairs(source.rows()) == true_pairs(system)
        with pytest.raises(SourceRefusal, match="refused the credentials"):
            told(source, client_secret="another").look()


def test_a_way_that_nobody_knows_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with oneroster(tmp_path) as (_, source), pytest.raises(ChangeInput, match="oauth1-sha1"):
        told(source, auth="kerberos").look()


def test_an_address_of_tokens_that_is_missing_is_asked_for(tmp_path: Path) -> None:
    with oneroster(tmp_path) as (_, source), pytest.raises(ChangeInput, match="token_url"):
        told(source, token_url="").look()


def test_no_secret_goes_to_an_address_of_tokens_without_tls(tmp_path: Path) -> None:
    with oneroster(tmp_path) as (_, source), pytest.raises(ChangeInput, match="https"):
        told(source, token_url="http://tokens.example.org/token").look()


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("1.2", ""),
        ("1.2", "/"),
        ("1.2", "/ims/oneroster"),
        ("1.2", "/ims/oneroster/rostering/"),
        ("1.2", "/ims/oneroster/rostering/v1p2/"),
        ("1.1", ""),
        ("1.1", "/ims/oneroster"),
        ("1.1", "/ims/oneroster/v1p1"),
    ],
)
def test_an_address_may_end_at_any_part_of_its_path(
    version: str, path: str, tmp_path: Path
) -> None:
    with oneroster(tmp_path, version=version) as (system, source):
        url = source.settings["url"].removesuffix(system.path)

        assert told(source, url=url + path, version=version).look()


def test_parents_and_guardians_are_told_from_relatives(tmp_path: Path) -> None:
    with oneroster(tmp_path, students=200) as (system, source):
        people = source.taken_in().people
        roles = Counter(
            role
            for one in system.people.users()
            for role in [roles_of(one)[0]] * len(one["agents"])
            if role != "student"
        )

    assert Counter(people["type"]) == {
        "Parent/Guardian": roles["parent"] + roles["guardian"],
        "Family": roles["relative"],
    }
    assert people["relationship"].drop_nulls().unique().to_list() == ["Parent"]
    assert people["relationship"].count() == roles["parent"]
    assert min(roles["guardian"], roles["relative"]) > 0


def test_what_metadata_says_wins_over_the_role(tmp_path: Path) -> None:
    with oneroster(tmp_path, "metadata", students=200) as (system, source):
        taken = source.taken_in()
        roles = Counter(system.roster.contacts["role"])

    found = Counter(taken.people["relationship"])
    assert found["Grandparent"] == roles["grandmother"] + roles["grandfather"] > 0
    assert found["Aunt/Uncle"] == roles["aunt"] + roles["uncle"]


def test_a_mapping_may_name_anything_that_a_record_has(tmp_path: Path) -> None:
    own = """
        [fields]
        student_number = { column = "student.userIds.SIS" }
        contact_name = { column = "contact.metadata.Relationship" }
        state_id = { column = "student.nickname" }
        """
    with oneroster(tmp_path, "metadata") as (system, source):
        table = replace(source, own=own).read()

    assert set(table["student.userIds.SIS"]) == set(system.roster.students["Student_number"])
    assert "Mother" in set(table["contact.metadata.Relationship"])
    assert table["student.nickname"].null_count() == table.height


def test_one_person_of_several_students_is_one_contact(tmp_path: Path) -> None:
    with oneroster(tmp_path, students=200) as (system, source):
        taken = source.taken_in()

    assert taken.counts.contacts == system.roster.contacts["person"].n_unique()
    assert taken.counts.relationships == system.roster.contacts.height
    assert taken.counts.contacts < taken.counts.relationships


def test_whoever_was_deleted_there_does_not_come(tmp_path: Path) -> None:
    with oneroster(tmp_path, "deleted") as (system, source):
        gone = [one for one in system.roster.contacts["person"] if one % 7 == 3]
        rows = source.rows()

    assert gone
    assert pairs(rows) == true_pairs(system, but=gone)


def test_whose_login_is_disabled_stays_unless_the_source_says_otherwise(tmp_path: Path) -> None:
    with oneroster(tmp_path, "disabled") as (system, source):
        disabled = [one for one in system.roster.contacts["person"] if one % 7 == 5]

        assert disabled
        assert pairs(source.rows()) == true_pairs(system)
        assert pairs(told(source, disabled="no").rows()) == true_pairs(system, but=disabled)


def test_a_contact_whom_there_is_not_is_left_out_and_the_student_stays(tmp_path: Path) -> None:
    with oneroster(tmp_path, "dangling-agents") as (system, source):
        taken = source.taken_in()

    assert taken.counts.held == 0
    assert taken.counts.students == system.roster.students.height
    assert taken.counts.relationships == system.roster.contacts.height


def test_who_is_named_and_not_listed_is_asked_for_alone(tmp_path: Path) -> None:
    with oneroster(tmp_path, "hidden") as (system, source):
        assert not all(map(system.people.is_listed, system.people.users()))
        assert pairs(source.rows()) == true_pairs(system)


def is_no_contact(record: Mapping[str, Any]) -> bool:
    return not str(record["sourcedId"]).startswith("con-")


def test_a_list_that_leaves_out_many_who_are_there_is_not_the_whole(tmp_path: Path) -> None:
    with oneroster(tmp_path, students=150) as (system, source):
        system.people.is_listed = is_no_contact  # type: ignore[method-assign]

        with pytest.raises(IncompletePull, match="did not list"):
            source.read()
        assert "these are there too" in source.look()[-1]
        assert pairs(told(source, asked_alone="5000").rows()) == true_pairs(system)


def test_staff_and_students_who_are_named_are_contacts_of_their_kind(tmp_path: Path) -> None:
    with oneroster(tmp_path, "other-roles", "sibling-agents") as (system, source):
        taken = source.taken_in()
        first = system.people.student_id(system.roster.students["Student_id"][0])

    types = dict(taken.people.select("sis_id", "type").iter_rows())
    assert types["staff-1"] == "Other"
    assert types[first] == "Family"
    assert "contact-type-unknown" not in taken.codes()


def test_a_role_that_nobody_knows_is_listed(tmp_path: Path) -> None:
    with oneroster(tmp_path, "ext-roles") as (system, source):
        taken = source.taken_in()
        mapped = replace(source, own='[words.type]\n"ext:liaison" = "Family"').taken_in()

    friends = system.roster.contacts.filter(pl.col("role") == "friend").height
    unknown = taken.findings.filter(pl.col("code") == "contact-type-unknown")
    assert Counter(unknown["value"]) == {"ext:liaison": friends} != {}
    assert "contact-type-unknown" not in mapped.codes()
    assert mapped.people.height == taken.people.height


def test_priority_and_emergency_flag_of_metadata_come_along(tmp_path: Path) -> None:
    with oneroster(tmp_path, "metadata") as (system, source):
        flags = source.taken_in().flags()
        people = system.roster.contacts.unique("person", keep="first", maintain_order=True)

    by_key = {f"con-{one}": order for one, order in people.select("person", "order").iter_rows()}
    assert {(key, order) for key, order in flags.select("sis_id", "order").iter_rows()} == set(
        by_key.items()
    )
    assert set(flags["emergency"]) == {"Y", "N"}


def test_a_contact_with_a_record_for_each_role_is_two_unless_mapped_by_name(
    tmp_path: Path,
) -> None:
    by_name = '[fields]\ncontact_sis_id = { column = "contact.username" }'
    with oneroster(tmp_path, "id-per-role") as (system, source):
        persons = set(system.roster.contacts["person"])
        doubled = [one for one in persons if system.people.has_second(one)]

        assert doubled
        assert source.taken_in().counts.contacts == len(persons) + len(doubled)
        assert replace(source, own=by_name).taken_in().counts.contacts == len(persons)


def test_all_schools_of_a_student_are_read_and_the_first_leads(tmp_path: Path) -> None:
    with oneroster(tmp_path, "two-schools", "district-role") as (system, source):
        table = source.read()
        several = table.filter(pl.col("student.schools").str.contains(", "))

    own = dict(system.roster.students.select("Student_id", "School_id").iter_rows())
    assert several.height > 0
    assert all(
        own[one] == school
        for one, school in table.select("student.sourcedId", "student.school").iter_rows()
    )
    assert set(several["student.schools"].str.split(", ").list.len()) == {
        len(system.roster.schools)
    }


@pytest.mark.parametrize("quirks", [(), ("contacts-alone",)])
def test_a_service_without_contacts_gives_its_students_and_the_first_look_says_so(
    quirks: tuple[str, ...], tmp_path: Path
) -> None:
    with oneroster(tmp_path, "no-guardians", *quirks) as (system, source):
        taken, said = source.taken_in(), source.look()

    assert (taken.counts.students, taken.counts.contacts) == (system.roster.students.height, 0)
    assert "guardians have to be included" in said[-1]


def test_a_service_without_students_is_told_in_the_first_look(tmp_path: Path) -> None:
    with oneroster(tmp_path) as (system, source):
        system.roster.students = system.roster.students.clear()
        system.roster.contacts = system.roster.contacts.clear()

        with pytest.raises(ChangeInput, match="no student"):
            source.look()


def test_a_scope_that_is_needed_and_not_told_is_refused(tmp_path: Path) -> None:
    with (
        oneroster(tmp_path, "scope") as (_, source),
        pytest.raises(SourceRefusal, match="token"),
    ):
        told(source, scope="").look()


def test_contacts_come_in_the_same_order_however_they_are_listed(tmp_path: Path) -> None:
    with oneroster(tmp_path, "no-sort") as (system, source):
        before = source.read()
        system.people.users().reverse()

        assert source.read().equals(before)


def moving(system: OneRosterSystem, moved: Callable[[list[dict[str, Any]]], None]) -> None:
    """After the first page something happens to the users."""
    answer = system.answer

    def answered(request: Request) -> Reply:
        reply = answer(request)
        if request.path.endswith("/users") and request.query.get("offset") == "0":
            moved(system.people.users())
        return reply

    system.answer = answered  # type: ignore[method-assign]


def comes_in(users: list[dict[str, Any]]) -> None:
    """Somebody stands before everybody else from now on, and everybody moves on by one place."""
    users.append({**users[0], "sourcedId": "0"})


def changes_order(users: list[dict[str, Any]]) -> None:
    users.reverse()


def leaves(users: list[dict[str, Any]]) -> None:
    """The first student is gone, and whoever began the second page is on none."""
    users.pop(0)


def test_a_count_that_changes_while_a_list_is_read_is_not_the_whole(tmp_path: Path) -> None:
    with oneroster(tmp_path) as (system, source):
        moving(system, comes_in)

        with pytest.raises(IncompletePull, match="counted"):
            told(source, page_size="10").read()


def test_a_list_whose_order_changes_while_it_is_read_is_not_the_whole(tmp_path: Path) -> None:
    with oneroster(tmp_path, "no-totals", "no-sort") as (system, source):
        moving(system, changes_order)

        with pytest.raises(IncompletePull, match="came twice"):
            told(source, page_size="10").read()


@pytest.mark.parametrize("moved", [comes_in, leaves])
def test_who_moves_on_an_uncounted_list_costs_no_family_that_stays_its_contacts(
    moved: Callable[[list[dict[str, Any]]], None], tmp_path: Path
) -> None:
    with oneroster(tmp_path, "no-totals") as (system, source):
        stay = set(true_pairs(system))
        first = system.people.users()[0]["sourcedId"]
        moving(system, moved)
        rows = told(source, page_size="10").rows()

    assert {pair for pair in stay if pair[0] != first} <= set(pairs(rows))
