"""Skyward Qmlativ over its Generic API, as the clients of others know it."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, IncompletePull, SourceRefusal
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Fault, Reply, Request, Serving
from kinsync.simulators.skyward_qmlativ import QUIRKS, SkywardQmlativSystem
from tests.connectors.contract import TokenContract
from tests.connectors.reading import Reader, reader


class TestContract(TokenContract):
    name = "skyward-qmlativ"
    paged = "/Student/Student"
    certain = "LastName"
    small_pages = {"page_size": "8"}  # noqa: RUF012

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> SkywardQmlativSystem:
        return SkywardQmlativSystem(roster, quirks=quirks)

    def expire(self, system: Any) -> None:
        system.tokens.end()

    def test_a_page_that_comes_twice_ends_the_pull(self, serving: Serving, source: Reader) -> None:
        answer = serving.system.answer  # the number of a page is part of its path

        def answered(request: Request) -> Reply:
            first = request.path.replace("/Student/Student/2/", "/Student/Student/1/")
            return answer(replace(request, path=first))

        serving.system.answer = answered  # type: ignore[method-assign]

        with pytest.raises(IncompletePull, match="twice"):
            source.read()


@contextmanager
def qmlativ(
    folder: Path,
    *quirks: str,
    students: int = 60,
    rights: Collection[str] | None = None,
    **settings: str,
) -> Iterator[tuple[Serving, Reader]]:
    """A district's Qmlativ with these quirks, and a source that reads it."""
    roster = Roster(students=students, seed=5)
    with Serving(SkywardQmlativSystem(roster, quirks=quirks, rights=rights)) as serving:
        yield (
            serving,
            reader("skyward-qmlativ", serving, folder, **{"page_size": "50", **settings}),
        )


@pytest.mark.parametrize("quirk", sorted(QUIRKS))
def test_no_quirk_loses_anybody_who_may_be_published(quirk: str, tmp_path: Path) -> None:
    with qmlativ(tmp_path, quirk) as (serving, source):
        taken = source.taken_in()

    roster = serving.system.roster
    has_left = [one for one in roster.students["Student_id"] if int(one) % 7 == 3]
    has_left = has_left if quirk == "inactive-students" else []
    theirs = roster.contacts.filter(pl.col("student").is_in(has_left)).height
    assert taken.counts.students == roster.students.height - len(has_left)
    assert taken.counts.relationships == roster.contacts.height - theirs
    assert (taken.counts.held, taken.counts.excluded) == (0, 0)


def test_guardians_are_told_from_emergency_contacts(tmp_path: Path) -> None:
    with qmlativ(tmp_path, "guardians-on-call", students=200) as (serving, source):
        people = source.taken_in().people

    contacts = serving.system.roster.contacts
    guardians = contacts.filter(pl.col("type").is_in(["P", "S", "G"])).height
    assert people.filter(pl.col("type") == "Parent/Guardian").height == guardians
    assert people.filter(pl.col("type") == "Emergency").height == contacts.height - guardians


def test_one_person_of_several_students_is_one_contact(tmp_path: Path) -> None:
    with qmlativ(tmp_path, students=200) as (serving, source):
        people = source.taken_in().people

    assert people["contact"].n_unique() == serving.system.roster.contacts["person"].n_unique()


def test_people_with_restricted_access_are_restricted(tmp_path: Path) -> None:
    with qmlativ(tmp_path, "restricted", students=200) as (serving, source):
        roster = serving.system.roster.contacts
        people = source.taken_in().people

    fathers = roster.filter((pl.col("role") == "father") & (pl.col("person") % 7 == 1))
    restricted = people.filter(pl.col("restricted") == "Y")
    guardians = fathers.filter(pl.col("type").is_in(["P", "S", "G"]))
    assert people.height == roster.height
    assert sorted(restricted["name"]) == sorted(guardians["name"]) != []


def test_rank_custody_emergency_and_pick_up_come_along(tmp_path: Path) -> None:
    with qmlativ(tmp_path, "restricted", students=200) as (serving, source):
        flags = source.taken_in().flags()
    with qmlativ(tmp_path, "guardians-on-call", students=200) as (_, source):
        on_call = source.taken_in().flags()

    roster = serving.system.roster.contacts
    is_guardian = pl.col("type").is_in(["P", "S", "G"])
    assert Counter(flags["order"]) == Counter(roster["order"])
    custodial = roster.filter(is_guardian & (pl.col("order") == 1)).height
    assert flags.filter(pl.col("guardian") == "Y").height == custodial > 0
    assert flags.filter(pl.col("emergency") == "Y").height == roster.filter(~is_guardian).height
    assert flags["pick_up"].eq("N").to_list() == flags["restricted"].eq_missing("Y").to_list()
    assert set(on_call["emergency"]) == {"Y"}


def test_a_type_that_a_district_named_is_listed_and_can_be_mapped(tmp_path: Path) -> None:
    own = '[words.phone_type]\n"MOBILE - TEXT OK" = "Cell"'
    with qmlativ(tmp_path, "renamed-types", students=200) as (_, source):
        unknown = source.taken_in()
        mapped = replace(source, own=own).taken_in()

    assert "phone-type-unknown" in unknown.codes()
    assert "Cell" not in set(unknown.people["phone_type"])
    assert "phone-type-unknown" not in mapped.codes()
    assert "Cell" in set(mapped.people["phone_type"])


def test_codes_stand_in_for_descriptions_that_are_blank(tmp_path: Path) -> None:
    with qmlativ(tmp_path) as (_, source):
        described = source.rows()
    with qmlativ(tmp_path, "codes-alone") as (_, source):
        assert source.rows().equals(described)


def test_a_fax_is_no_phone(tmp_path: Path) -> None:
    with qmlativ(tmp_path) as (_, source):
        plain = source.rows()
    with qmlativ(tmp_path, "faxes") as (_, source):
        assert source.rows().equals(plain)


def test_confidential_phones_are_read_where_the_source_says_so(tmp_path: Path) -> None:
    with qmlativ(tmp_path, students=200) as (_, source):
        all_phones = source.rows()["contact_phone"]
    with qmlativ(tmp_path, "confidential-phones", students=200) as (_, source):
        kept = source.rows()["contact_phone"]
        told = replace(source, settings={**source.settings, "confidential": "yes"}).rows()

    assert kept.null_count() > all_phones.null_count()
    assert told["contact_phone"].equals(all_phones)


def test_an_extension_comes_with_its_phone(tmp_path: Path) -> None:
    with qmlativ(tmp_path, "extensions", students=200) as (_, source):
        people = source.taken_in().people

    assert set(people["phone_extension"].drop_nulls()) == {"204"}


def test_every_address_comes(tmp_path: Path) -> None:
    with qmlativ(tmp_path, "two-emails") as (_, source):
        cells = source.read()["NameEmail.EmailAddresses"].drop_nulls()

    assert cells.str.contains("|second.", literal=True).any()


def test_a_student_of_two_entities_is_shown_at_the_default_one(tmp_path: Path) -> None:
    with qmlativ(tmp_path) as (_, source):
        plain = source.rows()["school_sis_id"]
    with qmlativ(tmp_path, "two-entities") as (_, source):
        assert source.rows()["school_sis_id"].equals(plain)
        assert source.read()["StudentEntityYear.Entities"].str.contains("|", literal=True).any()


def test_the_current_year_counts_unless_another_is_told(tmp_path: Path) -> None:
    with qmlativ(tmp_path, school_year="11") as (_, source):
        last_year = source.rows()["school_sis_id"]
    with qmlativ(tmp_path) as (_, source):
        this_year = source.rows()["school_sis_id"]

    assert last_year.cast(pl.Int64).to_list() == (this_year.cast(pl.Int64) - 1).to_list()


def test_students_who_have_left_are_read_where_the_source_says_so(tmp_path: Path) -> None:
    with qmlativ(tmp_path, "inactive-students", inactive="yes") as (serving, source):
        listed = set(serving.system.roster.students["Student_id"])

        assert set(source.rows()["student_sis_id"]) == listed


def test_requests_may_be_signed_instead(tmp_path: Path) -> None:
    with qmlativ(tmp_path) as (_, source):
        with_token = source.read()
    with qmlativ(tmp_path, signed="oauth1") as (serving, source):
        assert source.read().equals(with_token)
        assert not any(path.endswith("/token") for path in serving.asked)


@pytest.mark.parametrize("quirk", ["", "inactive-students", "next-to-itself", "agencies"])
def test_a_search_gives_what_the_list_gives(quirk: str, tmp_path: Path) -> None:
    with qmlativ(tmp_path, *filter(None, [quirk]), page_size="7") as (serving, source):
        by_list = source.read()
        asked = len(serving.asked)
        search = replace(source, settings={**source.settings, "search": "yes"})

        assert search.read().equals(by_list)
        assert len(serving.asked) <= 2 * asked


def test_a_search_asks_for_names_of_contacts_alone_and_signs_it_too(tmp_path: Path) -> None:
    with qmlativ(tmp_path, search="yes", signed="oauth1") as (serving, source):
        posted: dict[str, Any] = {}
        answer = serving.system.answer

        def answered(request: Request) -> Reply:
            posted[request.path.split("/Generic/1/")[-1].rsplit("/", 2)[0]] = request.body
            return answer(request)

        serving.system.answer = answered  # type: ignore[method-assign]
        source.read()

    assert "IsGuardianName" in posted["Demographics/Name"]
    assert "IsCurrentActive" in posted["Student/Student"]
    assert "SearchCondition" not in posted["Demographics/NamePhone"]
    assert all("SearchSort" in body for body in posted.values())


def test_objects_that_move_while_they_are_searched_stay_in_their_order(tmp_path: Path) -> None:
    with qmlativ(tmp_path, search="yes", page_size="7") as (serving, source):
        before = source.read()
        roster = serving.system.roster
        roster.students = roster.students.reverse()

        assert source.read().equals(before)


def test_a_mapping_names_what_is_asked_for(tmp_path: Path) -> None:
    own = '[fields]\ncontact_email = { column = "Name.SkywardID" }'
    asked: list[str] = []
    with qmlativ(tmp_path) as (serving, source):
        answer = serving.system.answer
        serving.system.answer = lambda request: (asked.append(request.url), answer(request))[1]  # type: ignore[method-assign,func-returns-value]
        replace(source, own=own).read()

    names = [url for url in asked if "/Demographics/Name/" in url]
    assert names
    assert all("SkywardID" in url for url in names)
    assert not any("SkywardID" in url for url in asked if "/NamePhone/" in url)


@pytest.mark.parametrize("name", ["key", "secret"])
def test_a_wrong_key_is_told_as_such(name: str, tmp_path: Path) -> None:
    with qmlativ(tmp_path) as (_, source):
        wrong = replace(source, settings={**source.settings, name: "wrong-one"})

        with pytest.raises(SourceRefusal, match="credentials"):
            wrong.look()


def test_a_first_look_names_the_object_that_may_not_be_read(tmp_path: Path) -> None:
    rights = set(SkywardQmlativSystem(Roster(students=1))._makers()) - {"Demographics/NamePhone"}
    with (
        qmlativ(tmp_path, rights=rights) as (_, source),
        pytest.raises(SourceRefusal, match="Demographics/NamePhone"),
    ):
        source.look()


def test_a_first_look_names_the_field_that_may_not_be_read(tmp_path: Path) -> None:
    with qmlativ(tmp_path) as (serving, source):
        serving.fail(Fault.DROP, "/NamePhone", value="PhoneTypeID", times=9)

        with pytest.raises(ChangeInput, match="NamePhone without PhoneTypeID"):
            source.look()


def test_a_first_look_names_the_years_that_there_are(tmp_path: Path) -> None:
    with (
        qmlativ(tmp_path, school_year="3") as (_, source),
        pytest.raises(ChangeInput, match="11, 12"),
    ):
        source.look()


def test_an_entity_without_a_current_year_is_told(tmp_path: Path) -> None:
    with qmlativ(tmp_path) as (serving, source):
        serving.fail(Fault.EMPTY, "/SchoolYear", times=9)

        with pytest.raises(ChangeInput, match="no current school year"):
            source.look()


def test_people_come_in_the_same_order_however_they_are_listed(tmp_path: Path) -> None:
    with qmlativ(tmp_path) as (serving, source):
        before = source.read()
        roster = serving.system.roster
        roster.contacts = roster.contacts.reverse()
        roster.students = roster.students.reverse()

        assert source.read().equals(before)
