"""An id that turned out to be another person's answers with that person, for ever."""

import pytest

from kinsync.store.database import connect
from tests.web.lakeside import (
    HILLSIDE,
    IVO,
    IVO_V2,
    LAKESIDE,
    LEDA,
    NEIGHBOUR,
    RUKMINI,
    RUKMINI_V2,
    Application,
    event_id,
    insert,
    record,
)

GONE, GONE_V2 = "66b0000000000000000003c8", "66b0000000000000000002c8"
EARLIER, EARLIER_V2 = "66b0000000000000000003c7", "66b0000000000000000002c7"


@pytest.fixture
def merges(districts: None) -> None:
    """Somebody became Ivo in two steps, a night apart; somebody else became who is gone too."""
    merge(GONE, IVO, GONE_V2, version=2)
    merge(EARLIER, GONE, EARLIER_V2, version=1)


def merge(from_id: str, into_id: str, legacy_id: str, *, version: int, district: int = 1) -> None:
    with connect() as owner:
        record(owner, "contact", district, from_id, until=version, legacy_id=legacy_id, name="Gone")
        pointer = {"from_id": from_id, "into_id": into_id, "from_legacy_id": legacy_id}
        insert(owner, "contact_merge", district_id=district, version=version, **pointer)


@pytest.mark.parametrize(
    ("collection", "old", "now"),
    [
        *((f"v3.{minor}/users", id_, IVO) for minor in "01" for id_ in (GONE, EARLIER)),
        *((f"v2.{minor}/contacts", id_, IVO_V2) for minor in "01" for id_ in (GONE_V2, EARLIER_V2)),
    ],
)
def test_an_old_id_answers_with_who_it_is_now(
    merges: None, app: Application, collection: str, old: str, now: str
) -> None:
    asked, own = f"/{collection}/{old}", f"/{collection}/{now}"

    answer = app.get(asked)

    assert answer.json()["data"] == app.read(own)["data"]
    assert answer.json()["links"][:2] == [
        {"rel": "self", "uri": asked},
        {"rel": "canonical", "uri": own},
    ]
    assert answer.headers["content-location"] == own


def test_an_old_id_leads_to_the_same_students_and_district(merges: None, app: Application) -> None:
    for address in (f"/v3.1/users/{GONE}/mystudents", f"/v2.1/contacts/{GONE_V2}/students"):
        assert [item["data"]["id"] for item in app.read(address)["data"]] == [LEDA]
    assert app.read(f"/v3.1/users/{GONE}/district")["data"]["name"] == "Lakeside"


def test_the_record_itself_is_no_pointer(merges: None, app: Application) -> None:
    answer = app.get(f"/v3.1/users/{RUKMINI}")

    assert "canonical" not in [link["rel"] for link in answer.json()["links"]]
    assert "content-location" not in answer.headers


def test_a_list_names_nobody_by_an_old_id(merges: None, app: Application) -> None:
    v3 = app.read("/v3.1/users?role=contact")
    v2 = app.read("/v2.1/contacts")

    assert [item["data"]["id"] for item in v3["data"]] == [RUKMINI, IVO]
    assert [item["data"]["id"] for item in v2["data"]] == [RUKMINI_V2, IVO_V2]


def test_a_merge_of_a_later_version_is_not_seen_yet(app: Application) -> None:
    merge(GONE, IVO, GONE_V2, version=9)

    assert app.read(f"/v3.1/users/{GONE}")["data"]["name"]["last"] == "Gone"


def test_a_pointer_to_somebody_who_is_gone_is_not_found(app: Application) -> None:
    merge(GONE, EARLIER, GONE_V2, version=2)

    assert app.get(f"/v3.1/users/{GONE}").status_code == 404
    assert app.get(f"/v2.1/contacts/{GONE_V2}").status_code == 404


def test_pointers_in_a_circle_are_not_followed_for_ever(app: Application) -> None:
    merge(GONE, EARLIER, GONE_V2, version=2)
    merge(EARLIER, GONE, EARLIER_V2, version=3)

    assert app.get(f"/v3.1/users/{GONE}").status_code == 404


def test_a_neighbours_pointers_are_not_followed(app: Application) -> None:
    merge(GONE, NEIGHBOUR, GONE_V2, version=2, district=HILLSIDE)

    nowhere = app.get(f"/v3.1/users/{'f' * 24}")

    assert app.get(f"/v3.1/users/{GONE}").content == nowhere.content
    assert LAKESIDE != HILLSIDE


@pytest.mark.parametrize(
    ("version", "gone", "now"), [("v3.1", GONE, IVO), ("v2.1", GONE_V2, IVO_V2)]
)
def test_events_of_a_merge_carry_both_ids(
    app: Application, version: str, gone: str, now: str
) -> None:
    with connect() as owner:  # between the nights that the feed tells of
        record(owner, "contact", LAKESIDE, GONE, until=3, legacy_id=GONE_V2, name="Gone")
        pointer = {"from_id": GONE, "into_id": IVO, "from_legacy_id": GONE_V2}
        insert(owner, "contact_merge", district_id=LAKESIDE, version=3, **pointer)
        told = {"district_id": LAKESIDE, "connection_id": LAKESIDE, "edition": 2}
        insert(
            owner, "event", id=event_id(LAKESIDE, 99), act="deleted", kind="contact",
            record_id=GONE, **told,
        )  # fmt: skip

    events = [item["data"] for item in app.read(f"/{version}/events")["data"]]
    mine = {event["data"]["object"]["id"]: event["data"] for event in events}
    assert mine[gone]["merged_into"] == [now]
    assert mine[now]["merged_from"] == [gone]
