"""A mapping says everything that is wrong with it, at once."""

import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.domain.mapping import Mapping


def refusal(text: str) -> str:
    with pytest.raises(ChangeInput) as refused:
        Mapping.from_toml(text, name="mapping.toml")
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields = [", "not valid TOML"),
        ("[field]", "'field' is not known; did you mean fields?"),
        ('[fields.contact_fax]\ncolumn = "Fax"', "'contact_fax' is not a field"),
        ('[fields]\ncontact_name = "Name"', "contact_name must be a table"),
        ("[fields.contact_name]\nturn = true", "needs exactly one of"),
        ('[fields.contact_name]\ncolumn = "A"\njoin = ["B"]', "needs exactly one of"),
        ('[fields.contact_name]\ncolumn = "A"\nupper = true', "has 'upper'"),
        ('[words.kind]\n"x" = "Parent"', "words.kind is not a list"),
        ('[words.relationship]\n"Tata" = "Dad"', "'Dad' is none of our words; known: Parent"),
    ],
)
def test_a_fault_is_named_with_what_would_do(text: str, said: str) -> None:
    assert said in refusal(text)


def test_every_fault_is_named_at_once() -> None:
    text = '[fields.contact_fax]\ncolumn = "F"\n[fields.contact_name]\n[words.kind]\n'

    assert all(part in refusal(text) for part in ("contact_fax", "contact_name", "words.kind"))


def test_a_mapping_speaks_over_another_and_leaves_the_rest() -> None:
    base = Mapping.from_toml(
        '[fields.contact_name]\ncolumn = "A"\n[fields.contact_phone]\ncolumn = "P"\n'
        '[words.type]\n"x" = "Other"',
        name="base",
    )
    own = Mapping.from_toml(
        '[fields.contact_name]\njoin = ["F", "L"]\n[words.type]\n"y" = "Family"', name="own"
    ).over(base)

    assert own.feeds["contact_name"].columns == ("F", "L")
    assert own.feeds["contact_phone"].columns == ("P",)
    assert own.words["type"] == {"x": "Other", "y": "Family"}


WHOLE = """
where = "Status = 'Active'"
contact_where = "Relation <> 'Self'"

[fields]
student_sis_id = { column = "ID", required = true }
contact_email = { first = ["Email", "Work email"] }
contact_phone = { many = ["Cell", { join = ["Area", "Number"], separator = "-" }] }
contact_phone_type = { many = [{ constant = "Cell" }, { column = "Kind" }] }
contact_type = { expression = "CASE WHEN \\"Legal.1\\" = '1' THEN 'Primary' ELSE 'Other' END" }

[[slots]]
contact_name = { column = "Emerg 1" }

[[slots]]
contact_name = { column = "Emerg 2" }
"""


def test_a_mapping_says_which_columns_a_connector_has_to_ask_for() -> None:
    mapping = Mapping.from_toml(WHOLE, name="whole.toml")

    assert set(mapping.columns) == {
        "Status", "Relation", "ID", "Email", "Work email", "Cell", "Area", "Number", "Kind",
        "Legal.1", "Emerg 1", "Emerg 2",
    }  # fmt: skip
    assert mapping.contacts_per_row == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[fields]\nstudent_sis_id = { column = "A" }\ncontact_nmae = { column = "B" }',
         "line 3, column 1: 'contact_nmae' is not a field of Kinsync; did you mean contact_name?"),
        ('[fields]\ncontact_name = { colum = "B" }',
         "line 2, column 18: contact_name has 'colum'; did you mean column?"),
        ('feilds = 1', "line 1, column 1: 'feilds' is not known; did you mean fields?"),
        ('\n[[slots]]\n[[slots]]\nlast_name = { column = "B" }',
         "line 4, column 1: last_name is about the student"),
        ('[fields]\ncontact_name = { column = "A" }\n[[slots]]\ncontact_name = { column = "B" }',
         "line 4, column 1: contact_name is fed in fields too"),
        ('[fields]\ncontact_name = { many = ["A", "B"] }',
         "line 2, column 18: contact_name is one value; many is for contact_phone"),
        ('[fields]\ncontact_phone = { many = "A" }', "one column beside split"),
        ('[fields]\ncontact_phone = { many = [{ many = ["A"] }] }', "many cannot stand inside"),
        ('[fields]\ncontact_phone = { column = "A" }\n'
         'contact_phone_type = { many = ["B", "C"] }', "lists 2 types for 1 phones"),
        ('[fields]\ncontact_name = { column = "A", separator = "-" }',
         "separator means nothing beside column"),
        ('[fields]\ncontact_name = { column = "A", required = "maybe" }', "required is true"),
        ('[fields]\ncontact_name = { column = ["A"] }', "column is a text"),
        ('[fields]\ncontact_name = { join = [] }', "join lists columns"),
        ('[fields]\ncontact_type = { expression = "(SELECT 1)" }',
         "line 2, column 18: the expression uses SELECT"),
        ('where = "Status"', "line 1, column 1: the expression is neither true nor false"),
        ("where = 3", "where is a text"),
        ('[words.relationship]\n"Tata" = "Parents"', "did you mean Parent?"),
        ('[words.relation]\n"Tata" = "Parent"', "did you mean relationship?"),
    ],
)  # fmt: skip
def test_a_fault_has_its_place_and_what_was_meant(text: str, said: str) -> None:
    assert said in refusal(text)


def test_faults_stand_in_the_order_of_the_file() -> None:
    text = '[words.x]\n[fields]\ncontact_x = { column = "B" }\ncontact_name = {}\n[y]\n'
    told = refusal(text)

    assert [told.index(f"line {line}") for line in (1, 3, 4, 5)] == sorted(
        told.index(f"line {line}") for line in (1, 3, 4, 5)
    )


def test_a_field_that_a_district_feeds_is_fed_so_in_every_slot() -> None:
    base = Mapping.from_toml(WHOLE, name="base")
    own = Mapping.from_toml('[fields]\ncontact_name = { column = "N" }', name="own").over(base)

    assert [own.feeds_of(slot)["contact_name"].columns for slot in (0, 1)] == [("N",), ("N",)]
    assert own.contact_where == base.contact_where


def test_a_district_can_do_without_slots_and_conditions() -> None:
    own = Mapping.from_toml('slots = []\nwhere = ""\ncontact_where = ""', name="own")
    own = own.over(Mapping.from_toml(WHOLE, name="base"))

    assert own.is_row_for_row
    assert "Status" not in own.columns
