"""Map: which column feeds which field, and what is said about the header."""

import polars as pl
import pytest

from kinsync.connectors.students_file import custom_contacts_mapping, students_mapping
from kinsync.domain.frames import ROWS
from kinsync.domain.mapping import Mapping
from kinsync.pipeline.map import Columns

REQUIRED = ("Student_id", "School_id", "Last_name", "First_name")
WHOLE = (*REQUIRED, "Contact_type", "Contact_name")


def columns(*headers: str, changed: str = "") -> Columns:
    mapping = Mapping.from_toml(changed, name="mapping.toml").over(students_mapping())
    return Columns(headers, mapping, file="students.csv")


def told(one: Columns) -> list[tuple[str, str, str | None]]:
    return list(one.findings.select("code", "column", "value").iter_rows())


def mapped(one: Columns, **cells: str | None) -> dict[str, str | None]:
    """The fields of one row that is written as these columns."""
    table = pl.DataFrame({"row": [2], **{name: [cell] for name, cell in cells.items()}},
                         schema_overrides=dict.fromkeys(cells, pl.String))  # fmt: skip
    rows = one.rows(table)
    assert rows.schema == ROWS
    return {
        name: value
        for name, value in rows.row(0, named=True).items()
        if value is not None and name != "part"
    }


def test_a_file_without_contact_columns_is_complete() -> None:
    one = columns(*REQUIRED)

    assert told(one) == []
    assert not one.has_contacts


@pytest.mark.parametrize(
    "header", ["Contact_type", "contact_type", "CONTACT TYPE", "ContactType", " contact  type ",
               "\ufeffContact_type", "Contact type\t"]
)  # fmt: skip
def test_case_blanks_and_underscores_of_a_header_do_not_matter(header: str) -> None:
    one = columns(*REQUIRED, header, "Contact_name")

    assert told(one) == []
    assert one.header("contact_type") == header


def test_the_order_of_columns_is_free_and_others_are_named_once() -> None:
    one = columns("Bus_route", *reversed(WHOLE), "Password")

    assert told(one) == [
        ("column-unknown", "Bus_route", None), ("column-unknown", "Password", None),
    ]  # fmt: skip
    assert set(one.used) == set(WHOLE)


@pytest.mark.parametrize("missing", REQUIRED)
def test_each_required_column_is_missed(missing: str) -> None:
    assert told(columns(*(h for h in WHOLE if h != missing))) == [("column-missing", missing, None)]


@pytest.mark.parametrize(
    ("header", "missing"),
    [("Last_nmae", "Last_name"), ("StudentID#", "Student_id"), ("Contact_names", "Contact_name")],
)
def test_the_nearest_header_is_suggested_for_a_missing_column(header: str, missing: str) -> None:
    given = [header if name == missing else name for name in WHOLE]

    assert told(columns(*given)) == [
        ("column-missing", missing, header), ("column-unknown", header, None),
    ]  # fmt: skip


def test_any_contact_column_asks_for_type_and_name() -> None:
    assert told(columns(*REQUIRED, "Contact_email")) == [
        ("column-missing", "Contact_type", None), ("column-missing", "Contact_name", None),
    ]  # fmt: skip


def test_of_two_headers_that_are_one_the_first_is_read() -> None:
    one = columns(*WHOLE, "contact name")

    assert told(one) == [("column-unknown", "contact name", None)]
    cells = {**dict.fromkeys(WHOLE, "x"), "Contact_name": "Ana", "contact name": "Bo"}
    assert mapped(one, **cells)["contact_name"] == "Ana"


def test_a_value_comes_as_the_source_wrote_it() -> None:
    one = columns(*WHOLE)

    assert mapped(one, **dict.fromkeys(WHOLE, " x ")) == {
        "row": 2, "student_sis_id": " x ", "school_sis_id": " x ", "last_name": " x ",
        "first_name": " x ", "contact_type": " x ", "contact_name": " x ",
    }  # fmt: skip


def test_the_first_filled_column_can_feed_a_field() -> None:
    changed = '[fields.contact_phone]\nfirst = ["Cell", "Home"]'
    one = columns(*WHOLE, "Home", "Cell", changed=changed)
    blank = dict.fromkeys(WHOLE)

    assert mapped(one, **blank, Cell=" ", Home="2")["contact_phone"] == "2"
    assert mapped(one, **blank, Cell="1", Home="2")["contact_phone"] == "1"


def test_columns_can_be_joined_and_blank_ones_leave_no_gap() -> None:
    one = Columns(["student_id", "first_name", "last_name", "type"], custom_contacts_mapping(),
                  file="contacts.csv")  # fmt: skip
    cells = {"student_id": "S1", "type": "Guardian"}

    assert mapped(one, **cells, first_name=" Ana ", last_name="Ruiz")["contact_name"] == "Ana Ruiz"
    assert mapped(one, **cells, first_name="", last_name="Ruiz")["contact_name"] == "Ruiz"
    assert not mapped(one, **cells, first_name="", last_name=None).get("contact_name")


def test_a_mapping_may_give_a_default_where_the_cell_is_blank() -> None:
    changed = '[fields.contact_type]\ncolumn = "Contact_type"\ndefault = "Emergency"'
    one = columns(*WHOLE, changed=changed)
    rest = dict.fromkeys(WHOLE, "x")

    assert mapped(one, **{**rest, "Contact_type": " "})["contact_type"] == "Emergency"
    assert mapped(one, **{**rest, "Contact_type": None})["contact_type"] == "Emergency"
    assert mapped(one, **{**rest, "Contact_type": "Primary"})["contact_type"] == "Primary"


def test_a_constant_needs_no_column() -> None:
    changed = '[fields.contact_type]\nconstant = "Family"'
    one = columns(*REQUIRED, "Contact_name", changed=changed)

    assert told(one) == []
    assert (
        mapped(one, **dict.fromkeys((*REQUIRED, "Contact_name"), "x"))["contact_type"] == "Family"
    )


def test_last_first_is_turned_only_where_the_mapping_says_so() -> None:
    turned = '[fields.contact_name]\ncolumn = "Contact_name"\nturn = true'
    cells = {**dict.fromkeys(WHOLE, "x"), "Contact_name": "Ruiz, Ana"}

    assert mapped(columns(*WHOLE), **cells)["contact_name"] == "Ruiz, Ana"
    assert mapped(columns(*WHOLE, changed=turned), **cells)["contact_name"] == "Ana Ruiz"


@pytest.mark.parametrize(
    ("word", "type_"),
    [("Step-Mother", "Parent/Guardian"), ("TÍA", "Family"), ("Tata", "Parent/Guardian"),
     ("Mother's boyfriend", "Other"), ("Liaison", "Family"), (None, "Other")],
)  # fmt: skip
def test_an_expression_knows_our_words_for_a_column(word: str | None, type_: str) -> None:
    changed = """
        [fields]
        contact_type = { expression = "CASE WHEN OUR_TYPE(Kin) IN ('Parent/Guardian', 'Family') THEN OUR_TYPE(Kin) ELSE 'Other' END" }
        [words.relationship]
        "Tata" = "Parent"
        [words.type]
        "Liaison" = "Family"
    """  # noqa: E501
    one = columns("Contact_name", "Kin", changed=changed)

    assert mapped(one, Contact_name="Ana", Kin=word)["contact_type"] == type_
