"""v1.2: one contact per person and student, in the source's words."""

from tests.web.lakeside import (
    BRAM,
    IVO_LEDA,
    LAKESIDE_ID,
    LEDA,
    RUKMINI_BRAM,
    RUKMINI_LEDA,
    SCHOOL,
    Application,
)

RUKMINI_AS_MOTHER = {
    "district": LAKESIDE_ID,
    "email": "rukmini.s@example.net",
    "name": "Rukmini Salvatore",
    "phone": "5035550142",
    "phone_type": "Mobile",
    "relationship": "Mother",
    "sis_id": "G-4410",
    "student": LEDA,
    "type": "Parent/Guardian",
    "id": RUKMINI_LEDA,
}
IVO_FOR_LEDA = {
    "district": LAKESIDE_ID,
    "email": "",
    "name": "Ivo Salvatore",
    "phone": "5035550177",
    "phone_type": "",
    "relationship": "",
    "sis_id": "",
    "student": LEDA,
    "type": "Emergency",
    "id": IVO_LEDA,
}


def test_the_contacts_of_a_student_are_bare(app: Application) -> None:
    answer = app.read(f"/v1.2/students/{LEDA}/contacts")

    assert answer == {
        "data": [RUKMINI_AS_MOTHER, IVO_FOR_LEDA],
        "paging": {"current": 1, "total": 1, "count": 2},
        "links": [
            {"rel": "self", "uri": f"/v1.2/students/{LEDA}/contacts"},
            {"rel": "student", "uri": f"/v1.2/students/{LEDA}"},
        ],
    }


def test_the_contacts_of_a_student_know_a_limit_and_no_cursor(app: Application) -> None:
    answer = app.read(f"/v1.2/students/{LEDA}/contacts?limit=1&starting_after={RUKMINI_LEDA}")

    assert answer["data"] == [RUKMINI_AS_MOTHER]
    assert answer["paging"] == {"current": 1, "total": 2, "count": 2}


def test_every_student_of_a_person_is_a_contact_of_its_own(app: Application) -> None:
    answer = app.read("/v1.2/contacts")

    assert [item["data"]["id"] for item in answer["data"]] == [RUKMINI_LEDA, RUKMINI_BRAM, IVO_LEDA]
    assert answer["data"][0] == {"data": RUKMINI_AS_MOTHER, "uri": f"/v1.2/contacts/{RUKMINI_LEDA}"}
    assert answer["data"][1]["data"]["relationship"] == "Aunt"
    assert answer["paging"] == {"current": 1, "total": 1, "count": 3}


def test_one_contact(app: Application) -> None:
    answer = app.read(f"/v1.2/contacts/{IVO_LEDA}")

    assert answer["data"] == IVO_FOR_LEDA
    assert answer["links"][0] == {"rel": "self", "uri": f"/v1.2/contacts/{IVO_LEDA}"}


def test_students_keep_to_the_words_of_this_version(app: Application) -> None:
    answer = app.read("/v1.2/students")
    leda, bram = (item["data"] for item in answer["data"])

    assert (leda["grade"], leda["gender"], leda["dob"]) == ("Kindergarten", "", "3/9/2020")
    assert leda["school"] == SCHOOL
    assert bram["id"] == BRAM
    assert not {"grade", "dob", "school"} & set(bram)
    assert "frl_status" not in leda
    assert answer["paging"]["count"] == 2


def test_one_student_leads_to_the_contacts(app: Application) -> None:
    answer = app.read(f"/v1.2/students/{LEDA}")
    [contacts] = [link["uri"] for link in answer["links"] if link["rel"] == "contacts"]

    assert app.read(contacts)["data"] == [RUKMINI_AS_MOTHER, IVO_FOR_LEDA]
