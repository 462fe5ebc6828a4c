"""Sources: added against a pretended system, tested, read, timed; SFTP accounts; who may do it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import asyncssh
import pytest

from kinsync.services.arrivals import sync_arrived
from kinsync.services.arrived import Arrivals
from kinsync.services.sources import Reach, add_source
from kinsync.services.sync import Tools
from kinsync.services.timetables import Times, in_words, times_of
from kinsync.simulators.aeries import AeriesSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Fault, Serving
from kinsync.store import records, snapshots, sources
from kinsync.store.sealing import Sealer
from kinsync.store.staging import Shelf
from kinsync.store.storage import Storage
from tests.services.pupils import as_csv, mother
from tests.services.uploader import upload_whole
from tests.web.dashboard.desk import Desk, Seen, add_person

HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def aeries() -> Iterator[Serving]:
    """A pretended Aeries of a few families."""
    with Serving(AeriesSystem(Roster(students=20, seed=5))) as serving:
        yield serving


@pytest.fixture
def head(office: Desk, open_desk: Callable[[], Desk]) -> Desk:
    """An owner of a district that has published nothing."""
    return open_desk().sign_in(add_person("head@brookfield.example", "Brookfield", "owner"))


def typed(serving: Serving, **other: str) -> dict[str, str]:
    """What an owner types to have this system read."""
    told = {f"setting:{name}": value for name, value in serving.settings.items()}
    return {"connector": "aeries", "name": "nightly", **told, **other}


def add(desk: Desk, serving: Serving, **other: str) -> Seen:
    return desk.send("/sources/add", typed(serving, **other), page="/sources/add?connector=aeries")


def act(desk: Desk, source: Seen, what: str, **form: str) -> Seen:
    return desk.send(f"{source.address}/{what}", form, page=source.address)


# -- adding and testing --------------------------------------------------------------------------


def test_what_a_way_carries_and_loses_is_said_before_it_is_added(head: Desk) -> None:
    kinds = head.see("/sources/add")
    form = head.see(kinds.link("Skyward Auto Sync"))

    assert "one of each student: the first emergency contact" in form.text
    assert "every contact but the first" in form.text


def test_a_source_is_added_and_tested_in_plain_words(head: Desk, aeries: Serving) -> None:
    source = add(head, aeries)
    assert "Nothing has been read" in source.text
    tested = act(head, source, "test")

    assert "The connection works" in tested.text
    assert "schools are read" in tested.text


def test_a_source_that_does_not_let_us_in_says_what_to_put_right(
    head: Desk, aeries: Serving
) -> None:
    source = add(head, aeries, **{"setting:certificate": "0" * 32})
    tested = act(head, source, "test")

    assert "Something has to be put right first" in tested.text
    assert "refused the credentials" in tested.text
    assert tested.link("Change its settings") == f"{source.address}/settings"
    assert "0" * 32 not in tested.html


def test_a_secret_is_never_shown_again(head: Desk, aeries: Serving) -> None:
    secret = aeries.settings["certificate"]
    source = add(head, aeries)
    wrong = add(head, aeries, name="a:b")

    for seen in (source, wrong, head.see(f"{source.address}/settings"), head.see("/audit")):
        assert secret not in seen.html


def test_what_was_typed_stays_where_something_is_wrong_with_it(head: Desk, aeries: Serving) -> None:
    seen = add(head, aeries, name="a:b", **{"setting:schools": "990"})

    assert seen.status == 400
    assert "needs a name" in seen.text
    assert 'value="990"' in seen.html
    assert sources.list_sources(records.find_district("Brookfield").id) == []


def test_hostile_names_and_settings_stay_words(head: Desk, aeries: Serving) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    source = add(head, aeries, name=hostile, **{"setting:schools": HOSTILE})
    pages = [source.address, f"{source.address}/settings", f"{source.address}/mapping"]
    shown = [head.see(page) for page in (*pages, "/sources", "/audit")]

    for seen in (source, act(head, source, "test"), *shown):
        assert hostile not in seen.html
        assert "<script>alert" not in seen.html
    assert "&lt;img src=x" in shown[0].html


def test_signs_that_are_none_are_refused_in_words(head: Desk, aeries: Serving) -> None:
    for wrong in ({"name": "night\0ly"}, {"setting:schools": "99\0"}):
        assert add(head, aeries, **wrong).status == 400
    form = {"by": "password", "label": "Power\0School"}
    assert "PowerSchool" in head.send("/sources/accounts", form, page="/sources").text


def test_settings_change_and_a_blank_secret_stays(head: Desk, aeries: Serving) -> None:
    source = add(head, aeries, **{"setting:url": "https://nowhere.example/aeries"})
    page = f"{source.address}/settings"
    head.send(page, {"setting:url": aeries.settings["url"]})

    assert "The connection works" in act(head, source, "test").text


def test_a_folder_of_the_machine_is_nothing_for_a_page(head: Desk) -> None:
    page = "/sources/add?connector=skyward-auto"
    form = {"connector": "skyward-auto", "name": "Skyward", "setting:folder": "/etc"}
    seen = head.send("/sources/add", form, page=page)
    (source,) = sources.list_sources(records.find_district("Brookfield").id)

    assert "folder" not in source.settings
    assert 'name="setting:folder"' not in head.see(page).html
    assert "arrive" in head.see("/sources").text
    assert "put *.csv" in seen.text


def test_a_source_is_removed_by_whoever_types_its_name(head: Desk, aeries: Serving) -> None:
    source = add(head, aeries)
    assert "Type the name" in act(head, source, "remove", name="other").text
    act(head, source, "remove", name="nightly")

    assert sources.list_sources(records.find_district("Brookfield").id) == []


# -- states and times ----------------------------------------------------------------------------


def test_what_is_wrong_with_the_last_read_stands_beside_the_source(
    head: Desk, aeries: Serving, home: Path
) -> None:
    from kinsync import bootstrap
    from kinsync.domain.errors import IncompletePull
    from kinsync.services.pulls import pull

    source = add(head, aeries)
    aeries.fail(Fault.HTML, "/contacts", times=1000)
    district = records.find_district("Brookfield")
    with pytest.raises(IncompletePull) as told:
        pull(
            district,
            sources.find_source(district.id, "nightly"),
            bootstrap.pull_tools(bootstrap.read_settings()),
        )

    for page in ("/sources", source.address):
        assert str(told.value) in head.see(page).text
        assert "Incomplete" in head.see(page).text


def test_reading_now_is_queued_once(head: Desk, aeries: Serving) -> None:
    from kinsync.store import queue

    source = add(head, aeries)
    seen = act(head, source, "read")
    act(head, source, "read")

    assert "Waiting" in seen.text
    assert [job.task for job in queue.list_jobs()] == [queue.PULL]


def test_times_are_said_by_days_hours_and_the_districts_zone(head: Desk, aeries: Serving) -> None:
    source = add(head, aeries)
    assert "every 4 hours, from 01:00, every day" in source.text.lower()
    form = {"days": "0", "first": "05:30", "every": "24", "zone": "America/Denver"}
    seen = act(head, source, "times", **form)

    assert "once a day, at 05:30, Monday" in seen.text
    assert records.find_district("Brookfield").settings["time_zone"] == "America/Denver"


@pytest.mark.parametrize(
    "form",
    [
        {"first": "soon", "every": "24", "zone": "UTC", "days": "0"},
        {"first": "05:30", "every": "5", "zone": "UTC", "days": "0"},
        {"first": "05:30", "every": "24", "zone": "Nowhere/Here", "days": "0"},
        {"first": "05:30", "every": "24", "zone": "UTC", "days": "9"},
        {"first": "05:30", "every": "24", "zone": "UTC"},
    ],
)
def test_times_that_are_none_change_nothing(
    form: dict[str, str], head: Desk, aeries: Serving
) -> None:
    source = add(head, aeries)
    seen = act(head, source, "times", **form)

    assert seen.status == 400
    assert "every 4 hours" in head.see(source.address).text.lower()


@pytest.mark.parametrize("every", [1, 2, 3, 4, 6, 8, 12, 24])
@pytest.mark.parametrize("days", [tuple(range(7)), (0, 1, 2, 3, 4), (6,), (0, 3, 6)])
def test_times_are_read_back_as_they_were_said(every: int, days: tuple[int, ...]) -> None:
    times = Times(time(0, 45), every, days)

    assert times_of(times.cron) == times


def test_a_timetable_beyond_the_words_is_shown_as_it_is() -> None:
    assert in_words("30 2 1 * *") == "at times of its own (30 2 1 * *)"
    assert in_words("30 2 * * 1-5") == "once a day, at 02:30, Monday to Friday"
    assert in_words("0 1,2,9 * * *").startswith("at times of its own")


# -- SFTP accounts -------------------------------------------------------------------------------


def test_a_password_is_shown_once_with_the_line_to_connect(head: Desk) -> None:
    from kinsync.services.sftp_accounts import host_keys, open_with_password

    at = datetime.now(UTC)
    fingerprint = host_keys(at=at)[0].get_fingerprint()
    seen = head.send("/sources/accounts", {"by": "password", "label": ""}, page="/sources")
    line, password = (part.split("<")[0] for part in seen.html.split('class="secret">')[1:3])
    username = line.removeprefix("sftp -P 2022 ").partition("@")[0]

    assert password not in head.see("/sources").html
    assert line in head.see("/sources").html
    assert fingerprint in seen.text
    assert open_with_password(username, password, address="192.0.2.1", at=at) is not None


def test_a_key_is_known_by_its_fingerprint_and_a_vendors_account_is_marked(head: Desk) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    form = {"by": "key", "key": key.export_public_key().decode(), "label": HOSTILE}
    head.send("/sources/accounts", form, page="/sources")
    seen = head.see("/sources")

    assert key.get_fingerprint() in seen.text
    assert "SIS-managed" in seen.text
    assert "<script>alert" not in seen.html


def test_a_private_key_is_refused_in_words(head: Desk) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    seen = head.send("/sources/accounts", {"by": "key", "key": key}, page="/sources")

    assert "That is a private key" in seen.text
    assert key.splitlines()[1] not in seen.html


def test_an_account_is_closed_for_ever(head: Desk) -> None:
    head.send("/sources/accounts", {"by": "password"}, page="/sources")
    district = records.find_district("Brookfield")
    from kinsync.services import sftp_accounts

    (account,) = sftp_accounts.list_accounts(district)
    head.send("/sources/accounts/revoke", {"username": account.username}, page="/sources")

    assert not sftp_accounts.is_open(account)
    assert "closed" in head.see("/sources").text


# -- who may ---------------------------------------------------------------------------------------

OWNERS = ("/sources/add", "/sources/accounts", "/sources/accounts/revoke")
OWNERS_OF_ONE = ("settings", "remove")
EDITORS_OF_ONE = ("test", "read", "times")


def test_an_editor_tests_and_reads_and_adds_nothing(
    head: Desk, office: Desk, aeries: Serving
) -> None:
    source = add(head, aeries)
    token = office.see("/sources").token

    assert "The connection works" in act(office, source, "test").text
    for address in (*OWNERS, *(f"{source.address}/{one}" for one in OWNERS_OF_ONE)):
        assert office.post(address, {"csrfmiddlewaretoken": token}).status == 404
    assert "Add a source" not in office.see("/sources").text


def test_a_viewer_looks_and_changes_nothing(
    head: Desk, open_desk: Callable[[], Desk], aeries: Serving
) -> None:
    source = add(head, aeries)
    add_person("eye@brookfield.example", "Brookfield", "viewer")
    viewer = open_desk().sign_in("eye@brookfield.example")
    token = viewer.see("/").token

    assert "nightly" in viewer.see("/sources").text
    assert "Aeries" in viewer.see(source.address).text
    ways = (*OWNERS, *(f"{source.address}/{one}" for one in (*OWNERS_OF_ONE, *EDITORS_OF_ONE)))
    for address in ways:
        assert viewer.post(address, {"csrfmiddlewaretoken": token}).status == 404
    assert "Read it now" not in viewer.see(source.address).text


def test_the_neighbour_is_told_that_there_is_no_such_source(
    head: Desk, owner: Desk, aeries: Serving
) -> None:
    source = add(head, aeries)

    assert owner.see(source.address).status == 404
    assert "nightly" not in owner.see("/sources").html
    token = owner.see("/sources").token
    assert owner.post(f"{source.address}/test", {"csrfmiddlewaretoken": token}).status == 404


def test_every_act_is_on_record(head: Desk, aeries: Serving) -> None:
    source = add(head, aeries)
    act(head, source, "test")
    act(head, source, "read")
    head.send("/sources/accounts", {"by": "password"}, page="/sources")
    seen = head.see("/audit")

    for words in ("added a source", "tested a source", "had a source read", "SFTP account"):
        assert words in seen.text


# -- several -------------------------------------------------------------------------------------


def test_a_contact_says_which_source_each_value_is_of(head: Desk, tmp_path: Path) -> None:
    district, storage = records.find_district("Brookfield"), Storage(tmp_path)
    reach = Reach(Sealer([bytes(32)]), lambda: datetime.now(UTC))
    for name, connector in (("sis", "students-file"), ("office", "contacts-file")):
        add_source(district, name, connector, {}, reach)
    pupil = mother(0)
    row = f"{pupil.student},Primary,{pupil.name.replace(' ', ',')},,,,new@example.org,\n"
    header = "student_id,type,first_name,last_name,relationship,phone,phone_type,email,contact_id\n"
    upload_whole(storage, district, as_csv([replace(pupil, email="")]), path="sis/students.csv")
    upload_whole(storage, district, (header + row).encode(), path="office/contacts.csv")
    tools = Tools(storage, lambda: datetime.now(UTC))
    sync_arrived(district.id, Arrivals(Shelf(storage)), tools)
    (contact,) = snapshots.load(district.id, storage=storage).frames["contact"]["id"]
    seen = head.see(f"/data-browser/contacts/{contact}")
    listed = sources.find_source(district.id, "office")
    source = head.see(f"/sources/{listed.id}")

    assert "Which source each value is of Name Students file (sis)" in seen.text
    assert "E-mail Contacts file (office)" in seen.text
    assert "1 contact has a value of it now" in source.text
