"""The Data Browser: what is found, how it is filtered, and what one person's page says."""

import csv
import io
import json
from typing import Any

import pytest

from kinsync.store.database import connect
from kinsync.web.dashboard.columns import COLUMNS
from tests.web.dashboard.desk import Desk, Seen
from tests.web.lakeside import (
    BRAM,
    IVO,
    LAKESIDE,
    LEDA,
    RUKMINI,
    RUKMINI_LEDA,
    RUKMINI_V2,
    record,
)


def find(desk: Desk, text: str, tab: str = "contacts", **filters: str) -> Seen:
    """Type something, and press Find."""
    return desk.send(f"/data-browser/{tab}", {"q": text, **filters})


@pytest.mark.parametrize(
    "typed",
    ["rukmini", "RUK", "salv ruk", "Rukmini Salvatore", "rukmini.s@exam", "503-555-0142",
     "(503) 555 0142", "5550142", "0142", "+1 503 555 0142", "g-4410", RUKMINI, RUKMINI_V2,
     RUKMINI_LEDA],
)  # fmt: skip
def test_a_contact_is_found_by_any_beginning_and_in_any_order(typed: str, owner: Desk) -> None:
    seen = find(owner, typed)

    assert "Rukmini Salvatore" in seen.text
    assert "Ivo Salvatore" not in seen.text


@pytest.mark.parametrize("typed", ["nobody", "ukmini", "5551234", "%", "_", "\\", "' OR 1=1 --"])
def test_what_is_not_there_is_not_found(typed: str, owner: Desk) -> None:
    seen = find(owner, typed)

    assert seen.status == 200
    assert "Salvatore" not in seen.text


def test_accents_and_case_are_set_aside(owner: Desk) -> None:
    add_contact("66b0000000000000000003e1", "José Núñez-Ørsted")

    for typed in ("jose nunez", "JOSÉ", "orsted"):
        assert "José Núñez-Ørsted" in find(owner, typed).text


def test_a_second_phone_and_address_are_found_too(owner: Desk) -> None:
    add_contact(
        "66b0000000000000000003e1",
        "Tove Holm",
        more_phones='[{"phone": "3605550188", "extension": null, "type": null}]',
        more_emails='["tove@second.example"]',
    )

    assert "Tove Holm" in find(owner, "360 555 0188").text
    assert "Tove Holm" in find(owner, "tove@second").text


def test_the_address_of_a_search_says_nothing_of_it_and_can_be_shared(
    owner: Desk, viewer: Desk
) -> None:
    found = find(owner, "rukmini")

    assert "rukmini" not in found.address.lower()
    assert "Rukmini Salvatore" in viewer.see(found.address).text
    assert "Ivo" not in viewer.see(found.address).text


def test_an_address_of_another_district_opens_nothing(owner: Desk, neighbour: Desk) -> None:
    address = find(owner, "rukmini").address

    assert "Oda Veld" in neighbour.see(address).text


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"type": "Emergency"}, {"Ivo"}),
        ({"type": "Family"}, {"Rukmini"}),
        ({"relationship": "Parent"}, {"Rukmini"}),
        ({"school": "SCH-1"}, {"Rukmini", "Ivo"}),
        ({"grade": "TransitionalKindergarten"}, {"Rukmini", "Ivo"}),
        ({"grade": "12"}, set()),
        ({"missing": "email"}, {"Ivo"}),
        ({"missing": "phone"}, set()),
        ({"school": "SCH-1", "missing": "email"}, {"Ivo"}),
        ({"school": "SCH-9"}, set()),
        ({"changed": "1"}, set()),
        ({"changed": "7"}, {"Rukmini", "Ivo"}),
        ({"since": "2026-01-05"}, {"Rukmini", "Ivo"}),
        ({"since": "2026-01-06"}, set()),
    ],
)
def test_filters_leave_who_is_meant(filters: dict[str, str], names: set[str], owner: Desk) -> None:
    seen = find(owner, "", **filters)

    assert {name for name in ("Rukmini", "Ivo") if f"{name} Salvatore" in seen.text} == names


def test_students_without_a_phone_to_call_are_found(owner: Desk) -> None:
    with connect() as to:
        record(to, "student", LAKESIDE, "66b0000000000000000000a9", sis_id="S9", last_name="Quill")

    seen = find(owner, "", tab="students", missing="contacts")

    assert "Quill" in seen.text
    assert "Leda" not in seen.text


def test_a_long_list_goes_on_page_by_page_and_loses_nobody(owner: Desk) -> None:
    for number in range(120):
        add_contact(f"66b000000000000000001{number:03x}", f"Person {number:03} Same")
    address, names = "/data-browser/contacts", []
    while address:
        seen = owner.see(address)
        names += [n for n in range(120) if f"Person {n:03} Same" in seen.text]
        address = seen.link("Next page") if "Next page" in seen.text else ""

    assert names == list(range(120))


def test_student_contacts_have_a_row_for_each_student(owner: Desk) -> None:
    seen = find(owner, "rukmini", tab="student-contacts")

    assert seen.html.count('scope="row"') == 2
    assert "Leda" in seen.text
    assert "Ostrander" in seen.text


def test_student_contacts_hold_the_relationships_that_are_meant(owner: Desk) -> None:
    seen = find(owner, "", tab="student-contacts", type="Family")
    sheet = owner.see(seen.link("Download")).html

    assert seen.html.count('scope="row"') == 1
    assert "Ostrander" in seen.text
    assert "Leda" not in seen.text
    assert sheet.count("Rukmini") == 1


def test_columns_that_were_chosen_are_remembered(owner: Desk) -> None:
    owner.send("/data-browser/contacts", {"q": "", "columns": "sis_id"})
    owner.client.cookies.delete("kinsync_session")
    seen = owner.sign_in("owner@lakeside.example").see("/data-browser/contacts")

    assert "G-4410" in seen.text
    assert "rukmini.s@example.net" not in seen.text


def test_a_day_that_is_none_is_said_to_be_none(owner: Desk) -> None:
    seen = owner.see("/data-browser/contacts?since=soon")

    assert seen.status == 400
    assert "2026-08-15" in seen.text


def test_a_contact_page_says_everything(owner: Desk) -> None:
    seen = owner.see(f"/data-browser/contacts/{RUKMINI}")

    for words in (
        "Rukmini Salvatore", "(503) 555-0142", "rukmini.s@example.net", "G-4410", "Mobile", "Leda",
        "Ostrander", "Parent/Guardian", "Mother", "Aunt", "Reader of Lakeside", "sees this record",
        f"/v3.1/users/{RUKMINI}", f"/v1.2/contacts/{RUKMINI_LEDA}", "Version 2", "Version 1",
    ):  # fmt: skip
        assert words in seen.text, words


def test_a_student_page_says_who_can_be_called_and_who_the_siblings_are(owner: Desk) -> None:
    seen = owner.see(f"/data-browser/students/{LEDA}")

    for words in ("Rukmini Salvatore", "(503) 555-0177", "Ivo Salvatore", "Ostrander", "S1"):
        assert words in seen.text, words


def test_an_earlier_version_is_shown_as_it_was(owner: Desk) -> None:
    assert "Gone Already" not in owner.see("/data-browser/contacts").text
    assert "Gone Already" in owner.see("/data-browser/contacts?version=1").text
    then = owner.see(f"/data-browser/contacts/{RUKMINI}?version=1").text
    assert "Family" not in then.split("What applications see")[0]


def test_the_id_of_somebody_who_was_merged_leads_to_who_they_are(owner: Desk) -> None:
    old = "66b0000000000000000003e7"
    with connect() as to:
        to.execute(
            "INSERT INTO contact_merge (district_id, from_id, into_id, version)"
            " VALUES (%s, %s, %s, 2)",
            (LAKESIDE, old, IVO),
        )

    assert "Ivo Salvatore" in owner.see(f"/data-browser/contacts/{old}").text
    assert "Ivo Salvatore" in find(owner, old).text


def test_the_list_is_downloaded_as_it_is_filtered(owner: Desk) -> None:
    seen = find(owner, "ivo")
    sheet = owner.see(seen.link("Download"))
    rows = list(csv.DictReader(io.StringIO(sheet.response.content.decode("utf-8-sig"))))

    assert [row["name"] for row in rows] == ["Ivo Salvatore"]
    assert sheet.response.headers["content-type"].startswith("text/csv")


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=1+1",
    "@SUM(A1)",
    "{{7919*7907}}",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_in_every_field_stay_words(words: str, owner: Desk) -> None:
    every = ("sis_id", "phone", "phone_extension", "phone_type", "phone_type_source", "email")
    more = {"phone": words, "extension": words, "type": words, "type_source": words}
    add_contact(
        "66b0000000000000000003e1", words, **dict.fromkeys(every, words),
        address=json.dumps(dict.fromkeys(("street", "city", "state", "zip"), words)),
        more_phones=json.dumps([more]), more_emails=json.dumps([words]), restricted="Y",
    )  # fmt: skip
    with connect() as to:
        to.execute(
            "UPDATE student SET first_name = %s, grade = %s WHERE id = %s", (words, words, LEDA)
        )
        to.execute("UPDATE school SET name = %s WHERE district_id = 1", (words,))
        to.execute("UPDATE relationship SET contact_id = %s WHERE id = %s",
                   ("66b0000000000000000003e1", RUKMINI_LEDA))  # fmt: skip
        to.execute("UPDATE relationship SET type = %s, relationship_source = %s WHERE id = %s",
                   (words, words, RUKMINI_LEDA))  # fmt: skip
        flags = {"order": 1, "primary": words, "from": words, "until": words}
        to.execute("UPDATE relationship SET flags = %s, restricted = 'Y' WHERE id = %s",
                   (json.dumps(flags), RUKMINI_LEDA))  # fmt: skip
    for tab, names in COLUMNS.items():
        token = owner.see(f"/data-browser/{tab}").token
        form: dict[str, Any] = {"q": "", "columns": [*names], "csrfmiddlewaretoken": token}
        assert owner.post(f"/data-browser/{tab}", form).status == 200
    pages = [
        "/", "/data-browser/contacts", "/data-browser/student-contacts", "/data-browser/students",
        "/data-browser/schools", "/data-browser/contacts/66b0000000000000000003e1",
        f"/data-browser/students/{LEDA}", f"/data-browser/students/{BRAM}",
    ]  # fmt: skip
    for page in pages:
        seen = owner.see(page)

        assert seen.status == 200, page
        assert "<script>alert" not in seen.html
        assert "<img src=x" not in seen.html
        assert "62615533" not in seen.text
    for tab in ("contacts", "student-contacts", "students"):
        sheet = owner.see(f"/data-browser/{tab}.csv").response.content.decode("utf-8-sig")
        for row in csv.reader(io.StringIO(sheet)):
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_a_search_is_never_written_down(owner: Desk) -> None:
    find(owner, "rukmini")

    assert "rukmini" not in owner.see("/audit").text.lower()


def add_contact(id_: str, name: str, **rest: Any) -> None:
    """One more contact of Lakeside, from its first version on."""
    with connect() as to:
        record(to, "contact", LAKESIDE, id_, legacy_id=id_[:-4] + "ffff", name=name, **rest)
