"""Mappings by which a row is several contacts, or none: every row still goes somewhere."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.services.check import checked
from kinsync.services.delivery import open_delivery
from kinsync.services.report import all_findings
from tests.services.test_intake import Told

STUDENT = "Student_id,School_id,Last_name,First_name"
SLOTS = """
[fields]
contact_type = { constant = "Emergency" }
[[slots]]
contact_name = { column = "Name 1", turn = true }
contact_phone = { column = "Phone 1" }
contact_relationship = { column = "Rel 1" }
[[slots]]
contact_name = { column = "Name 2", turn = true }
contact_phone = { column = "Phone 2" }
contact_relationship = { column = "Rel 2" }
"""
SLOTTED = f"{STUDENT},Name 1,Phone 1,Rel 1,Name 2,Phone 2,Rel 2"


def take_in(folder: Path, mapping: str, header: str, *rows: str) -> Told:
    file, toml = folder / "ours.csv", folder / "ours.toml"
    file.write_text("\n".join([header, *rows, ""]), "utf-8")
    toml.write_text(mapping, "utf-8")
    with checked(open_delivery(file, mapping=toml)) as intake:
        assert not intake.is_refused
        return Told(
            intake.counts,
            intake.is_refused,
            all_findings(intake),
            intake.held,
            intake.contacts(),
            intake.relationships(),
            intake.students(),
        )


def buckets(told: Told) -> tuple[int, int, int, int, int]:
    """Rows, published, held, collapsed, excluded."""
    counts = told.counts
    assert counts.rows == counts.published + counts.held + counts.collapsed + counts.excluded
    return counts.rows, counts.published, counts.held, counts.collapsed, counts.excluded


# -- slots ---------------------------------------------------------------------------------------


def test_each_filled_slot_of_a_row_is_a_contact(tmp_path: Path) -> None:
    told = take_in(
        tmp_path, SLOTS, SLOTTED,
        'S1,101,Okafor,Ada,"Okafor, Ines",5035550101,Mother,Ben Okafor,5035550102,Uncle',
        "S2,101,Park,Juno,Mina Park,5035550103,Aunt,,,",
        "S3,101,Vale,Rue,,,,,,",
    )  # fmt: skip

    assert sorted(told.contacts["name"]) == ["Ben Okafor", "Ines Okafor", "Mina Park"]
    assert set(told.relationships["type"]) == {"Emergency"}
    assert buckets(told) == (4, 4, 0, 0, 0)
    assert told.counts.students == 3


def test_a_slot_without_a_name_is_held_and_named_by_its_own_columns(tmp_path: Path) -> None:
    told = take_in(
        tmp_path, SLOTS, SLOTTED,
        "S1,101,Okafor,Ada,Ines Okafor,5035550101,Mother,,5035550102,Friend",
        "S2,101,Park,Juno,Mina Park,5035550103,Aunt,Jo Park,12,Uncle",
    )  # fmt: skip

    assert told.findings.select("row", "column", "code").rows() == [
        (2, "Name 2", "contact-name-missing"),
        (3, "Phone 2", "phone-length"),
    ]
    assert buckets(told) == (4, 3, 1, 0, 0)
    assert told.counts.students == 2


def test_the_same_contact_in_two_slots_collapses_and_is_found_at_its_place(tmp_path: Path) -> None:
    told = take_in(
        tmp_path, SLOTS, SLOTTED,
        "S1,101,Okafor,Ada,,,,,,",
        "S2,101,Park,Juno,Mina Park,5035550103,Aunt,Mina Park,5035550103,Aunt",
    )  # fmt: skip

    assert told.found == [("contact-repeated", 3)]
    assert buckets(told) == (3, 2, 0, 1, 0)


def test_a_student_who_is_named_twice_is_one(tmp_path: Path) -> None:
    row = "S1,101,Okafor,Ada,Ines Okafor,5035550101,Mother,Ben Okafor,5035550102,Uncle"
    told = take_in(tmp_path, SLOTS, SLOTTED, row, row.replace("Ada", "Adah"))

    assert (told.counts.students, told.counts.contacts) == (1, 2)
    assert buckets(told) == (4, 2, 0, 2, 0)
    assert ("student-rows-differ", 3) in told.found


# -- where ---------------------------------------------------------------------------------------

SELF = "contact_where = \"Contact_relationship <> 'Self'\"\n"
PLAIN = f"{STUDENT},Contact_type,Contact_name,Contact_relationship,Contact_phone"


def test_an_excluded_contact_leaves_its_student(tmp_path: Path) -> None:
    told = take_in(
        tmp_path, SELF, PLAIN,
        "S1,101,Okafor,Ada,Other,Ada Okafor,Self,5035550101",
        "S1,101,Okafor,Ada,Primary,Ines Okafor,Mother,5035550101",
        "S2,101,Park,Juno,Other,Juno Park,Self,5035550103",
        "S3,101,Vale,Rue,,,,",
    )  # fmt: skip

    assert told.contacts["name"].to_list() == ["Ines Okafor"]
    assert sorted(told.students["sis_id"]) == ["S1", "S2", "S3"]
    assert buckets(told) == (4, 2, 0, 0, 2)


def test_an_excluded_row_is_not_there_at_all(tmp_path: Path) -> None:
    told = take_in(
        tmp_path, "where = \"Status = 'A'\"", f"{STUDENT},Status", "S1,1,Okafor,Ada,A",
        "S2,1,Park,Juno,T", ",,,,T",
    )  # fmt: skip

    assert told.students["sis_id"].to_list() == ["S1"]
    assert told.found == []
    assert buckets(told) == (3, 1, 0, 0, 2)


def test_constants_and_defaults_alone_make_no_contact(tmp_path: Path) -> None:
    mapping = (
        "[fields]\ncontact_type = { expression = \"IF(Legal = '1', 'Primary', 'Other')\" }\n"
        'contact_phone_type = { constant = "Cell" }\n'
        'contact_relationship = { column = "Contact_relationship", default = "Mother" }\n'
    )
    told = take_in(
        tmp_path, mapping, f"{STUDENT},Contact_name,Contact_relationship,Contact_phone,Legal",
        "S1,101,Okafor,Ada,,,,1",
        "S2,101,Park,Juno,Mina Park,,5035550103,0",
    )  # fmt: skip

    assert told.relationships.select("type", "relationship").rows() == [("Other", "Parent")]
    assert told.found == []
    assert buckets(told) == (2, 2, 0, 0, 0)


# -- many ----------------------------------------------------------------------------------------

MANY = """
[fields]
contact_phone.many = ["Cell", "Home", "Work"]
contact_phone_type.many = [{ constant = "Cell" }, { constant = "Home" }, { constant = "Work" }]
contact_email = { many = ["Email", "Email 2"] }
"""
PHONED = f"{STUDENT},Contact_type,Contact_name,Cell,Home,Work,Email,Email 2"


def phones(told: Told) -> list[tuple[str, str, str]]:
    one = told.contacts.select("phone", "phone_type", "more_phones", "email", "more_emails")
    return one.rows()


def test_every_phone_of_a_row_is_one_of_the_contacts_phones_with_its_own_type(
    tmp_path: Path,
) -> None:
    told = take_in(
        tmp_path, MANY, PHONED,
        "S1,101,Okafor,Ada,Primary,Ines,,5035550102 x4,503-555-0103 / 5035550104,,i@mail.example",
    )  # fmt: skip
    more = told.contacts["more_phones"].str.json_decode(
        pl.List(pl.Struct({"phone": pl.String, "extension": pl.String, "type": pl.String}))
    )

    assert told.contacts.select("phone", "phone_extension", "phone_type", "email").rows() == [
        ("5035550102", "4", "Home", "i@mail.example")
    ]
    assert [(one["phone"], one["type"]) for one in more.to_list()[0]] == [
        ("5035550103", "Work"),
        ("5035550104", "Work"),
    ]
    assert buckets(told) == (1, 1, 0, 0, 0)


def test_a_cell_of_many_values_is_taken_apart_beside_its_types(tmp_path: Path) -> None:
    mapping = (
        '[fields]\ncontact_phone = { many = "Phones", split = "|" }\n'
        'contact_phone_type = { many = "Kinds", split = "|" }\n'
    )
    told = take_in(
        tmp_path, mapping, f"{STUDENT};Contact_type;Contact_name;Phones;Kinds".replace(",", ";"),
        "S1;101;Okafor;Ada;Primary;Ines;5035550101||5035550103;Work||Cell",
    )  # fmt: skip

    assert told.contacts.select("phone", "phone_type").rows() == [("5035550103", "Cell")]
    assert '"5035550101"' in told.contacts["more_phones"].item()
    assert '"Work"' in told.contacts["more_phones"].item()


def test_a_bad_phone_among_many_names_the_columns_that_it_may_be_in(tmp_path: Path) -> None:
    told = take_in(tmp_path, MANY, PHONED, "S1,101,Okafor,Ada,Primary,Ines,5035550101,12,,,")

    assert told.findings.select("column", "code", "value").rows() == [
        ("Cell, Home, Work", "phone-length", "12")
    ]


def test_one_email_beside_many_phones_is_looked_at_once(tmp_path: Path) -> None:
    mapping = MANY.replace('{ many = ["Email", "Email 2"] }', '{ column = "Email" }')
    told = take_in(
        tmp_path, mapping, PHONED, "S1,101,Okafor,Ada,Primary,Ines,5035550101,5035550102,,x@,"
    )

    assert [code for code, _ in told.found] == ["column-unknown", "email-format"]


def test_a_phone_that_nobody_can_see_does_not_hide_that_a_name_is_missing(tmp_path: Path) -> None:
    mapping = '[fields]\ncontact_phone = { many = ["Cell", "Home"] }'
    told = take_in(tmp_path, mapping, PHONED, "S1,101,Okafor,Ada,,,\u200b,5035550102,,,")

    assert told.counts.held == 1
    assert {code for code, _ in told.found} >= {"contact-name-missing", "contact-type-missing"}


# -- the law -------------------------------------------------------------------------------------

CELL = st.sampled_from(["", "", " ", "Ana", "Ana Ruiz", "N/A", "5035550101", "12", "Self"])
ID = st.sampled_from(["S1", "S2", "S3", "", "2.05E+04"])
ALL = (
    SELF.replace("Contact_relationship", '\\"Rel 1\\"')
    + "where = \"Last_name <> '12'\"\n"
    + SLOTS.replace('{ column = "Phone 1" }', '{ many = ["Phone 1", "Rel 2"] }')
)


@pytest.mark.parametrize("mapping", [SLOTS, ALL], ids=["slots", "all forms"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(ID, *[CELL] * 8), min_size=1, max_size=8))
def test_whatever_the_mapping_every_row_goes_somewhere(
    tmp_path: Path, mapping: str, rows: list[tuple[str, ...]]
) -> None:
    told = take_in(
        tmp_path, mapping, SLOTTED, *(",".join([row[0], "101", *row[1:]]) for row in rows)
    )
    counted = buckets(told)
    filled = [sum(bool("".join(row[n : n + 3]).strip()) for n in (3, 6)) for row in rows]

    assert told.findings["row"].is_in(range(1, len(rows) + 2)).all()
    assert counted[0] >= len(rows)
    if mapping is SLOTS:
        assert counted[0] == sum(max(contacts, 1) for contacts in filled)
        assert counted[4] == 0
