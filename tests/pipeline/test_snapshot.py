"""Linked rows as contacts and relationships: nothing is lost, and the order of rows is nothing."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import WORDS, kept, laws

from kinsync.domain.frames import CONTACTS, RELATIONSHIPS
from kinsync.pipeline import snapshot
from kinsync.pipeline.evidence import keys_of
from kinsync.pipeline.link import link

Row = dict[str, str | None]
ANA: Row = {"name": "Ana Ruiz", "sis_id": "C1"}


def made(*given_rows: Row) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Contacts and relationships of these rows."""
    rows = kept(*given_rows)
    keys = keys_of(rows, WORDS)
    planned = snapshot.plan(keys, link(keys).rows)
    pieces = [rows[:2], rows[2:]]
    contacts = pl.concat(snapshot.contact_pieces(pieces, planned))
    relationships = pl.concat(snapshot.relationship_pieces(pieces, planned))
    assert (contacts.schema, relationships.schema) == (CONTACTS, RELATIONSHIPS)
    assert relationships.height == planned["is_kind"].sum()
    return contacts, relationships


def one(*given_rows: Row) -> dict[str, str | None]:
    """The only contact of these rows."""
    contacts, _ = made(*given_rows)
    return contacts.row(0, named=True) if contacts.height == 1 else pytest.fail(str(contacts))


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("Ana Ruiz", "Ana Maria Ruiz"), "Ana Maria Ruiz"),
        (("RUIZ, ANA", "Ana Ruiz"), "Ana Ruiz"),
        (("ANA RUIZ", "Ana Ruiz"), "Ana Ruiz"),
        (("Ruiz, Ana Maria", "Ruiz, Ana"), "Ruiz, Ana Maria"),
    ],
)
def test_a_contact_has_its_fullest_name(names: tuple[str, ...], chosen: str) -> None:
    rows = [{**ANA, "name": name} for name in names]

    assert one(*rows)["name"] == one(*reversed(rows))["name"] == chosen


def test_phones_come_in_the_order_cell_home_work_other() -> None:
    kinds = {"Work": "5035550103", "Other": "5035550104", "Home": "5035550102", "": "5035550105",
             "Mobile": "5035550101"}  # fmt: skip
    contact = one(*({**ANA, "phone": phone, "phone_type": kind} for kind, phone in kinds.items()))

    assert (contact["phone"], contact["phone_type"], contact["phone_type_source"]) == (
        "5035550101", "Cell", "Mobile",
    )  # fmt: skip
    more = json.loads(contact["more_phones"] or "")
    assert [phone["phone"] for phone in more] == [f"503555010{n}" for n in (2, 3, 4, 5)]


def test_one_phone_in_two_spellings_is_one_phone_with_its_extension() -> None:
    contact = one({**ANA, "phone": "5035550101"}, {**ANA, "phone": "+1 503 555 0101 x7"})

    assert (contact["phone"], contact["phone_extension"]) == ("15035550101", "7")
    assert contact["more_phones"] is None


def test_addresses_come_in_the_order_of_the_alphabet_once_each() -> None:
    contact = one(
        {**ANA, "email": "b@x.org; a@x.org"}, {**ANA, "email": "B@x.org"}, {**ANA, "email": ""}
    )

    assert contact["email"] == "a@x.org"
    assert len(json.loads(contact["more_emails"] or "")) == 1


def test_a_person_in_two_ways_is_one_contact_with_two_relationships() -> None:
    contacts, relationships = made({**ANA, "type": "Primary"}, {**ANA, "type": "Emergency"})

    assert contacts.height == 1
    assert set(relationships["type"]) == {"Primary", "Emergency"}


def test_siblings_share_the_contact() -> None:
    contacts, relationships = made(ANA, {**ANA, "student_sis_id": "S2"})

    assert contacts.height == 1
    assert relationships["student_sis_id"].to_list() == ["S1", "S2"]


def test_of_two_wordings_of_a_relationship_the_order_of_rows_chooses_none() -> None:
    """Shuffled rows made an update of a contact whose two rows said Mother and Mom."""
    mother = {**ANA, "relationship": "Mother", "phone": "5035550101"}
    mom = {**ANA, "relationship": "Mom", "phone": "5035550102"}

    for order in ((mother, mom), (mom, mother)):
        _, relationships = made(*order)
        assert relationships.select("relationship", "relationship_source").rows() == [
            ("Parent", "Mom")
        ]


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "student_sis_id": st.sampled_from(["S1", "S2"]),
            "type": st.sampled_from(["Primary", "primary", "Emergency"]),
            "relationship": st.sampled_from(["", "Mother", "madre", "Aunt"]),
            "name": st.sampled_from(["Ana Ruiz", "RUIZ, ANA", "Bo Ek", "Mom"]),
            "phone": st.sampled_from(
                ["", "5035550101", "15035550101 x1", "5035550102 / 5035550103"]
            ),
            "phone_type": st.sampled_from(["", "Cell", "Mobile", "Home"]),
            "email": st.sampled_from(["", "a@x.org", "A@x.org; b@x.org"]),
        }
    ),
    min_size=1,
    max_size=7,
)


def _without_numbers(contacts: pl.DataFrame, ties: pl.DataFrame) -> list[tuple[object, ...]]:
    both = ties.join(contacts, on="contact", how="full", coalesce=True).drop("contact")
    return sorted(both.rows(), key=repr)


@laws
@given(st.data(), ROWS)
def test_the_order_of_rows_changes_nothing_at_all(data: st.DataObject, rows: list[Row]) -> None:
    shuffled = data.draw(st.permutations(rows))

    assert _without_numbers(*made(*rows)) == _without_numbers(*made(*shuffled))


@laws
@given(ROWS)
def test_no_phone_and_no_address_is_lost(rows: list[Row]) -> None:
    contacts, _ = made(*rows)
    clean = kept(*rows)
    phones = set(contacts["phone"].drop_nulls())
    for more in contacts["more_phones"].drop_nulls():
        phones |= {phone["phone"] for phone in json.loads(more)}
    emails = {email.lower() for email in contacts["email"].drop_nulls()}
    for more in contacts["more_emails"].drop_nulls():
        emails |= {email.lower() for email in json.loads(more)}

    assert {p[-10:] for p in phones} == {p[-10:] for p in clean["phone"].drop_nulls()}
    assert emails == {email.lower() for email in clean["email"].drop_nulls()}


def test_schools_are_those_that_students_name() -> None:
    students = pl.DataFrame({"school_sis_id": ["2", "1", None, "2"]})

    assert snapshot.schools(students).rows() == [("1", None), ("2", None)]
