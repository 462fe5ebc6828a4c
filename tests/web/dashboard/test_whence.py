"""Where a record came from: file, row, what was wrong there; and everybody of one finding."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kinsync import bootstrap
from kinsync.services.holds import approve
from kinsync.services.purge import purge_district
from kinsync.store import records
from kinsync.store.database import connect
from kinsync.web.dashboard.visits import tools
from tests.web.dashboard.brookfield import EVERYBODY, FAMILIES, HEADER, sync_file
from tests.web.dashboard.desk import Desk, Seen

SHORT_PHONE = FAMILIES[3].replace("5035550203", "555-02")
NOBODY_TO_CALL = (
    "S077,SCH-1,Orr,Child,9,Emergency,,Uncle,5035550777,uncle77@families.example\n"
    "S077,SCH-1,Orr,Child,4,Primary,Wilma Orr,Mother,5035550777,wilma@families.example\n"
    "S077,SCH-1,Orr,Child,4,Secondary,Bert Orr,Father,5035550777,bert@families.example\n"
)
"""A held row without a name, and two people on one landline."""
CONTENT = HEADER + "".join(FAMILIES).replace(FAMILIES[3], SHORT_PHONE) + NOBODY_TO_CALL


@pytest.fixture
def synced(office: Desk) -> Desk:
    """The file of the sixty families, with some rows that have something wrong."""
    assert "Published" in sync_file(office, CONTENT).text
    return office


def person(desk: Desk, text: str, tab: str = "contacts") -> Seen:
    """The page of the one whom a text finds."""
    found = desk.send(f"/data-browser/{tab}", {"q": text})
    return desk.see(found.link(text))


def section(seen: Seen) -> str:
    return seen.text.split("Where it came from")[1].split("What applications see")[0]


def test_a_contact_has_the_file_and_row_it_came_from(synced: Desk) -> None:
    told = section(person(synced, "Parent Holm7"))

    assert "students.csv 9 none" in told


def test_what_was_wrong_with_a_row_stands_on_the_page_with_its_advice(synced: Desk) -> None:
    told = section(person(synced, "Parent Holm3"))

    assert "students.csv 5" in told
    assert "Contact_phone: “555-02”" in told
    assert "Until then" in told


def test_two_people_on_one_landline_have_their_own_rows(synced: Desk) -> None:
    told = section(person(synced, "Bert Orr"))

    assert "students.csv 64" in told
    assert "students.csv 63" not in told


def test_a_student_has_every_row_held_ones_as_well(synced: Desk) -> None:
    told = section(person(synced, "Child Orr", "students"))

    assert all(f"students.csv {row}" in told for row in (62, 63, 64))
    assert "error" in told


@pytest.mark.parametrize("tab", ["contacts", "student-contacts", "students"])
def test_everybody_of_a_finding_is_listed_and_nobody_else(tab: str, synced: Desk) -> None:
    seen = synced.send(f"/data-browser/{tab}", {"q": "", "finding": "phone-length"})

    assert "Holm3 " in f"{seen.text} "
    assert seen.html.count('th scope="row"') == 1
    assert "1 person" in seen.text


def test_a_finding_goes_with_other_filters_with_a_search_and_with_an_order(synced: Desk) -> None:
    for form in ({"school": "SCH-0"}, {"q": "Holm3"}, {"order": "-email"}, {"grade": "4"}):
        seen = synced.send("/data-browser/contacts", {"finding": "phone-length", **form})
        assert "Parent Holm3" in seen.text, form
    for form in ({"school": "SCH-1"}, {"q": "Holm4"}, {"grade": "5"}):
        seen = synced.send("/data-browser/contacts", {"finding": "phone-length", **form})
        assert "Nobody found" in seen.text, form


def test_a_finding_that_is_mended_is_gone_with_the_next_night(synced: Desk) -> None:
    assert "Published" in sync_file(synced, CONTENT.replace("555-02", "5035550203")).text
    seen = synced.see("/data-browser/contacts?finding=phone-length")

    assert "Nobody found" in seen.text
    assert "Row" in section(person(synced, "Parent Holm3"))


def test_rows_are_those_of_the_newest_file(synced: Desk) -> None:
    first = FAMILIES[0]
    changed = CONTENT.replace(first, "").replace("parent9@", "parent9.new@")
    assert "Published" in sync_file(synced, changed).text

    assert "students.csv 10" in section(person(synced, "Parent Holm9"))
    assert "students.csv 4" in section(person(synced, "Parent Holm3"))


def test_rows_of_a_hold_that_is_approved_are_known(synced: Desk) -> None:
    preview = synced.upload("students.csv", (HEADER + "".join(FAMILIES[40:])).encode())
    held = synced.send(f"{preview.address}/publish", {}, page=preview.address)
    assert "On hold" in held.text
    district = records.find_district("Brookfield")
    approve(district, tools())

    assert "students.csv 3 none" in section(person(synced, "Parent Holm41"))


def test_a_decision_between_nights_leaves_what_is_known(synced: Desk) -> None:
    district = records.find_district("Brookfield")
    with connect() as to:  # a version of its own, as a decision makes one
        to.execute(
            "INSERT INTO sync (district_id, state, is_preview, origin, file_name, sha256, rules,"
            " base, version, counts, reasons, folder, error, started_at) VALUES (%(d)s,"
            " 'published', false, 'decision', '', '', '', 1, 2, '{}', '[]', '', '', now())",
            {"d": district.id},
        )
        to.execute(
            "INSERT INTO version (district_id, number, published_at, origin, sync_id, counts,"
            " cache) VALUES (%s, 2, now(), 'decision', 0, '{}', '')",
            (district.id,),
        )
        to.execute("UPDATE district SET published = 2 WHERE id = %s", (district.id,))

    assert "students.csv 9" in section(person(synced, "Parent Holm7"))
    assert "Parent Holm3" in synced.see("/data-browser/contacts?finding=phone-length").text
    earlier = synced.see("/data-browser/contacts?finding=phone-length&version=1")
    assert "Parent Holm4" in earlier.text
    assert 'name="finding"' not in earlier.html


def test_two_files_of_one_delivery_are_told_apart(
    office: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from kinsync.services.delivery import open_delivery
    from kinsync.services.sync import sync_delivery

    folder = tmp_path_factory.mktemp("both")
    students, contacts = folder / "students.csv", folder / "contacts.csv"
    students.write_text(EVERYBODY)
    contacts.write_text(
        "contact_id,student_id,first_name,last_name,type,relationship,phone,phone_type,email\n"
        "G-1,S005,Zora,Holm,Family,Grandmother,5035550999,Cell,zora@families.example\n"
    )
    district = records.find_district("Brookfield")
    done = sync_delivery(district, open_delivery(students, contacts=contacts), tools())
    assert done.sync.state == "published", done

    assert "contacts.csv 2" in section(person(office, "Zora Holm"))
    assert "students.csv 7" in section(person(office, "Parent Holm5"))


def test_what_is_not_kept_any_more_is_said_so(synced: Desk) -> None:
    from kinsync.store.kept_lines import forget_lines

    forget_lines(tools().storage, records.find_district("Brookfield").public_id, keep=0)

    assert "not kept any more" in section(person(synced, "Parent Holm7"))


def test_a_purge_of_findings_leaves_nobody_to_be_found_by_them(synced: Desk) -> None:
    assert "Parent Holm3" in synced.see("/data-browser/contacts?finding=phone-length").text
    purging = bootstrap.purge_tools(bootstrap.read_settings())
    later = bootstrap.now() + timedelta(days=31)
    purge_district(records.find_district("Brookfield").id, replace(purging, now=lambda: later))

    with connect() as to:
        kinds = to.execute("SELECT DISTINCT kind FROM search_key").fetchall()
    assert not {(5,), (15,)} & set(kinds)
    assert "Parent Holm3" not in synced.see("/data-browser/contacts?finding=phone-length").text
    assert "not kept any more" in section(person(synced, "Parent Holm3"))
