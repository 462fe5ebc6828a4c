"""What applications can read, and who received what, stays as long as is promised; then it goes."""

from datetime import datetime
from pathlib import Path

import pytest

from kinsync.domain.errors import NotFound
from kinsync.domain.share import Share
from kinsync.services import invitations, people, review, share
from kinsync.services.browse import follow
from kinsync.services.disclosures import Disclosed, of_contact, of_student, put_on_record
from kinsync.services.feed import Event, event_page
from kinsync.services.purge import remove_district
from kinsync.store import access, accounts, errands, reach, records
from kinsync.store.database import connect
from kinsync.store.scope import Scope
from kinsync.store.statements import Window
from tests.services.office import DAY, KEY, Office
from tests.services.pupils import as_csv, mother, school_of, uncle
from tests.services.uploader import upload_whole
from tests.store.publishing import connected

SCHOOL = school_of(6)
GONE = [line for line in SCHOOL if line != uncle(1)]
EVERYBODY = Share()
SOME = Share(types=frozenset({"Emergency"}))
KINDS = ("contact", "student", "relationship")


@pytest.fixture(params=[EVERYBODY, SOME], ids=["open", "limited"])
def told(office: Office, request: pytest.FixtureRequest) -> Office:
    """A district whose application was told that uncle 1 came, and went."""
    application, _secret = access.add_application("Reader", at=office.day)
    connected(office.id, application.id, request.param, storage=office.tools.storage, at=office.day)
    office.sync(SCHOOL)
    office.sync(GONE)
    return office


def scope(office: Office) -> Scope:
    """What the one application sees now."""
    with connect() as connection:
        row = connection.execute(
            "SELECT id, edition, share::text FROM connection WHERE district_id = %s", (office.id,)
        ).fetchone()
    assert row is not None
    district = office.district
    return Scope(row[0], office.id, district.public_id, district.published, row[2], row[1])


def events(office: Office, now: datetime) -> list[Event]:
    return list(event_page(scope(office), Window(1000), KINDS, now=now).records)


def rows(office: Office, table: str) -> int:
    with connect() as connection:
        statement = f"SELECT count(*) FROM {table} WHERE district_id = %s".encode()
        row = connection.execute(statement, (office.id,)).fetchone()
    assert row is not None
    return int(row[0])


def test_every_event_of_the_last_month_is_told_as_before_after_a_purge(told: Office) -> None:
    told.day += 70 * DAY
    told.sync([*GONE, uncle(1)])
    told.sync(GONE)
    before = events(told, told.day)
    told.purge(after_days=29)

    assert before
    assert events(told, told.day) == before


def test_who_received_what_is_known_by_sis_id_after_the_values_are_gone(told: Office) -> None:
    seen = scope(told)._replace(version=1, edition=2)
    ids = told.named()["contact_id"]
    everyone = Disclosed(
        "v3.1", "users", "0" * 24, "f" * 24, student_id=None, records=12, fields=("name",)
    )
    put_on_record(seen, everyone)
    leaving = [line for line in GONE if line.student != "S002"]
    told.sync(leaving)
    told.purge(after_days=70)

    [found] = of_student(told.district, "S002", keys=[KEY])
    assert set(found.contacts) <= set(ids)
    assert found.contacts
    [same] = of_contact(told.district, found.contacts[0])
    assert same.contacts == [found.contacts[0]]
    with pytest.raises(NotFound):
        of_student(told.district, "S002", keys=[bytes(32)])


def test_events_and_what_was_seen_go_when_the_record_is_over(told: Office) -> None:
    assert rows(told, "event")
    told.purge(after_days=401)

    assert rows(told, "event") == 0
    assert rows(told, "edition") == 1
    assert rows(told, "ending") == 0
    assert rows(told, "identity") == 0
    assert told.purge() == dict.fromkeys(told.purge(), 0)
    told.sync(SCHOOL)
    assert [one.act for one in events(told, told.day) if one.kind == "contact"] == ["created"]


def test_what_people_looked_at_is_on_record_for_as_long(told: Office) -> None:
    added = people.add("owner@lakeside.example", district=told.district, at=told.day)
    seen = told.named()["contact_id"].to_list()
    people.put_on_record(told.id, added.person, "looked at a list", "contacts", subjects=seen)
    with connect() as connection:
        connection.execute("UPDATE dashboard_act SET at = %s", (told.day,))
        connection.commit()

    told.purge(after_days=399)
    assert rows(told, "dashboard_act") == 1
    assert told.purge(after_days=2)["acts"] == 1
    assert rows(told, "dashboard_act") == 0


def test_a_file_that_was_previewed_and_not_synced_goes_after_a_day(told: Office) -> None:
    review.preview(told.district, "students.csv", [as_csv(SCHOOL)], told.tools)
    told.purge()
    assert len(previewed(told)) == 1
    assert told.purge(after_days=2, is_dry=True)["previews"] == 1
    assert len(previewed(told)) == 1
    assert told.purge()["previews"] == 1
    assert previewed(told) == []


def previewed(office: Office) -> list[Path]:
    return [path for path in (office.home / "previews").rglob("*") if path.is_file()]


def test_who_signs_in_to_a_removed_district_alone_goes_with_it(office: Office) -> None:
    other = records.add_district("Hillside", at=office.day)
    added = [
        people.add(f"{name}@lakeside.example", district=district, is_operator=is_op, at=office.day)
        for name, district, is_op in (
            ("alone", office.district, False),
            ("operator", office.district, True),
            ("both", office.district, False),
            ("both", other, False),
        )
    ]
    remove_district(office.district, office.purge_tools)

    assert accounts.find_person("alone@lakeside.example") is None
    assert accounts.find_person("operator@lakeside.example") == added[1].person
    assert [one.person for one in accounts.members(other.id)] == [added[2].person]


def test_a_district_that_is_removed_is_nowhere(told: Office) -> None:
    upload_whole(told.tools.storage, told.district, b"Student_id\n")
    review.preview(told.district, "students.csv", [as_csv(SCHOOL)], told.tools)
    follow(told.id)
    reach.count(told.id, told.version)
    errands.put(told.id, "a key", "restore", {"version": 1}, at=told.day)
    added = people.add("owner@lakeside.example", district=told.district, at=told.day)
    people.put_on_record(told.id, added.person, "looked at a list", "contacts")
    invitations.invite(told.district, "new@lakeside.example", "viewer", by="Ada", at=told.day)
    public_id = told.district.public_id
    with connect() as connection:
        remove_district(told.district, told.purge_tools)
        tables = connection.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'district_id'"
            " AND table_schema = 'public'"
        ).fetchall()

    assert {table for (table,) in tables if rows_at_all(table)} == set()
    with pytest.raises(NotFound):
        records.district(told.id)
    assert [path for path in told.home.rglob("*") if public_id in path.parts] == []


def test_an_application_of_a_district_alone_goes_with_it(office: Office) -> None:
    office.sync(SCHOOL)
    for name, only_for in (("Own", office.id), ("Not connected", office.id), ("Everybody's", None)):
        application, _ = access.add_application(name, at=office.day, only_for=only_for)
        if name != "Not connected":
            share.connect(office.district, application, share.Limits(), office.tools)
    remove_district(office.district, office.purge_tools)

    assert [one.name for one in access.list_applications()] == ["Everybody's"]


def rows_at_all(table: str) -> bool:
    with connect() as connection:
        found = connection.execute(f"SELECT 1 FROM {table} LIMIT 1".encode()).fetchone()
    return found is not None


def test_a_neighbour_of_who_is_removed_is_as_before(office: Office) -> None:
    neighbour = Office("Hillside", office.home)
    for one in (office, neighbour):
        one.sync(SCHOOL)
    before = neighbour.published().frames["contact"]
    remove_district(office.district, office.purge_tools)

    assert neighbour.published().frames["contact"].equals(before)
    assert neighbour.sync([*GONE]).sync.state == "published"
    assert mother(0).name in neighbour.names("S000")
