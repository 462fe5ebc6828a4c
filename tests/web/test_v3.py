"""v3.0 and v3.1: whole JSON of the family of the reference."""

import pytest

from tests.web.lakeside import BRAM, IVO, LAKESIDE_ID, LEDA, RUKMINI, SCHOOL, Application


def ids(answer: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [item["data"]["id"] for item in answer["data"]]


@pytest.mark.parametrize("version", ["v3.0", "v3.1"])
def test_lists_contacts_as_the_reference_has_them(app: Application, version: str) -> None:
    answer = app.read(f"/{version}/users?role=contact")

    assert answer == {
        "data": [
            {
                "data": {
                    "created": "2026-01-05T08:00:00.000Z",
                    "district": LAKESIDE_ID,
                    "email": "rukmini.s@example.net",
                    "last_modified": "2026-01-06T08:00:00.000Z",
                    "name": {"last": "Rukmini Salvatore"},
                    "id": RUKMINI,
                    "roles": {
                        "contact": {
                            "legacy_id": "66b0000000000000000002c1",
                            "phone": "5035550142",
                            "phone_type": "Cell",
                            "sis_id": "G-4410",
                            "student_relationships": [
                                {
                                    "relationship": "Parent",
                                    "student": LEDA,
                                    "type": "Parent/Guardian",
                                },
                                {"relationship": "Aunt/Uncle", "student": BRAM, "type": "Family"},
                            ],
                        }
                    },
                },
                "uri": f"/{version}/users/{RUKMINI}",
            },
            {
                "data": {
                    "created": "2026-01-05T08:00:00.000Z",
                    "district": LAKESIDE_ID,
                    "email": "",
                    "last_modified": "2026-01-07T08:00:00.000Z",
                    "name": {"last": "Ivo Salvatore"},
                    "id": IVO,
                    "roles": {
                        "contact": {
                            "legacy_id": "66b0000000000000000002c2",
                            "phone": "5035550177",
                            "phone_type": "",
                            "sis_id": "",
                            "student_relationships": [
                                {"relationship": "", "student": LEDA, "type": "Emergency"}
                            ],
                        }
                    },
                },
                "uri": f"/{version}/users/{IVO}",
            },
        ],
        "links": [{"rel": "self", "uri": f"/{version}/users?role=contact"}],
    }


def test_a_student_has_the_words_of_the_version(app: Application) -> None:
    newer = app.read(f"/v3.1/users/{LEDA}")
    older = app.read(f"/v3.0/users/{LEDA}")

    assert newer["data"] == {
        "created": "2026-01-05T08:00:00.000Z",
        "district": LAKESIDE_ID,
        "email": "",
        "last_modified": "2026-01-05T08:00:00.000Z",
        "name": {"first": "Leda", "last": "Salvatore"},
        "id": LEDA,
        "roles": {
            "student": {
                "credentials": {"district_username": ""},
                "ell_status": "",
                "gender": "X",
                "grade": "TransitionalKindergarten",
                "graduation_year": "",
                "hispanic_ethnicity": "",
                "location": {
                    "address": "1 Shore Road",
                    "city": "",
                    "state": "",
                    "zip": "",
                    "lat": "",
                    "lon": "",
                },
                "legacy_id": LEDA,
                "enrollments": [],
                "ext": {},
                "race": "Asian",
                "schools": [SCHOOL],
                "sis_id": "S1",
                "state_id": "",
                "student_number": "",
                "dob": "3/9/2020",
                "school": SCHOOL,
                "frl_status": "Reduced",
                "iep_status": "",
                "gifted_status": "",
                "section_504_status": "",
                "preferred_name": {},
                "disability": {"disability_status": ""},
                "home_language": "Spanish",
                "home_language_code": "spa",
            }
        },
    }
    assert set(newer["data"]["roles"]["student"]) - set(older["data"]["roles"]["student"]) == {
        *("frl_status", "iep_status", "gifted_status", "section_504_status", "preferred_name"),
        *("disability", "home_language", "home_language_code"),
    }


def test_users_without_a_role_are_mixed_by_id(app: Application) -> None:
    answer = app.read("/v3.1/users")

    assert ids(answer) == [LEDA, BRAM, RUKMINI, IVO]


def test_mixed_pages_lead_through_everybody_in_both_directions(app: Application) -> None:
    first = app.read("/v3.1/users?limit=3")
    last = app.read(first["links"][-1]["uri"])
    back = app.read(last["links"][1]["uri"])

    assert ids(first) == [LEDA, BRAM, RUKMINI]
    assert ids(last) == [IVO]
    assert ids(back) == [LEDA, BRAM, RUKMINI]
    assert [link["rel"] for link in back["links"]] == ["self", "next"]


def test_roles_that_are_not_held_are_empty_lists(app: Application) -> None:
    assert app.read("/v3.1/users?role=teacher")["data"] == []
    assert app.read("/v3.1/users?role=staff&count=true")["count"] == 0


def test_an_unknown_role_is_refused(app: Application) -> None:
    assert app.get("/v3.1/users?role=parent").status_code == 400


def test_the_people_of_a_student_and_the_students_of_a_person(app: Application) -> None:
    assert ids(app.read(f"/v3.1/users/{LEDA}/mycontacts")) == [RUKMINI, IVO]
    assert ids(app.read(f"/v3.1/users/{BRAM}/mycontacts")) == [RUKMINI]
    assert ids(app.read(f"/v3.1/users/{RUKMINI}/mystudents")) == [LEDA, BRAM]
    assert ids(app.read(f"/v3.1/users/{IVO}/mystudents")) == [LEDA]


def test_relations_have_pages_too(app: Application) -> None:
    first = app.read(f"/v3.1/users/{LEDA}/mycontacts?limit=1")
    second = app.read(first["links"][-1]["uri"])

    assert ids(first) == [RUKMINI]
    assert ids(second) == [IVO]
    assert [link["rel"] for link in second["links"]] == ["self", "prev"]


def test_a_user_without_such_a_relation_has_an_empty_list(app: Application) -> None:
    assert app.read(f"/v3.1/users/{RUKMINI}/mycontacts")["data"] == []
    assert app.read(f"/v3.1/users/{LEDA}/mystudents")["data"] == []


def test_a_single_user_has_links_and_no_uri(app: Application) -> None:
    person = app.read(f"/v3.1/users/{RUKMINI}")
    student = app.read(f"/v3.1/users/{LEDA}")

    assert set(person) == {"data", "links"}
    assert person["links"] == [
        {"rel": "self", "uri": f"/v3.1/users/{RUKMINI}"},
        {"rel": "district", "uri": f"/v3.1/users/{RUKMINI}/district"},
        {"rel": "myStudents", "uri": f"/v3.1/users/{RUKMINI}/myStudents"},
    ]
    assert [link["rel"] for link in student["links"]] == [
        *("self", "district", "sections", "myContacts", "myTeachers", "schools")
    ]


def test_counts_stand_in_place_of_the_list(app: Application) -> None:
    answer = app.read("/v3.1/users?role=contact&count=true")

    assert answer == {
        "count": 2,
        "links": [{"rel": "self", "uri": "/v3.1/users?role=contact&count=true"}],
    }
    assert app.read("/v3.1/users?count=true")["count"] == 4
    assert "data" in app.read("/v3.1/users?count=5")
