"""PowerSchool's Unified Contacts, as it describes them and as they were seen."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, SourceRefusal
from kinsync.services.sources import plugin_of
from kinsync.simulators.powerschool_contacts import (
    QUIRKS,
    SECOND_PHONE,
    THIRD_PHONE,
    PowerSchoolContactsSystem,
)
from kinsync.simulators.powerschool_plugin import Plugin
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from kinsync.simulators.spelling import A_FEW
from tests.connectors.contract import TokenContract
from tests.connectors.reading import Reader, homes, reader


class TestContract(TokenContract):
    name = "powerschool-contacts"
    paged = "/query/org.kinsync.contacts"
    counted_first = 1
    certain = "contact_id"
    small_pages = {"page_size": "40"}  # noqa: RUF012

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> PowerSchoolContactsSystem:
        return PowerSchoolContactsSystem(roster, quirks=quirks)

    def expire(self, system: Any) -> None:
        system.tokens.end()


@contextmanager
def contacts_of(
    folder: Path, *quirks: str, students: int = 60
) -> Iterator[tuple[PowerSchoolContactsSystem, Reader]]:
    """A district's Unified Contacts with these quirks, and a source that reads them."""
    system = PowerSchoolContactsSystem(Roster(students=students, seed=5), quirks=quirks)
    with Serving(system) as serving:
        yield system, reader("powerschool-contacts", serving, folder)


@pytest.mark.parametrize("quirk", sorted(QUIRKS))
def test_no_quirk_loses_a_student_who_is_there(quirk: str, tmp_path: Path) -> None:
    with contacts_of(tmp_path, quirk) as (system, source):
        listed = set(system.roster.students["Student_id"])
        rows = source.rows()

    former = {one for one in listed if quirk == "former-students" and int(one) % A_FEW in (3, 4, 5)}
    assert set(rows["student_sis_id"]) == listed - former


def test_a_person_of_several_students_is_one_contact(tmp_path: Path) -> None:
    with contacts_of(tmp_path, students=200) as (system, source):
        taken = source.taken_in()
        roster = system.roster.contacts

    assert taken.counts.relationships == roster.height
    assert taken.counts.contacts == roster["person"].n_unique() < roster.height


def test_types_follow_the_order_and_then_what_somebody_is(tmp_path: Path) -> None:
    with contacts_of(tmp_path, students=200) as (system, source):
        people = source.taken_in().people
        place = pl.int_range(1, pl.len() + 1).over("student", order_by=("order", "number"))
        placed = system.roster.contacts.with_columns(place=place)

    expected = Counter(_type(*one) for one in placed.select("place", "role").rows())
    assert Counter(people["type"]) == expected
    assert len(expected) == 4


def _type(place: int, role: str) -> str:
    if place < 3:
        return ("Primary", "Secondary")[place - 1]
    is_guardian = role in ("mother", "father", "stepmother")
    return "Parent/Guardian" if is_guardian else "Emergency"


def test_every_phone_comes_with_its_kind(tmp_path: Path) -> None:
    with contacts_of(tmp_path, "three-phones") as (system, source):
        rows = source.read()
        taken = source.taken_in()
        with_phone = system.roster.contacts.filter(pl.col("phone") != "")

    preferred = rows["contacts.phones"].drop_nulls().str.split("|").list.first()
    assert set(preferred) == {THIRD_PHONE}
    assert set(rows["contacts.phone_types"].drop_nulls().str.split("|").list.len()) == {3}
    more = taken.people["more_phones"].drop_nulls()
    assert more.len() == with_phone.height
    assert all(THIRD_PHONE in one and SECOND_PHONE in one for one in more)
    assert "phone-type-unknown" not in taken.codes()


@pytest.mark.parametrize(
    ("quirk", "kind"), [("not-set-phones", "Other"), ("daytime-phones", "Work")]
)
def test_kinds_of_phones_are_turned_into_our_words(quirk: str, kind: str, tmp_path: Path) -> None:
    with contacts_of(tmp_path, quirk) as (_, source):
        taken = source.taken_in()

    assert set(taken.people["phone_type"].drop_nulls()) == {kind}
    assert "phone-type-unknown" not in taken.codes()


def test_an_extension_is_told_once_wherever_it_was_typed(tmp_path: Path) -> None:
    with contacts_of(tmp_path, "extensions") as (system, source):
        phones = source.read()["contacts.phones"].drop_nulls()
        people = source.taken_in().people
        digits = set(system.roster.contacts["phone"]) - {""}

    assert phones.str.contains(r"^\d{10} x12$").all()
    assert set(people["phone"].drop_nulls()) == digits


def test_codes_are_turned_into_words_by_what_they_say(tmp_path: Path) -> None:
    ours = ["student_sis_id", "name", "type", "relationship", "phone_type"]
    with contacts_of(tmp_path) as (_, source):
        plain = source.taken_in().people.select(ours)
    with contacts_of(tmp_path, "short-codes") as (_, source):
        assert source.read()["contacts.relation_code"].str.len_chars().max() == 2
        assert source.taken_in().people.select(ours).equals(plain)


def test_a_code_that_says_nothing_stands_for_itself(tmp_path: Path) -> None:
    with contacts_of(tmp_path) as (system, source):
        plain = source.taken_in().people
        queries = {
            name: replace(
                query,
                columns={
                    alias: column
                    for alias, column in query.columns.items()
                    if column != "codeset.displayvalue"
                },
            )
            for name, query in system.plugin.queries.items()
        }
        system.plugin = Plugin(queries)

        assert source.taken_in().people.equals(plain)


def test_a_contact_without_a_phone_is_a_contact(tmp_path: Path) -> None:
    with contacts_of(tmp_path, "no-phones") as (system, source):
        taken = source.taken_in()

    assert taken.counts.relationships == system.roster.contacts.height
    assert taken.people["phone"].null_count() > 0


def test_a_mailbox_of_a_family_joins_nobody(tmp_path: Path) -> None:
    with contacts_of(tmp_path) as (_, source):
        plain = source.taken_in()
    with contacts_of(tmp_path, "shared-email") as (_, source):
        shared = source.taken_in()

    assert shared.counts.contacts == plain.counts.contacts
    told = shared.people.select(pl.concat_str("email", "more_emails", ignore_nulls=True))
    assert told.to_series().str.contains(r"family\d+@home\.example").all()
    assert shared.people["more_emails"].null_count() < shared.people.height


def test_order_flags_dates_and_address_come_along(tmp_path: Path) -> None:
    with contacts_of(tmp_path, students=200) as (system, source):
        taken = source.taken_in()
        roster = system.roster

    flags = taken.flags()
    guardians = roster.contacts.filter(pl.col("role").is_in(["mother", "father", "stepmother"]))
    for flag in ("guardian", "lives_with", "pick_up", "receives_mail"):
        assert flags.filter(pl.col(flag) == "Y").height == guardians.height, flag
        assert flags[flag].null_count() == 0
    assert set(flags["emergency"]) == {"Y"}
    assert set(flags["from"]) == {"2026-07-01"}
    assert flags.filter(pl.col("order") == 1).height == roster.contacts["student"].n_unique()
    assert taken.addresses() == homes(roster, unit=True)


def test_of_two_addresses_the_first_in_the_order_of_the_contact_counts(tmp_path: Path) -> None:
    with contacts_of(tmp_path, "two-addresses") as (system, source):
        assert source.taken_in().addresses() == homes(system.roster, unit=True)


def test_a_plugin_without_addresses_will_do_where_none_are_wanted(tmp_path: Path) -> None:
    with contacts_of(tmp_path) as (system, source):
        few = {k: v for k, v in system.plugin.queries.items() if k != "org.kinsync.addresses"}
        system.plugin = Plugin(few)
        without = replace(source, settings={**source.settings, "addresses_query": ""})

        with pytest.raises(SourceRefusal, match=r"org\.kinsync\.addresses"):
            source.look()
        assert without.look()
        assert without.taken_in().addresses() == set()


def test_what_somebody_was_until_last_year_is_not_read(tmp_path: Path) -> None:
    with contacts_of(tmp_path) as (_, source):
        plain = source.read()
    with contacts_of(tmp_path, "dated-details") as (_, source):
        assert source.read().equals(plain)


def test_of_two_details_the_later_one_counts_where_a_query_gives_both(tmp_path: Path) -> None:
    with contacts_of(tmp_path, "dated-details") as (system, source):
        plain = source.read()
        queries = {
            name: replace(query, of_today=False) for name, query in system.plugin.queries.items()
        }
        system.plugin = Plugin(queries)

        assert source.read().equals(plain)


def test_an_association_that_is_not_active_is_not_read(tmp_path: Path) -> None:
    with contacts_of(tmp_path, "inactive-details") as (system, source):
        taken = source.taken_in()

    inactive = system.roster.contacts.filter(pl.col("person") % A_FEW == 6).height
    assert taken.counts.relationships == system.roster.contacts.height - inactive
    assert inactive > 0


def test_a_student_who_is_a_contact_of_its_own_is_neither_primary_nor_a_parent(
    tmp_path: Path,
) -> None:
    with contacts_of(tmp_path, "self-contacts") as (_, source):
        own = source.taken_in().people.filter(pl.col("relationship") == "Self")

    assert set(own["type"]) == {"Other"}


def test_the_plugin_lets_all_of_it_be_read(tmp_path: Path) -> None:
    own = '[fields]\nhome_language = { column = "u_families.lives_with" }'
    with contacts_of(tmp_path, "short-codes") as (system, source):
        source = replace(source, own=own)
        before = source.read()
        system.install(plugin_of("powerschool-contacts", own, name="own"))

        assert source.read().equals(before)


def test_a_mapping_may_name_what_a_query_of_the_districts_own_has_more(tmp_path: Path) -> None:
    own = '[fields]\ncontact_relationship = { column = "contacts.active_code" }'
    with contacts_of(tmp_path) as (system, source):
        query = system.plugin.queries["org.kinsync.contacts"]
        more = {**query.columns, "active_code": "studentcontactdetail.isactive"}
        wider = replace(query, columns=more)
        system.plugin = Plugin({**system.plugin.queries, "org.example.wider": wider})
        settings = {**source.settings, "contacts_query": "org.example.wider"}

        rows = replace(source, own=own, settings=settings).rows()
        assert set(rows["contact_relationship"].drop_nulls()) == {"1"}


def test_a_plugin_without_queries_is_told(tmp_path: Path) -> None:
    with contacts_of(tmp_path) as (system, source):
        system.plugin = Plugin()

        with pytest.raises(SourceRefusal, match=r"org\.kinsync\.contacts"):
            source.look()


def test_a_district_without_unified_contacts_is_told_where_its_contacts_are(tmp_path: Path) -> None:
    with contacts_of(tmp_path) as (system, source):
        system.roster.seen_as(lambda contacts: contacts.clear())

        with pytest.raises(ChangeInput, match="connector powerschool"):
            source.look()


def test_contacts_come_in_the_same_order_however_powerschool_has_them(tmp_path: Path) -> None:
    with contacts_of(tmp_path, "three-phones", "shared-email") as (system, source):
        before = source.read()
        system.roster.contacts = system.roster.contacts.reverse()

        assert source.read().equals(before)
