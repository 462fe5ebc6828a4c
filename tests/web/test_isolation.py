"""Nobody reads another district's people, and cannot even tell that they are there."""

import pytest

from kinsync.services import access
from kinsync.store import queries
from kinsync.store.database import connect
from kinsync.store.gate import district_reader
from kinsync.store.statements import Window
from tests.web.lakeside import (
    FIRST_NIGHT,
    HILLSIDE,
    IVO_LEDA,
    LAKESIDE,
    NEIGHBOUR,
    NEIGHBOUR_RELATION,
    NEIGHBOURS_CHILD,
    RUKMINI,
    TOKEN,
    Application,
    insert,
)

FOREIGN = [
    f"/v1.2/contacts/{NEIGHBOUR_RELATION}",
    f"/v1.2/students/{NEIGHBOURS_CHILD}",
    f"/v1.2/students/{NEIGHBOURS_CHILD}/contacts",
    f"/v3.1/users/{NEIGHBOUR}",
    f"/v3.1/users/{NEIGHBOURS_CHILD}",
    f"/v3.1/users/{NEIGHBOURS_CHILD}/mycontacts",
    f"/v3.1/users/{NEIGHBOUR}/mystudents",
]


@pytest.mark.parametrize("path", FOREIGN)
def test_a_foreign_record_answers_like_one_that_never_was(
    app: Application, hillside_app: Application, path: str
) -> None:
    nowhere = path.replace(path.split("/")[3], "f" * 24)

    foreign, absent = app.get(path), app.get(nowhere)

    assert hillside_app.get(path).status_code == 200
    assert foreign.status_code == absent.status_code == 404
    assert foreign.content == absent.content


@pytest.mark.parametrize(
    "path", ["/v1.2/contacts", "/v1.2/students", "/v3.1/users", "/v3.1/users?role=contact"]
)
def test_lists_name_the_tokens_own_district_alone(
    app: Application, hillside_app: Application, path: str
) -> None:
    own = {item["data"]["id"] for item in app.read(path)["data"]}
    theirs = {item["data"]["id"] for item in hillside_app.read(path)["data"]}

    assert own
    assert theirs
    assert not own & theirs


def test_a_foreign_cursor_only_marks_a_place(app: Application) -> None:
    behind = app.read(f"/v3.1/users?role=contact&starting_after={NEIGHBOUR}")
    before = app.read(f"/v3.1/users?role=contact&ending_before={NEIGHBOUR}")

    assert behind["data"] == []
    assert before["data"][0]["data"]["id"] == RUKMINI


def test_a_query_for_another_district_reads_nothing_behind_the_gate(app: Application) -> None:
    admission = access.admit(TOKEN, limit=0)
    assert admission is not None
    own = admission.scope
    forged = own._replace(district_id=HILLSIDE, district="")

    with district_reader(LAKESIDE) as cursor:
        assert queries.contacts(cursor, own, Window(10))
        assert queries.contacts(cursor, forged, Window(10)) == []
        assert queries.students(cursor, forged, Window(10)) == []
        assert queries.student_contacts(cursor, forged, Window(10)) == []
        assert queries.count(cursor, forged, "contact") == 0


def test_a_share_that_cannot_be_kept_to_serves_nobody(app: Application) -> None:
    with connect() as owner:
        owner.execute('UPDATE connection SET share = \'{"sections": ["1"]}\'')

    for path in ("/v3.1/users", "/v1.2/contacts", f"/v1.2/contacts/{IVO_LEDA}"):
        assert app.get(path).status_code == 500


def test_a_token_that_is_revoked_stops_at_once(app: Application) -> None:
    token = "e" * 40
    with connect() as owner:
        issued = {"hash": access.token_hash(token), "created_at": FIRST_NIGHT}
        insert(owner, "token", connection_id=LAKESIDE, **issued)
    short = Application(app.http, token)

    assert short.get("/v3.1/users").status_code == 200
    with connect() as connection:
        connection.execute(
            "UPDATE token SET revoked_at = now() WHERE hash = %s", (access.token_hash(token),)
        )
    assert short.get("/v3.1/users").status_code == 401
