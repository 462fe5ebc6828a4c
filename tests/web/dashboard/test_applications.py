"""Applications: connect one, see what it would receive before that is saved, and take it back."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape

import httpx
import pytest

from kinsync.domain.share import OPTIONAL
from kinsync.services import connections
from kinsync.store import access, records, tokens
from kinsync.store.database import connect
from tests.web.dashboard.brookfield import EVERYBODY, answer, grow, sync_file
from tests.web.dashboard.desk import Desk, Seen
from tests.web.lakeside import IVO, LEDA, NEIGHBOUR, RUKMINI, Application

READER = "66b000000000000000000001"
"""The application that reads Lakeside already."""
EVERYTHING = {
    **{f"{name}_how": "all" for name in ("schools", "grades", "types", "relationships")},
    "fields": list(OPTIONAL),
}


@pytest.fixture(autouse=True)
def numbered(districts: None) -> None:
    """The neighbours took their numbers themselves."""
    with connect() as to:
        for table in ("application", "connection"):
            to.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100)".encode())


def look(desk: Desk, client_id: str, **form: object) -> Seen:
    """Ask what an application would receive."""
    address = f"/applications/{client_id}/sharing"
    return _send(desk, address, {"act": "preview", **EVERYTHING, **form})


def save(desk: Desk, seen: Seen, client_id: str, **form: object) -> Seen:
    """Save what was looked at; ``form`` as it is sent, whatever was looked at."""
    previewed = re.search(r'name="previewed" value="([^"]*)"', seen.html)
    assert previewed
    address = f"/applications/{client_id}/sharing"
    more = {"act": "save", "previewed": unescape(previewed[1])}
    return _send(desk, address, {**EVERYTHING, **form, **more})


def _send(desk: Desk, address: str, form: dict[str, object]) -> Seen:
    data = {**form, "csrfmiddlewaretoken": desk.see("/").token}
    return Seen(desk.client.post(address, data=data, follow_redirects=True))


def share_of(client_id: str = READER) -> Mapping[str, object]:
    found = connections.reader(records.find_district("Lakeside"), client_id)
    return found.share.as_json()


def test_a_new_application_gets_a_secret_once_and_is_offered_here_alone(
    owner: Desk, neighbour: Desk
) -> None:
    seen = owner.send("/applications", {"act": "add", "name": "Bus Planner"})
    secret = re.findall(r'class="secret">([0-9a-f]+)<', seen.html)[1]
    added = access.find_application("Bus Planner")

    assert "Bus Planner is added" in seen.text
    assert secret not in owner.see("/applications").html
    assert "Bus Planner" in owner.see("/applications").text
    assert "Bus Planner" not in neighbour.see("/applications").text
    assert neighbour.see(f"/applications/{added.public_id}/sharing").status == 404


def test_connecting_without_emergency_contacts_is_seen_first_and_saved_then(owner: Desk) -> None:
    application, _ = access.add_application("Family Messenger", at=datetime.now(UTC))
    client_id = application.public_id
    no_emergency = {"types_how": "some", "types": ["Primary", "Parent/Guardian", "Family"]}
    seen = look(owner, client_id, **no_emergency, who="Leda")

    assert "Rukmini Salvatore received" in seen.text
    assert "Ivo Salvatore not received" in seen.text
    with pytest.raises(Exception, match="not connected"):
        share_of(client_id)
    done = save(owner, seen, client_id, **no_emergency)
    assert "is told at once" in done.text
    assert share_of(client_id) == {"types": ["Family", "Parent/Guardian", "Primary"]}


def test_a_large_district_is_counted_and_told_by_a_worker(office: Desk) -> None:
    sync_file(office, EVERYBODY)
    grow()
    application, _ = access.add_application("Family Messenger", at=datetime.now(UTC))
    client_id = application.public_id
    primary = {"types_how": "some", "types": ["Primary"]}
    seen = look(office, client_id, **primary)
    assert "A worker is counting that" in seen.text
    assert answer() == 1
    seen = look(office, client_id, **primary)
    assert "Contacts 0 60 +60 60 0 0" in seen.text
    assert "A worker tells Family Messenger" in save(office, seen, client_id, **primary).text
    assert answer() == 1

    found = connections.reader(records.find_district("Brookfield"), client_id)
    assert found.share.as_json() == {"types": ["Primary"]}


def test_what_was_not_looked_at_is_not_saved(owner: Desk) -> None:
    seen = look(owner, READER)
    changed = save(owner, seen, READER, types_how="some", types=["Emergency"])

    assert "not what you looked at" in changed.text
    assert share_of() == {}
    done = save(owner, changed, READER, types_how="some", types=["Emergency"])
    assert share_of() == {"types": ["Emergency"]}
    assert "Saved" in done.text


def test_a_share_that_somebody_else_changed_meanwhile_is_looked_at_again(owner: Desk) -> None:
    emergency = {"types_how": "some", "types": ["Emergency"]}
    seen = look(owner, READER, **emergency)
    save(owner, look(owner, READER, fields=["contact.phone"]), READER, fields=["contact.phone"])
    again = save(owner, seen, READER, **emergency)

    assert "not what you looked at" in again.text
    assert share_of() == {"fields": ["contact.phone"]}


def test_students_whose_every_contact_would_go_are_counted(owner: Desk) -> None:
    seen = look(owner, READER, types_how="some", types=["Emergency"])

    assert "This removes every contact of 1 student" in seen.text


def test_a_limit_that_lets_nobody_through_is_refused_and_the_form_stays(owner: Desk) -> None:
    seen = look(owner, READER, types_how="some", grades_how="some", grades=[])

    assert seen.status == 400
    assert "choose at least one" in seen.text
    assert re.search(r'name="types_how" value="some" checked', seen.html)


def test_names_and_ids_alone_can_be_shared(owner: Desk, app: Application) -> None:
    seen = look(owner, READER, fields=[])
    save(owner, seen, READER, fields=[])

    assert share_of() == {"fields": []}
    assert "5035550142" not in app.get("/v3.1/users").text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"types_how": "some", "types": ["Emergency"]},
        {"types_how": "some", "types": ["Parent/Guardian", "Family"], "fields": ["contact.email"]},
        {"schools_how": "some", "schools": ["SCH-1"]},
        {"relationships_how": "some", "relationships": ["blank"]},
    ],
)
def test_what_a_student_is_shown_with_is_what_the_application_reads_then(
    form: dict[str, object], owner: Desk, app: Application
) -> None:
    """Whatever the share: the records that were promised are those that are served."""
    seen = look(owner, READER, **form, student=LEDA)
    promised = json.loads(unescape(re.findall(r"<pre[^>]*>(.*?)</pre>", seen.html, re.S)[0]))
    save(owner, seen, READER, **form)
    served = [app.read(f"/v3.1/users/{LEDA}")["data"]]
    served += [one["data"] for one in app.read(f"/v3.1/users/{LEDA}/mycontacts")["data"]]

    for record in served:
        record.pop("last_modified")
    assert promised == served


def test_a_student_outside_the_share_is_said_to_be_unseen(owner: Desk) -> None:
    seen = look(
        owner, READER, grades_how="some", grades=["TransitionalKindergarten"], who="Ostrander"
    )

    assert "neither this student" in seen.text


def test_tokens_are_shown_once_and_closed_one_by_one(owner: Desk, http: httpx.Client) -> None:
    seen = owner.send(f"/applications/{READER}", {"act": "issue"})
    token = re.findall(r'class="secret">([0-9a-f]+)<', seen.html)[0]
    assert Application(http, token).get("/v3.1/users").status_code == 200
    known = tokens.list_tokens(1)
    newest = max(known, key=lambda one: one.created_at)
    owner.send(f"/applications/{READER}", {"act": "revoke", "token": newest.id})

    assert token not in owner.see(f"/applications/{READER}").html
    assert Application(http, token).get("/v3.1/users").status_code == 401
    assert sum(one.is_open for one in tokens.list_tokens(1)) == 1


def test_a_disconnected_application_reads_nothing_more(owner: Desk, app: Application) -> None:
    owner.send(f"/applications/{READER}", {"act": "disconnect"})

    assert app.get("/v3.1/users").status_code == 401
    assert owner.see(f"/applications/{READER}").status == 404


def test_the_secret_of_an_application_that_others_use_is_not_the_districts(owner: Desk) -> None:
    assert owner.send(f"/applications/{READER}", {"act": "renew"}).status == 404


def test_events_are_told_with_what_changed(owner: Desk) -> None:
    seen = owner.see(f"/applications/{READER}/events")

    assert "Rukmini Salvatore" in seen.text
    assert "contact created" in seen.text
    assert "looked at an application's events" in owner.see("/audit").text


def test_one_person_is_withheld_and_from_later_applications_too(
    owner: Desk, app: Application
) -> None:
    page = f"/data-browser/contacts/{RUKMINI}"
    owner.send(f"{page}/sharing", {"act": "withhold"}, page=page)
    application, _ = access.add_application("Later", at=datetime.now(UTC))
    save(owner, look(owner, application.public_id), application.public_id)

    assert app.get(f"/v3.1/users/{RUKMINI}").status_code == 404
    assert share_of(application.public_id) == {"withheld": [RUKMINI]}
    assert "Rukmini Salvatore" in owner.see("/applications").text
    owner.send(f"{page}/sharing", {"act": "release"}, page=page)
    assert app.get(f"/v3.1/users/{RUKMINI}").status_code == 200


def test_who_received_a_students_contacts_is_told_to_be_printed(
    owner: Desk, app: Application
) -> None:
    assert "No application received" in owner.see(f"/data-browser/students/{LEDA}/disclosures").text
    app.read(f"/v3.1/users/{LEDA}/mycontacts")
    seen = owner.see(f"/data-browser/students/{LEDA}/disclosures")

    assert "Reader of Lakeside" in seen.text
    assert "Rukmini Salvatore" in seen.text
    assert "phone" in seen.text
    later = owner.see(f"/data-browser/students/{LEDA}/disclosures?since=2999-01-01")
    assert "No application received" in later.text


def test_neighbours_find_nothing_of_one_another(neighbour: Desk, owner: Desk) -> None:
    for place in ("", "/events", "/webhooks"):
        assert neighbour.see(f"/applications/{READER}{place}").status == 404
    assert owner.see(f"/data-browser/contacts/{NEIGHBOUR}").status == 404
    assert neighbour.see(f"/data-browser/students/{LEDA}/disclosures").status == 404
    form = {"csrfmiddlewaretoken": neighbour.see("/").token}
    assert neighbour.post(f"/data-browser/contacts/{IVO}/sharing", form).status == 404
    assert share_of() == {}


def test_a_viewer_sees_and_changes_nothing(viewer: Desk) -> None:
    token = viewer.see("/").token
    for address, form in (
        ("/applications", {"act": "add", "name": "Mine"}),
        (f"/applications/{READER}", {"act": "issue"}),
        (f"/applications/{READER}", {"act": "disconnect"}),
        (f"/applications/{READER}/sharing", {"act": "save"}),
        (f"/applications/{READER}/webhooks", {"url": "https://x.example/"}),
        (f"/data-browser/contacts/{RUKMINI}/sharing", {"act": "withhold"}),
    ):
        assert viewer.post(address, {**form, "csrfmiddlewaretoken": token}).status in (403, 404)
    assert "Add one of your own" not in viewer.see("/applications").text
    assert "Make a token" not in viewer.see(f"/applications/{READER}").text
    assert share_of() == {}
    assert len(tokens.list_tokens(1)) == 2


def test_hostile_words_stay_words(owner: Desk) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    owner.send("/applications", {"act": "add", "name": hostile})
    client_id = access.find_application(hostile).public_id
    looked = look(owner, client_id, who=hostile, schools_how="some", schools=[hostile])
    save(owner, look(owner, client_id), client_id)
    pages = [looked, *(owner.see(f"/applications{one}") for one in ("", f"/{client_id}"))]
    pages += [owner.see(f"/applications/{client_id}/{one}") for one in ("events", "webhooks")]

    assert looked.status == 400
    for page in pages:
        assert "<script>alert" not in page.html
        assert "<img src=x" not in page.html
