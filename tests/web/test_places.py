"""Schools and the district, in every version."""

import pytest

from kinsync.store.database import connect
from tests.web.lakeside import (
    BRAM,
    FIRST_NIGHT,
    HILLSIDE,
    LAKESIDE,
    LAKESIDE_ID,
    LEDA,
    RUKMINI,
    SCHOOL,
    Application,
    Owner,
    add_district,
    insert,
)

EVERY_VERSION = pytest.mark.parametrize("version", ["v1.2", "v2.0", "v2.1", "v3.0", "v3.1"])
V3 = pytest.mark.parametrize("version", ["v3.0", "v3.1"])


@EVERY_VERSION
def test_one_school_leads_to_what_belongs_to_it(app: Application, version: str) -> None:
    answer = app.read(f"/{version}/schools/{SCHOOL}")

    assert answer["data"]["name"] == "Lakeside Primary"
    assert answer["data"]["sis_id"] == "SCH-1"
    assert answer["data"]["location"]["city"] == ""
    assert [link["rel"] for link in answer["links"]] == (
        ["self", "district", "sections", "users", "terms", "courses"]
        if version.startswith("v3")
        else ["self", "district", "sections", "students", "teachers"]
    )
    for link in answer["links"]:
        assert app.get(link["uri"]).status_code == 200


@EVERY_VERSION
def test_the_district_of_the_token_is_alone_in_the_list(app: Application, version: str) -> None:
    answer = app.read(f"/{version}/districts")

    [item] = answer["data"]
    assert item["uri"] == f"/{version}/districts/{LAKESIDE_ID}"
    assert item["data"]["name"] == "Lakeside"
    assert app.read(item["uri"])["data"] == item["data"]
    assert app.read(f"/{version}/districts?count=true")["count"] == 1


def test_the_district_says_when_it_was_published(app: Application) -> None:
    older = app.read("/v2.0/districts")["data"][0]["data"]
    newer = app.read("/v3.1/districts")["data"][0]["data"]

    assert older == {
        "error": "",
        "id": LAKESIDE_ID,
        "last_sync": "2026-01-07T08:00:00.000Z",
        "launch_date": "2026-01-05T08:00:00.000Z",
        "mdr_number": "",
        "name": "Lakeside",
        "nces_id": "",
        "sis_type": "sftp",
        "state": "success",
    }
    assert newer["launch_date"] == "2026-01-05"
    assert (newer["login_methods"], newer["portal_url"], newer["lms_state"]) == ([], "", "")


@pytest.mark.parametrize(
    ("state", "shown", "of_v1"),
    [
        ("published", "success", "running"),
        ("running", "running", "running"),
        ("held", "error", "error"),
        ("refused", "error", "error"),
    ],
)
def test_the_district_says_how_the_latest_sync_went(
    app: Application, state: str, shown: str, of_v1: str
) -> None:
    with connect() as owner:
        add_sync(owner, LAKESIDE, state)

    district = app.read(f"/v3.1/districts/{LAKESIDE_ID}")["data"]
    [status] = app.read(f"/v1.2/districts/{LAKESIDE_ID}/status")["data"]

    assert district["state"] == shown
    assert status["data"]["state"] == of_v1
    assert bool(district["error"]) == bool(status["data"]["error"]) == (shown == "error")


def test_a_neighbours_sync_says_nothing_of_this_district(app: Application) -> None:
    with connect() as owner:
        add_sync(owner, HILLSIDE, "failed")

    assert app.read(f"/v3.1/districts/{LAKESIDE_ID}")["data"]["state"] == "success"


def test_a_district_before_its_first_version_is_pending(app: Application) -> None:
    with connect() as owner:
        add_district(owner, 3, "Newfield", "d" * 40, versions=0)
    newfield = Application(app.http, "d" * 40)

    [item] = newfield.read("/v3.1/districts")["data"]

    assert item["data"]["state"] == "pending"
    assert not {"last_sync", "launch_date"} & set(item["data"])


@EVERY_VERSION
def test_another_address_tells_the_records_own(app: Application, version: str) -> None:
    student = f"/{version}/{'users' if version.startswith('v3') else 'students'}/{LEDA}"

    answer = app.get(f"{student}/district")

    own = f"/{version}/districts/{LAKESIDE_ID}"
    assert answer.json()["data"] == app.read(own)["data"]
    assert answer.json()["links"][:2] == [
        {"rel": "self", "uri": f"{student}/district"},
        {"rel": "canonical", "uri": own},
    ]
    assert answer.headers["content-location"] == own
    assert "content-location" not in app.get(own.upper() + "/").headers


@V3
def test_the_users_of_a_school_are_its_students(app: Application, version: str) -> None:
    users = f"/{version}/schools/{SCHOOL}/users"

    for query in ("", "?role=student", "?role=student&primary=true"):
        assert [item["data"]["id"] for item in app.read(users + query)["data"]] == [LEDA]
    assert app.read(f"{users}?role=teacher")["data"] == []
    assert app.get(f"{users}?role=contact").status_code == 400


@V3
def test_the_schools_of_a_user(app: Application, version: str) -> None:
    answer = app.read(f"/{version}/users/{LEDA}/schools?primary=true")

    assert [item["uri"] for item in answer["data"]] == [f"/{version}/schools/{SCHOOL}"]
    assert app.read(f"/{version}/users/{BRAM}/schools")["data"] == []
    assert app.read(f"/{version}/users/{RUKMINI}/schools")["data"] == []


def test_pages_of_a_school_have_their_own_paging_in_v1(app: Application) -> None:
    students = app.read(f"/v1.2/schools/{SCHOOL}/students")
    schools = app.read(f"/v1.2/districts/{LAKESIDE_ID}/schools?limit=1")

    assert students["paging"] == {"current": 1, "total": 1, "count": 1}
    assert schools["paging"] == {"current": 1, "total": 1, "count": 1}


def add_sync(owner: Owner, district: int, state: str) -> None:
    """The latest sync of a district."""
    values = {"is_preview": False, "origin": "file", "file_name": "", "sha256": "", "rules": ""}
    rest = {"base": 3, "counts": "{}", "reasons": "[]", "folder": "", "error": ""}
    insert(
        owner,
        "sync",
        district_id=district,
        state=state,
        started_at=FIRST_NIGHT,
        **values,
        **rest,
    )
