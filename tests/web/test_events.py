"""What an application is told: every change once, in order, in the words of its version."""

from datetime import UTC, datetime, timedelta

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from kinsync.domain.changes import Snapshot
from kinsync.domain.share import EVERYTHING, Share
from kinsync.store import access, records, tokens
from kinsync.store.storage import Storage
from tests.pipeline.sharing import shares
from tests.store.people import same_of_all, snapshot
from tests.store.publishing import connected, publish_next
from tests.store.test_feeds import NIGHTS
from tests.web.lakeside import Application
from tests.web.replay import COLLECTIONS, every, listed, replayed

NOW = datetime.now(UTC)
VERSIONS = tuple(COLLECTIONS)


class Office:
    """A district with one application that reads it."""

    def __init__(self, storage: Storage, http: httpx.Client, name: str = "Lakeside") -> None:
        self.storage = storage
        self.district = records.add_district(name, at=NOW).id
        self.application = access.add_application(name, at=NOW)[0].id
        self.connection = 0
        self.http = http

    def share(self, share: Share = EVERYTHING, *, at: datetime = NOW) -> None:
        self.connection = connected(
            self.district, self.application, share, storage=self.storage, at=at
        ).id

    def publish(self, after: Snapshot, *, at: datetime = NOW) -> None:
        publish_next(self.district, after, storage=self.storage, at=at)

    def app(self) -> Application:
        return Application(self.http, tokens.issue_token(self.connection, at=NOW))


@pytest.fixture
def client(database: None) -> httpx.Client:
    from kinsync.web.wsgi import application

    return httpx.Client(
        transport=httpx.WSGITransport(app=application), base_url="http://kinsync.test"
    )


@pytest.fixture
def office(client: httpx.Client, storage: Storage) -> Office:
    return Office(storage, client)


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(start=shares(), nights=NIGHTS)
def test_replaying_the_feed_gives_what_the_lists_give_in_every_version(
    client: httpx.Client,
    tmp_path_factory: pytest.TempPathFactory,
    start: Share,
    nights: list[tuple[Snapshot, Share | None]],
) -> None:
    home = tmp_path_factory.mktemp("home")
    office = Office(Storage(home), client, home.name)
    office.share(start)
    app = office.app()
    for after, other in nights:
        office.publish(after)
        if other is not None:
            office.share(other)

    for version in VERSIONS:
        assert replayed(app, version) == listed(app, version)


def test_an_application_that_read_up_to_an_event_goes_on_behind_it(office: Office) -> None:
    office.publish(snapshot(same_of_all({0: 0, 1: 1})))
    office.share()
    app = office.app()
    store = replayed(app, "v3.1")
    [*_, last] = every(app, "/v3.1/events")
    office.publish(snapshot(same_of_all({1: 2, 2: 3})))

    assert replayed(app, "v3.1", store, last["id"]) == listed(app, "v3.1")


def test_an_event_has_the_envelope_that_clients_know(office: Office) -> None:
    office.publish(snapshot(same_of_all({0: 0})))
    office.share()
    answer = office.app().read("/v3.1/events?limit=1")

    [item] = answer["data"]
    event = item["data"]
    assert item["uri"] == f"/v3.1/events/{event['id']}"
    assert event["type"] == "schools.created"
    assert event["created"].endswith("Z")
    assert set(event) == {"created", "data", "id", "type"}
    assert [link["rel"] for link in answer["links"]] == ["self", "next"]
    assert office.app().read(item["uri"])["data"] == event


def test_record_type_picks_and_an_unknown_one_is_refused(office: Office) -> None:
    office.publish(snapshot(same_of_all({0: 0})))
    office.share()
    app = office.app()

    users = app.read("/v3.1/events?record_type=users")["data"]
    both = app.read("/v2.1/events?record_type=contacts&record_type=students")["data"]
    assert {item["data"]["type"] for item in users} == {"users.created"}
    assert {item["data"]["type"] for item in both} == {"contacts.created", "students.created"}
    assert app.read("/v3.1/events?record_type=sections")["data"] == []
    assert app.get("/v3.1/events?record_type=contacts").status_code == 400


def test_events_older_than_thirty_days_are_not_told_and_a_cursor_among_them_goes_on(
    office: Office,
) -> None:
    long_ago = NOW - timedelta(days=31)
    office.publish(snapshot(same_of_all({0: 0})), at=long_ago)
    office.share(at=long_ago)
    assert list(every(office.app(), "/v3.1/events")) == []
    office.publish(snapshot(same_of_all({0: 1})))
    app = office.app()

    new = [event["type"] for event in every(app, "/v3.1/events")]
    assert new
    assert all(type_.endswith("updated") for type_ in new)
    from_the_start = every(app, f"/v3.1/events?starting_after={'0' * 24}")
    assert [event["type"] for event in from_the_start] == new


def test_an_update_that_a_version_does_not_show_is_passed_over_in_it(office: Office) -> None:
    published = snapshot(same_of_all({0: 0})).frames
    office.publish(Snapshot(published))
    office.share()
    app = office.app()
    ids = [event["id"] for version in VERSIONS for event in every(app, f"/{version}/events")]
    contact = published["contact"].with_columns(more_emails=pl.lit('["a@example.org"]'))
    office.publish(Snapshot({**published, "contact": contact}), at=NOW + timedelta(seconds=1))

    behind = f"starting_after={max(ids)}"
    [told] = every(app, f"/v3.1/events?{behind}")
    assert told["type"] == "users.updated"
    assert told["data"]["previous_attributes"] == {}
    assert list(every(app, f"/v2.1/events?{behind}")) == []
    assert list(every(app, f"/v1.2/events?{behind}")) == []


def test_a_person_who_is_withheld_is_gone_at_once_and_old_events_say_nothing_of_them(
    office: Office,
) -> None:
    office.publish(snapshot(same_of_all({0: 0, 1: 1})))
    office.share()
    app = office.app()
    [one, other] = every(app, "/v3.1/users?role=contact")
    office.share(Share(withheld=frozenset({one["id"]})))

    assert [user["id"] for user in every(app, "/v3.1/users?role=contact")] == [other["id"]]
    assert app.get(f"/v3.1/users/{one['id']}").status_code == 404
    told = list(every(app, "/v3.1/events?record_type=users"))
    [gone] = [event for event in told if event["data"]["object"]["id"] == one["id"]]
    assert gone["type"] == "users.deleted"
    assert set(gone["data"]["object"]) == {"id", "district"}


def test_a_field_that_is_not_shared_is_absent_and_its_end_is_told(office: Office) -> None:
    office.publish(snapshot(same_of_all({0: 0})))
    office.share()
    app = office.app()
    store = replayed(app, "v3.1")
    [*_, last] = every(app, "/v3.1/events")
    office.share(Share(fields=frozenset({"contact.phone"})))

    [*told] = every(app, f"/v3.1/events?starting_after={last['id']}")
    [user] = every(app, "/v3.1/users?role=contact")
    assert "email" not in user
    assert "phone" in user["roles"]["contact"]
    assert "users.updated" in {event["type"] for event in told}
    assert replayed(app, "v3.1", store, last["id"]) == listed(app, "v3.1")


def test_the_event_of_a_person_who_was_part_of_another_names_that_one(office: Office) -> None:
    whole = snapshot(same_of_all({0: 0})).frames
    office.publish(Snapshot(whole))
    office.share()
    app = office.app()
    [old] = every(app, "/v3.1/users?role=contact")
    new = snapshot(same_of_all({1: 0})).frames
    tie = new["relationship"].with_columns(student_id=whole["relationship"]["student_id"])
    office.publish(
        Snapshot(
            {
                **whole,
                "contact": pl.concat([whole["contact"], new["contact"]]),
                "relationship": pl.concat([whole["relationship"], tie]),
            }
        )
    )

    for version, ids in (("v3.1", [old["id"]]), ("v2.1", [old["roles"]["contact"]["legacy_id"]])):
        [*_, created] = every(app, f"/{version}/events")
        assert created["type"].endswith(".created")
        assert created["data"]["split_from"] == ids
