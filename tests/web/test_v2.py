"""v2.0 and v2.1: one contact for a person, under the ids of these versions."""

import pytest

from tests.web.lakeside import (
    BRAM,
    IVO_V2,
    LAKESIDE_ID,
    LEDA,
    RUKMINI,
    RUKMINI_V2,
    SCHOOL,
    Application,
)

VERSIONS = pytest.mark.parametrize("version", ["v2.0", "v2.1"])
RUKMINI_WITH_STUDENTS = {
    "district": LAKESIDE_ID,
    "email": "rukmini.s@example.net",
    "name": "Rukmini Salvatore",
    "phone": "5035550142",
    "phone_type": "Cell",
    "relationship": "Parent",
    "sis_id": "G-4410",
    "students": [LEDA, BRAM],
    "type": "Parent/Guardian",
    "id": RUKMINI_V2,
}


def ids(answer: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [item["data"]["id"] for item in answer["data"]]


@VERSIONS
def test_lists_contacts_as_the_reference_has_them(app: Application, version: str) -> None:
    answer = app.read(f"/{version}/contacts?limit=1")

    assert answer == {
        "data": [{"data": RUKMINI_WITH_STUDENTS, "uri": f"/{version}/contacts/{RUKMINI_V2}"}],
        "links": [
            {"rel": "self", "uri": f"/{version}/contacts?limit=1"},
            {
                "rel": "next",
                "uri": f"/{version}/contacts?limit=1&starting_after={RUKMINI_V2}",
            },
        ],
    }


@VERSIONS
def test_pages_go_by_the_ids_of_the_version_in_both_directions(
    app: Application, version: str
) -> None:
    last = app.read(f"/{version}/contacts?starting_after={RUKMINI_V2}")
    back = app.read(last["links"][1]["uri"])

    assert ids(last) == [IVO_V2]
    assert last["links"][1]["rel"] == "prev"
    assert ids(back) == [RUKMINI_V2]


@VERSIONS
def test_what_is_blank_is_an_empty_text(app: Application, version: str) -> None:
    answer = app.read(f"/{version}/contacts/{IVO_V2}")

    assert answer["data"] == {
        "district": LAKESIDE_ID,
        "email": "",
        "name": "Ivo Salvatore",
        "phone": "5035550177",
        "phone_type": "",
        "relationship": "",
        "sis_id": "",
        "students": [LEDA],
        "type": "Emergency",
        "id": IVO_V2,
    }
    assert [link["rel"] for link in answer["links"]] == ["self", "district", "students"]


@VERSIONS
def test_a_contact_of_v3_has_another_id(app: Application, version: str) -> None:
    assert app.get(f"/{version}/contacts/{RUKMINI}").status_code == 404
    assert app.get(f"/{version}/contacts/{RUKMINI}/students").status_code == 404
    assert app.get(f"/v3.1/users/{RUKMINI_V2}").status_code == 404


@VERSIONS
def test_relations_lead_to_and_fro(app: Application, version: str) -> None:
    assert ids(app.read(f"/{version}/contacts/{RUKMINI_V2}/students")) == [LEDA, BRAM]
    assert ids(app.read(f"/{version}/students/{LEDA}/contacts")) == [RUKMINI_V2, IVO_V2]
    assert ids(app.read(f"/{version}/students/{LEDA}/contacts?limit=1&starting_after={RUKMINI_V2}"))
    assert ids(app.read(f"/{version}/students/{LEDA}/schools")) == [SCHOOL]
    assert ids(app.read(f"/{version}/schools/{SCHOOL}/students")) == [LEDA]
    assert app.read(f"/{version}/contacts/{IVO_V2}/district")["data"]["id"] == LAKESIDE_ID


def test_students_have_the_words_of_their_version(app: Application) -> None:
    older = app.read(f"/v2.0/students/{LEDA}")["data"]
    newer = app.read(f"/v2.1/students/{LEDA}")["data"]
    blank = app.read(f"/v2.0/students/{BRAM}")["data"]

    assert (older["grade"], older["gender"]) == ("Kindergarten", "")
    assert (newer["grade"], newer["gender"]) == ("TransitionalKindergarten", "X")
    assert set(newer) - set(older) == {"enrollments", "ext"}
    assert not {"grade", "dob", "school"} & set(blank)


def test_counts_stand_in_place_of_the_list(app: Application) -> None:
    assert app.read("/v2.1/contacts?count=true") == {
        "count": 2,
        "links": [{"rel": "self", "uri": "/v2.1/contacts?count=true"}],
    }
