"""A hold as figures and a picture, with what each application would notice."""

import re
from datetime import UTC, datetime

from kinsync.services import share
from kinsync.store import access, records
from kinsync.web.dashboard.visits import tools
from tests.web.dashboard.brookfield import EVERYBODY, FAMILIES, HEADER, answer, grow, sync_file
from tests.web.dashboard.desk import Desk, Seen


def held(desk: Desk, content: str) -> Seen:
    """The report of a sync that is held."""
    sync_file(desk, EVERYBODY)
    seen = sync_file(desk, content)
    assert "Why it is held" in seen.text
    return seen


def bars(seen: Seen) -> dict[str, tuple[str, str, str]]:
    """What each picture says to who cannot see it: now, then and how far."""
    told = re.findall(
        r'aria-label="([^:"]+): ([\d.]+)% now, ([\d.]+)% then; (?:up|down) to ([\d.]+)% goes',
        seen.html,
    )
    return {
        words: figures
        for words, *figures in [(one[0], one[1:]) for one in told]
        for figures in figures
    }


def test_every_guarded_figure_is_drawn_with_its_bound(office: Desk) -> None:
    seen = held(office, HEADER + "".join(FAMILIES[:20]))
    drawn = bars(seen)

    assert drawn["Students who stay"] == ("100", "33.3", "90")
    assert drawn["Contacts who stay"] == ("100", "33.3", "90")
    assert drawn["Contacts with a phone"] == ("100", "100", "80")
    assert "20 of 60 stay, 40 would go" in seen.text
    assert seen.html.count('<li class="beyond">') == seen.text.count("a reason for the hold")


def test_a_lost_column_is_the_reason_and_nobody_goes(office: Desk) -> None:
    seen = held(office, re.sub(r",503555\d+,", ",,", EVERYBODY))
    drawn = bars(seen)

    assert drawn["Contacts with a phone"] == ("100", "0", "80")
    assert drawn["Contacts who stay"] == ("100", "100", "90")
    assert re.search(r"Contacts with a phone a reason for the hold", seen.text)
    assert not re.search(r"Contacts who stay a reason", seen.text)


def test_what_applications_would_notice_is_what_they_are_told_then(office: Desk) -> None:
    sync_file(office, EVERYBODY)
    home = records.find_district("Brookfield")
    for name, limits in (
        ("Bus Planner", share.Limits()),
        ("Grade 9", share.Limits(types=["Family"])),
    ):
        application, _ = access.add_application(name, at=datetime.now(UTC))
        share.connect(home, application, limits, tools())
    seen = sync_file(office, HEADER + "".join(FAMILIES[:20]))

    assert (
        "Bus Planner 40 contacts deleted 40 relationships deleted 40 students deleted" in seen.text
    )
    assert "Grade 9 40 students deleted" in seen.text
    office.send(f"{seen.address}/approve", {}, page=seen.address)
    client_id = access.find_application("Bus Planner").public_id
    told = office.see(f"/applications/{client_id}/events").text
    assert told.count("contact deleted") + told.count("student deleted") >= 50


def test_a_large_hold_is_counted_by_a_worker_while_the_page_waits(office: Desk) -> None:
    sync_file(office, EVERYBODY)
    grow()
    seen = sync_file(office, HEADER + "".join(FAMILIES[:20]))
    assert "A worker is counting what would be" in seen.text
    assert 'hx-select="#picture"' in seen.html
    assert answer() == 2  # of the preview, and of the hold
    seen = office.see(seen.address)

    assert bars(seen)["Students who stay"] == ("100", "33.3", "90")
    assert "hx-get" not in seen.html
    assert answer() == 0


def test_a_sync_that_waits_for_nobody_has_no_picture(office: Desk) -> None:
    seen = sync_file(office, EVERYBODY)

    assert "The figures" not in seen.text
    seen = held(office, HEADER + "".join(FAMILIES[:20]))
    done = office.send(f"{seen.address}/discard", {}, page=seen.address)
    assert "The figures" not in done.text
