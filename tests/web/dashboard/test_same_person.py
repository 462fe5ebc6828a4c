"""Same person? Pairs side by side, decided, seen before and taken back; a wrong merge is split."""

import re
from datetime import UTC, datetime

from kinsync.services import overview, share
from kinsync.store import access, records
from kinsync.store.database import district_lock
from kinsync.web.dashboard.visits import tools
from tests.web.dashboard.brookfield import EVERYBODY, follow, sync_file
from tests.web.dashboard.desk import Desk, Seen, add_person

LOLA = "S901,SCH-9,Holm7,Ida,3,Emergency,Parent Holm7,Mother,,parent7@families.example\n"
"""The mother of another child, whom a student of another school has too; without a phone."""
OTHER = LOLA.replace("Parent Holm7", "Parrent Holm7")
"""The same by all signs, but for a letter too many."""


def contacts() -> int:
    district = records.find_district("Brookfield")
    return overview.published(district).get("contact", 0)


def open_pair(desk: Desk) -> Seen:
    """Sync a file with one look-alike, and look at the pair."""
    sync_file(desk, EVERYBODY + OTHER)
    follow()
    listed = desk.see("/same-person")
    return desk.see(listed.link("Look at both"))


def decide(desk: Desk, seen: Seen, verdict: str) -> Seen:
    return desk.send(seen.address.partition("?")[0], {"act": verdict}, page=seen.address)


def test_a_pair_is_listed_with_reasons_and_stands_side_by_side(office: Desk) -> None:
    seen = open_pair(office)

    assert "Parrent Holm7" in office.see("/same-person").text
    assert "Both have the same e-mail address." in seen.text
    assert re.search(r"E-mails\s+the same", seen.text)
    assert "looked at a pair" in office.see("/audit").text


def test_what_applications_would_be_told_is_seen_before(office: Desk) -> None:
    application, _ = access.add_application("Bus Planner", at=datetime.now(UTC))
    sync_file(office, EVERYBODY + OTHER)
    home = records.find_district("Brookfield")
    share.connect(home, application, share.Limits(), tools())
    follow()
    seen = office.see(office.see("/same-person").link("Look at both"))

    assert "Bus Planner would be told: 1 contact deleted, 1 contact updated" in seen.text
    assert contacts() == 61


def test_the_same_person_is_one_afterwards_and_two_again_when_it_is_undone(office: Desk) -> None:
    seen = open_pair(office)
    done = decide(office, seen, "same")

    assert "They are one person now" in done.text
    assert contacts() == 60
    assert "a worker is finding those of version 2" in office.see("/same-person").text
    follow()
    assert "No two contacts look alike" in office.see("/same-person").text
    assert "said office@brookfield.example" in office.see("/same-person?state=same").text
    decide(office, office.see(f"{done.address}?as=undo"), "undo")
    assert contacts() == 61


def test_a_decision_holds_on_the_next_night(office: Desk) -> None:
    decide(office, open_pair(office), "same")
    sync_file(office, EVERYBODY.replace("Holm3", "Holmes3") + OTHER)

    assert contacts() == 60


def test_a_wrong_merge_is_split_on_the_contacts_page_with_one_click(office: Desk) -> None:
    done = decide(office, open_pair(office), "same")
    page = done.link("Parent Holm7") if "Parent Holm7" in done.text else ""
    contact = office.see(page)
    action = re.search(r'action="(/same-person/[^"]+)"', contact.html)
    assert action
    assert "Not the same person: split" in contact.text
    split = office.send(action[1], {"act": "different"}, page=page)
    sync_file(office, EVERYBODY + OTHER)

    assert "stay so on every later night" in split.text
    assert contacts() == 61


def test_people_whom_the_first_file_joined_are_parted_by_their_students(office: Desk) -> None:
    joined = LOLA.replace(",Mother,,", ",Mother,5035550207,")
    sync_file(office, EVERYBODY + joined)
    assert contacts() == 60
    listed = office.send("/data-browser/contacts", {"q": "parent7@families.example"})
    page = listed.link("Parent Holm7")
    parted = office.send(f"{page}/part", {"students": "S901"}, page=page)
    sync_file(office, EVERYBODY + joined)

    assert "two people" in parted.text
    assert contacts() == 61


def test_later_puts_a_pair_aside(office: Desk) -> None:
    decide(office, open_pair(office), "later")

    assert "Parrent Holm7" not in office.see("/same-person").text
    assert "Parrent Holm7" in office.see("/same-person?state=later").text


def test_a_viewer_decides_nothing(office: Desk) -> None:
    seen = open_pair(office)
    add_person("viewer@brookfield.example", "Brookfield", "viewer")
    office.client.cookies.clear()
    office.sign_in("viewer@brookfield.example")
    looked = office.see(seen.address)
    token = office.see("/").token

    assert "The same person" in looked.text
    assert "<button>The same person" not in looked.html
    form = {"act": "same", "csrfmiddlewaretoken": token}
    assert office.post(seen.address, form).status == 403
    assert contacts() == 61


def test_neighbours_do_not_find_the_pair(office: Desk, neighbour: Desk) -> None:
    seen = open_pair(office)

    assert neighbour.see(seen.address).status == 404
    assert "Holm7" not in neighbour.see("/same-person").html
    form = {"act": "same", "csrfmiddlewaretoken": neighbour.see("/").token}
    assert neighbour.post(seen.address, form).status == 404
    assert contacts() == 61


def test_hostile_names_stay_words(office: Desk) -> None:
    hostile = OTHER.replace("Parrent Holm7", "<script>x</script> Holm7")
    sync_file(office, EVERYBODY + hostile.replace(",,parent7", ",5035550207,parent7"))
    follow()
    pages = [office.see("/same-person"), office.see("/same-person?state=same")]

    assert all("<script>x" not in page.html for page in pages)
    assert office.see("/same-person?after=nonsense").status == 400
    assert office.see("/same-person/a/b").status == 404


def test_the_pages_wait_for_no_sync_and_find_nothing_themselves(office: Desk) -> None:
    sync_file(office, EVERYBODY + OTHER)
    assert "A worker is finding the pairs of version 1" in office.see("/same-person").text
    follow()
    pair = office.see("/same-person").link("Look at both")
    with district_lock(records.find_district("Brookfield").id):
        assert "Parrent Holm7" in office.see("/same-person").text
        assert "What it would do" in office.see(pair).text
