"""Home and Sync: states in plain words, reports, an upload with a preview first, holds, restore."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from kinsync.store import errands, records
from tests.web.dashboard.brookfield import EVERYBODY, FAMILIES, HEADER, sync_file
from tests.web.dashboard.desk import PASSWORD, Desk, add_person


@pytest.fixture
def published(office: Desk) -> Desk:
    """The same, with a first version."""
    assert "Published" in sync_file(office, EVERYBODY).text
    return office


def test_home_of_a_district_without_data_says_what_to_do(office: Desk) -> None:
    seen = office.see("/")

    assert "Nothing is published yet" in seen.text
    assert "Pending" in seen.text


def test_an_uploaded_file_is_shown_before_anything_is_published(office: Desk) -> None:
    seen = office.upload("students.csv", EVERYBODY.encode())

    assert "This is a preview" in seen.text
    assert "60" in seen.text
    assert records.find_district("Brookfield").published == 0
    assert "Nothing is published yet" in office.see("/data-browser/contacts").text


def test_the_previewed_file_is_the_one_that_is_synced(published: Desk) -> None:
    assert records.find_district("Brookfield").published == 1
    seen = published.send("/data-browser/contacts", {"q": "holm17"})

    assert "Parent Holm17" in seen.text


def test_a_preview_is_synced_once(office: Desk) -> None:
    preview = office.upload("students.csv", EVERYBODY.encode())
    token = preview.token
    office.post(f"{preview.address}/publish", {"csrfmiddlewaretoken": token})
    seen = office.post(f"{preview.address}/publish", {"csrfmiddlewaretoken": token})

    assert "Upload it again" in seen.text
    assert records.find_district("Brookfield").published == 1


def test_home_says_who_cannot_be_reached(published: Desk) -> None:
    lost = FAMILIES[0].replace("5035550200", "")
    sync_file(published, HEADER + lost + "".join(FAMILIES[1:]))
    seen = published.see("/")

    assert "1 without" in seen.text
    assert "Successful" in seen.text


def test_a_report_adds_up_and_says_what_to_mend(published: Desk) -> None:
    blank = "S900,SCH-1,Quill,Ada,4,Primary,,Mother,5035550999,\n"
    seen = sync_file(published, EVERYBODY + blank)

    assert "rows 61" in seen.text
    assert "published 60" in seen.text
    assert "held back 1" in seen.text
    assert "The contact has no name" in seen.text
    rows = published.see(seen.link("Show the rows"))
    assert "students.csv" in rows.text
    assert "62" in rows.text


def test_findings_are_downloaded_as_csv(published: Desk) -> None:
    blank = "S900,SCH-1,Quill,Ada,4,Primary,,Mother,5035550999,\n"
    seen = sync_file(published, EVERYBODY + blank)
    sheet = published.see(seen.link("All as CSV"))

    assert "contact-name-missing" in sheet.html
    assert sheet.response.headers["content-type"].startswith("text/csv")
    rows = published.see(seen.link("Show the rows"))
    assert published.see(rows.link("These as CSV")).html == sheet.html
    other = published.see(f"{seen.address}/findings.csv?rule=phone-length")
    assert other.html.count("\n") == 1
    assert published.see(f"{seen.address}/findings.csv?rule=none").status == 404


def test_changes_are_shown_person_by_person_before_and_after(published: Desk) -> None:
    changed = FAMILIES[5].replace("5035550205", "5035550777")
    seen = sync_file(published, HEADER + "".join([*FAMILIES[:5], changed, *FAMILIES[6:]]))
    page = published.see(f"{seen.address}/changes/contact?act=updated")

    assert "Parent Holm5" in page.text
    assert "(503) 555-0205" in page.text
    assert "(503) 555-0777" in page.text
    assert "Parent Holm6" not in page.text


def test_changes_are_told_school_by_school_and_filtered_by_it(published: Desk) -> None:
    changed = [one.replace("5035550", "5035559") for one in FAMILIES[:6]]
    seen = sync_file(published, HEADER + "".join([*changed, *FAMILIES[6:]]))
    assert "contacts updated at SCH-1: 2" in seen.text
    page = published.see(seen.link("contacts updated at SCH-1"))

    assert "Parent Holm1" in page.text
    assert "Parent Holm4" in page.text
    assert "Parent Holm2" not in page.text


def test_what_a_held_sync_would_change_is_filtered_by_school_too(published: Desk) -> None:
    seen = sync_file(published, HEADER + "".join(FAMILIES[:30]))
    page = published.see(seen.link("contacts deleted at SCH-2"))

    assert "Parent Holm32" in page.text
    assert "Parent Holm33" not in page.text
    assert "at SCH-2" in page.text


def test_a_rule_shows_how_often_it_was_met_in_the_syncs_before(published: Desk) -> None:
    for count in (1, 3, 2):
        blanks = [
            f"S9{number},SCH-1,Quill,Ada,4,Primary,,Mother,503555099{number},\n"
            for number in range(count)
        ]
        seen = sync_file(published, EVERYBODY + "".join(blanks))

    assert re.search(
        r'class="spark"[^>]*aria-label="[^"]*0 in sync \d+, 1 in sync \d+,'
        r' 3 in sync \d+, 2 in sync \d+"',
        seen.html,
    )


def test_a_file_that_loses_half_of_the_families_is_held_and_can_be_approved(
    published: Desk,
) -> None:
    seen = sync_file(published, HEADER + "".join(FAMILIES[:30]))
    assert "Why it is held" in seen.text
    assert records.find_district("Brookfield").published == 1
    assert "On hold" in published.see("/").text
    gone = published.see(f"{seen.address}/changes/contact?act=deleted")
    assert "Parent Holm45" in gone.text
    published.send(f"{seen.address}/approve", {}, page=seen.address)

    assert records.find_district("Brookfield").published == 2
    assert "Parent Holm45" not in published.see("/data-browser/contacts.csv").html


def test_a_hold_that_is_discarded_changes_nothing(published: Desk) -> None:
    seen = sync_file(published, HEADER + "".join(FAMILIES[:30]))
    published.send(f"{seen.address}/discard", {}, page=seen.address)

    assert records.find_district("Brookfield").published == 1
    assert "Discarded" in published.see(seen.address).text


def test_a_hold_that_was_replaced_is_not_approved_by_an_old_page(published: Desk) -> None:
    old = sync_file(published, HEADER + "".join(FAMILIES[:30]))
    sync_file(published, HEADER + "".join(FAMILIES[:20]))
    seen = published.post(f"{old.address}/approve", {"csrfmiddlewaretoken": old.token})

    assert "not held any more" in seen.text
    assert records.find_district("Brookfield").published == 1


def test_a_file_that_is_none_is_refused_in_words(published: Desk) -> None:
    seen = published.upload("students.csv", b"PK\x03\x04 not a text at all \x00\x00")

    assert "refused" in seen.text.lower()
    assert records.find_district("Brookfield").published == 1


def test_nothing_is_published_while_paused(published: Desk) -> None:
    published.send("/sync/pause", {"until": ""}, page="/sync")
    assert "Paused" in published.see("/").text
    seen = sync_file(published, HEADER + "".join(FAMILIES[1:]))
    assert "paused" in seen.text
    published.send("/sync/pause", {"act": "resume"}, page="/sync")

    assert "Paused" not in published.see("/sync").text


def test_a_blackout_is_set_seen_put_on_record_and_taken_out(published: Desk) -> None:
    days = {"first": "2020-06-12", "last": "2099-08-10"}
    seen = published.send("/sync/blackouts", days, page="/sync")
    assert "Jun 12, 2020 to Aug 10, 2099" in seen.text
    assert "A blackout is set until Aug 11, 2099, 00:00 UTC" in seen.text
    assert "Paused" in published.see("/").text
    assert "set a blackout 2020-06-12 to 2099-08-10" in published.see("/audit").text
    gone = published.send("/sync/blackouts", {**days, "act": "remove"}, page="/sync")

    assert "None is set" in gone.text
    assert "Paused" not in published.see("/").text


def test_a_blackout_that_ends_before_it_begins_is_refused(published: Desk) -> None:
    days = {"first": "2099-08-10", "last": "2099-06-12"}
    for wrong in (days, {**days, "last": "soon"}):
        assert published.send("/sync/blackouts", wrong, page="/sync").status == 400

    assert "None is set" in published.see("/sync").text


def test_an_earlier_version_is_restored_with_its_changes_shown_before(published: Desk) -> None:
    sync_file(published, HEADER + "".join(FAMILIES[1:]))
    seen = published.see("/sync/versions/1")
    assert "Restore version 1?" in seen.text
    assert "Parent Holm0" in published.see(f"{seen.address}/changes/contact?act=created").text
    assert records.find_district("Brookfield").published == 2
    published.send("/sync/versions/1", {})

    assert records.find_district("Brookfield").published == 3
    assert "Parent Holm0" in published.send("/data-browser/contacts", {"q": "holm0"}).text


def test_the_page_that_waits_goes_on_by_itself_and_is_the_districts_own(
    published: Desk, neighbour: Desk
) -> None:
    district = records.find_district("Brookfield")
    waiting = errands.put(district.id, "a" * 32, "upload", {}, at=datetime.now(UTC))
    errands.note(waiting, percent=40, at=datetime.now(UTC))
    address = f"/sync/errands/{waiting.key}"
    seen = published.see(address)
    assert "40% of the file is read" in seen.text
    assert 'hx-trigger="every 2s"' in seen.html
    assert neighbour.see(address).status == 404
    errands.answer(waiting, {"sync": 1}, at=datetime.now(UTC))
    live = published.see(address, **{"hx-request": "true"})
    assert live.response.headers["hx-redirect"] == address

    assert published.see(address).address == "/sync/1"


def test_the_page_that_waits_for_what_nobody_does_any_more_says_so(published: Desk) -> None:
    district = records.find_district("Brookfield")
    long_ago = datetime.now(UTC) - timedelta(minutes=11)
    lost = errands.put(district.id, "b" * 32, "publish", {}, at=long_ago)
    seen = published.see(f"/sync/errands/{lost.key}")
    assert "Nothing has been heard of this" in seen.text
    assert "hx-trigger" not in seen.html
    errands.fail(lost, "The disk is full.", at=datetime.now(UTC))

    assert "The disk is full." in published.see(f"/sync/errands/{lost.key}").text


def test_another_districts_syncs_are_not_there(published: Desk, owner: Desk) -> None:
    assert owner.see("/sync/1").status == 404
    assert owner.see("/sync/1/findings.csv").status == 404


def test_hostile_words_in_a_file_stay_words_in_its_report(office: Desk) -> None:
    words = "<script>alert(1)</script>"
    row = f'S1,SCH-1,"{words}",Ada,4,"{words}","{words}","{words}","{words}","{words}"\n'
    seen = sync_file(office, HEADER + row)
    pages = [seen.address, f"{seen.address}/changes/contact?act=created", "/", "/sync"]
    pages += [f"{seen.address}/findings/{code}" for code in ("phone-length", "email-format")]
    for page in pages:
        assert "<script>alert" not in office.see(page).html


def test_whoever_signs_in_comes_where_they_wanted(stranger: Desk, districts: None) -> None:
    add_person("owner@lakeside.example", "Lakeside", "owner")
    page = stranger.see("/sync")
    form = {"login": "owner@lakeside.example", "password": PASSWORD, "next": "/sync"}
    seen = stranger.post("/accounts/login/", {**form, "csrfmiddlewaretoken": page.token})

    assert seen.address == "/sync"
