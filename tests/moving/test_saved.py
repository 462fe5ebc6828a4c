"""What an application saved: pages in every shape they are kept in, and tables."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinsync.domain.errors import ChangeInput
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.pipeline.saved import put_together
from kinsync.services.saved import Saved, read_saved
from kinsync.transport import pages
from tests.moving.abroad import their_id
from tests.moving.saving import page

RUKMINI = {
    "id": their_id(1), "email": "rukmini.s@example.net", "name": {"last": "Rukmini Salvatore"},
    "roles": {"contact": {
        "legacy_id": their_id(2), "phone": "(503) 555-0142", "phone_type": "Cell", "sis_id": "",
        "student_relationships": [
            {"student": their_id(11), "relationship": "Parent", "type": "Primary"},
            {"student": their_id(12), "relationship": "Aunt/Uncle", "type": "Family"},
        ],
    }},
}  # fmt: skip
LEDA = {"id": their_id(11), "name": {"first": "Leda"}, "roles": {"student": {"sis_id": "S1"}}}
TEACHER = {"id": their_id(13), "roles": {"teacher": {"sis_id": "T1"}}}
V2 = {"id": their_id(2), "name": "Rukmini Salvatore", "phone": "", "phone_type": "", "email": "",
      "sis_id": "", "students": [their_id(11)], "type": "Primary"}  # fmt: skip
V1 = {"id": their_id(3), "name": "Rukmini Salvatore", "phone": "", "phone_type": "", "email": "",
      "sis_id": "", "student": their_id(11), "type": "Mother"}  # fmt: skip
BRAM = {"id": their_id(12), "sis_id": "S2", "grade": "3", "name": {"first": "Bram"}}
SCHOOL = {"id": their_id(14), "sis_id": "H1", "name": "Lakeside", "school_number": "1"}

DOCUMENTS: list[dict[str, Any]] = [
    page("v3.0/users", [RUKMINI, LEDA, TEACHER]),
    page("v2.1/contacts", [V2]),
    {"data": [V1], "links": []},  # v1.2 lists a student's contacts bare
    page("v1.2/students", [BRAM]),
    page("v3.1/schools", [SCHOOL]),
    page("v3.0/sections", [{"id": their_id(15), "students": [their_id(11)]}]),
]
KINDS = {
    their_id(1): "contact", their_id(11): "student", their_id(2): "legacy",
    their_id(3): "relationship", their_id(12): "student", their_id(14): "school",
}  # fmt: skip


def read(path: Path, text: str) -> Saved:
    path.write_text(text, "utf-8")
    return read_saved([path])


def put(saved: Saved) -> pl.DataFrame:
    students = pl.DataFrame(schema={"id": pl.String, "sis_id": pl.String})
    return put_together(saved.records, students, default_vocabulary())[0]


WAYS = {
    "one document a line": "\n".join(map(json.dumps, DOCUMENTS)),
    "an array of pages": json.dumps(DOCUMENTS),
    "documents written to be read": "\n".join(json.dumps(one, indent=2) for one in DOCUMENTS),
    "with a byte order mark": "\ufeff" + json.dumps(DOCUMENTS),
    "an array a page": "\n".join(json.dumps(one["data"]) for one in DOCUMENTS),
    "one record a line": "\n".join(
        json.dumps(item) for one in DOCUMENTS for item in one["data"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_pages_are_read_however_they_were_kept(tmp_path: Path, way: str) -> None:
    saved = read(tmp_path / "saved.json", WAYS[way])

    assert dict(saved.records.select("id", "kind").rows()) == KINDS
    assert saved.ignored == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_a_large_file_is_read_piece_by_piece_to_the_same_end(
    tmp_path: Path, way: str, chunk: int
) -> None:
    path = tmp_path / "saved.json"
    path.write_text(WAYS[way], "utf-8")

    assert list(pages.records(path, small_bytes=0, chunk=chunk)) == list(pages.records(path))


def test_a_contact_is_read_with_what_tells_who_it_is(tmp_path: Path) -> None:
    judged = put(read(tmp_path / "saved.json", json.dumps(DOCUMENTS)))

    assert judged.filter(id=their_id(1)).rows(named=True) == [
        {
            "file": "saved.json", "place": 1, "kind": "contact", "id": their_id(1),
            "legacy_id": their_id(2), "sis_id": None, "name": "Rukmini Salvatore",
            "phone": "5035550142", "email": "rukmini.s@example.net", "students": ["S1", "S2"],
            "type": None, "relationship": None, "outcome": None, "reason": None,
        }
    ]  # fmt: skip
    assert judged.filter(kind="legacy").is_empty()
    assert judged.filter(kind="relationship")["students"].to_list() == [["S1"]]


@pytest.mark.parametrize(
    "text",
    ["", "   ", "<html>Sign in</html>", "{", '[{"data": []}', '{"data": []}\n{"da', "[1, 2]]",
     '{"data": []} nonsense'],
)  # fmt: skip
def test_what_is_no_saved_page_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(ChangeInput, match=r"saved\.json"):
        read(tmp_path / "saved.json", text)


def test_where_json_breaks_off_is_said_without_what_stands_there(tmp_path: Path) -> None:
    text = "\n".join([*map(json.dumps, DOCUMENTS[:2]), '{"data": [{"name": "Rukmini'])

    with pytest.raises(ChangeInput, match="behind line 3") as told:
        read(tmp_path / "saved.json", text)
    assert "Rukmini" not in str(told.value)


@given(
    st.lists(
        st.recursive(
            st.dictionaries(st.text(), st.text()),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(st.text().filter(lambda key: key != "data"), inner)
            ),
            max_leaves=5,
        )
    ),
    st.integers(1, 50),
)
def test_reading_piece_by_piece_finds_what_reading_at_once_does(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Any], chunk: int
) -> None:
    path = tmp_path_factory.mktemp("saved") / "saved.json"
    path.write_text(json.dumps(documents, ensure_ascii=False), "utf-8")
    expected = [record for block in pages.records(path) for record in block]

    pieces = pages.records(path, small_bytes=0, chunk=chunk)
    found = [record for block in pieces for record in block]

    assert found == expected


HEADERS = {
    "the project's": "kind,id,legacy_id,v1_id,sis_id,name,student_sis_id",
    "spelt otherwise": "Record Type,CLEVER ID,v2_ID,V1ID,Contact SIS ID,Contact_name,student",
}


@pytest.mark.parametrize("way", HEADERS)
def test_a_table_is_read_by_its_header(tmp_path: Path, way: str) -> None:
    rows = [
        f"Contacts,{their_id(1)},{their_id(2)},{their_id(3)},G1,Rukmini Salvatore,S1",
        f"contact,{their_id(1)},,{their_id(4)},G1,,S2",
        f"contact,,{their_id(5)},,,Ivo Salvatore,S1;S2",
        f"Student,{their_id(6)},,,S1,,",
    ]
    judged = put(read(tmp_path / "ids.csv", "\n".join([HEADERS[way], *rows])))

    told = judged.sort("kind", "id").select("kind", "id", "legacy_id", "sis_id", "students")
    assert told.rows() == [
        ("contact", their_id(1), their_id(2), "G1", ["S1", "S2"]),
        ("legacy", their_id(5), None, None, ["S1", "S2"]),
        ("relationship", their_id(3), None, "G1", ["S1"]),
        ("relationship", their_id(4), None, "G1", ["S2"]),
        ("student", their_id(6), None, "S1", None),
    ]
    assert judged["outcome"].null_count() == judged.height


def test_a_table_without_kind_or_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChangeInput, match="columns kind and id"):
        read(tmp_path / "ids.csv", "sis_id,name\nS1,Leda\n")


def test_a_row_of_another_shape_is_refused_alone(tmp_path: Path) -> None:
    text = f"kind,id,sis_id\nstudent,{their_id(1)},S1\nstudent,{their_id(2)},S2,S3\n"

    judged = put(read(tmp_path / "ids.csv", text)).sort("place")

    assert judged.select("place", "outcome").rows() == [(2, None), (3, "refused")]


def test_pages_that_overlap_bring_an_id_once(tmp_path: Path) -> None:
    saved = read(tmp_path / "saved.json", json.dumps(DOCUMENTS * 2))
    students = pl.DataFrame(schema={"id": pl.String, "sis_id": pl.String})

    judged, repeated = put_together(saved.records, students, default_vocabulary())

    assert judged.height == 5
    assert repeated == 7


def test_one_id_under_two_sis_ids_is_nobodys(tmp_path: Path) -> None:
    text = f"kind,id,sis_id\nstudent,{their_id(1)},S1\nstudent,{their_id(1)},S2\n"

    judged = put(read(tmp_path / "ids.csv", text))

    assert judged["outcome"].to_list() == ["refused", "refused"]


def test_two_ids_under_one_sis_id_are_ambiguous(tmp_path: Path) -> None:
    text = f"kind,id,sis_id\nschool,{their_id(1)},H1\nschool,{their_id(2)},H1\n"

    judged = put(read(tmp_path / "ids.csv", text))

    assert judged["outcome"].to_list() == ["ambiguous", "ambiguous"]
