"""A mapping as a form: what is said in it stands in the TOML, and what stood there stays."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinsync.connectors import CONNECTORS, find_connector
from kinsync.domain.frames import CONTACT_FIELDS, STUDENT_FIELDS
from kinsync.domain.mapping import MANY_FIELDS
from kinsync.services.extracts import mapping_over
from kinsync.services.mapping_form import Entry, read_form, write_form

DEFAULT = mapping_over(find_connector("skyward-auto"), None)
FIELDS = (*CONTACT_FIELDS, *STUDENT_FIELDS)
WRITTEN = """# what the office agreed on
where = "Grade <> '13'"  # nobody

[fields]
contact_email = { column = "Mail" }  # since spring

[fields.contact_relationship]
expression = "UPPER(E1_Relation_Dsc)"

[[slots]]
contact_sis_id = { column = "Id" }

[words.relationship]
"Tata" = "Parent"
"""
names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)


@st.composite
def entries(draw: st.DrawFn) -> tuple[str, Entry]:
    name = draw(st.sampled_from(FIELDS))
    forms = ["column", "join", "first", "constant", *(["many"] if name in MANY_FIELDS else [])]
    form = draw(st.sampled_from(forms))
    if form == "constant":
        return name, Entry(form, (), draw(names))
    most = 1 if form == "column" else 4
    columns = tuple(draw(st.lists(names, min_size=1, max_size=most)))
    has_more = form != "many"
    turn = has_more and draw(st.booleans())
    return name, Entry(form, columns, "", turn, draw(names) if has_more else "")


def entry_of(toml: str, name: str) -> Entry:
    return next(one.entry for one in read_form(toml, DEFAULT) if one.name == name)


@given(st.dictionaries(st.sampled_from(FIELDS), st.none()), st.lists(entries(), max_size=6))
def test_what_is_said_in_the_form_is_read_back_from_the_toml(
    left: dict[str, None], told: list[tuple[str, Entry]]
) -> None:
    said = dict(told)
    toml = write_form(WRITTEN, said, [], DEFAULT)

    for name, entry in said.items():
        assert entry_of(toml, name) == entry
    for name in left.keys() - said.keys():
        assert entry_of(toml, name) == entry_of(WRITTEN, name)


@given(st.lists(entries(), max_size=6), st.lists(names, max_size=4))
def test_what_the_form_does_not_speak_of_stays(
    told: list[tuple[str, Entry]], words: list[str]
) -> None:
    mapped = [("relationship", word, "Parent") for word in words]
    before = tomllib.loads(WRITTEN)
    after = tomllib.loads(write_form(WRITTEN, dict(told), mapped, DEFAULT))
    untouched = before["fields"].keys() - dict(told).keys()

    assert (after["where"], after["slots"]) == (before["where"], before["slots"])
    assert {name: after["fields"][name] for name in untouched} == {
        name: before["fields"][name] for name in untouched
    }
    assert after["words"]["relationship"] == {"Tata": "Parent", **dict.fromkeys(words, "Parent")}


def test_comments_stay_where_a_field_is_changed() -> None:
    toml = write_form(WRITTEN, {"contact_phone": Entry("first", ("A", "B"))}, [], DEFAULT)

    for comment in ("# what the office agreed on", "# nobody", "# since spring"):
        assert comment in toml


def test_a_field_goes_back_to_its_default() -> None:
    toml = write_form(WRITTEN, {"contact_email": Entry()}, [], DEFAULT)

    assert "contact_email" not in tomllib.loads(toml)["fields"]
    assert entry_of(toml, "contact_email") == Entry()


def test_a_column_that_has_to_be_there_still_has_to() -> None:
    toml = write_form(
        "", {"contact_name": Entry("column", ("Parent_Name",), "", True)}, [], DEFAULT
    )

    assert tomllib.loads(toml)["fields"]["contact_name"] == {
        "column": "Parent_Name", "turn": True, "required": True,
    }  # fmt: skip


@pytest.mark.parametrize("toml", ["fields = 3", "words = 3", "[words]\ntype = 3", "fields = []"])
def test_what_is_no_table_is_left_as_it_is(toml: str) -> None:
    assert write_form(toml, {"contact_email": Entry("column", ("Mail",))}, [], DEFAULT) == toml


@pytest.mark.parametrize("connector", CONNECTORS)
def test_every_default_is_said_in_words(connector: str) -> None:
    default = mapping_over(find_connector(connector), None)

    for one in read_form("", default):
        assert one.default
        assert (one.default == "nothing") == (
            one.name not in default.feeds and not any(one.name in slot for slot in default.slots)
        )
