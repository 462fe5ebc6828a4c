"""Two invented districts side by side, and a client that asks as an application does.

Lakeside is the family of the API reference: Rukmini Salvatore is parent of Leda and aunt of Bram;
Ivo Salvatore is Leda's emergency contact. Hillside is the neighbour that nobody may see into.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from kinsync.services.access import token_hash

Owner = psycopg.Connection
"""A connection as the owner of the tables."""
STILL = 2_147_483_647
LAKESIDE, HILLSIDE = 1, 2
LAKESIDE_ID = "66b000000000000000000001"
LEDA, BRAM = "66b0000000000000000000a1", "66b0000000000000000000a2"
RUKMINI, IVO = "66b0000000000000000003c1", "66b0000000000000000003c2"
RUKMINI_V2, IVO_V2 = "66b0000000000000000002c1", "66b0000000000000000002c2"
RUKMINI_LEDA, RUKMINI_BRAM = "66b0000000000000000001c1", "66b0000000000000000001c2"
IVO_LEDA = "66b0000000000000000001c3"
SCHOOL = "66b0000000000000000000f1"
NEIGHBOUR, NEIGHBOURS_CHILD = "66b0000000000000000003d1", "66b0000000000000000000b1"
HILLSIDE_ID = "66b000000000000000000002"
NEIGHBOUR_V2, NEIGHBOURS_SCHOOL = "66b0000000000000000002d1", "66b0000000000000000000f2"
NEIGHBOUR_RELATION = "66b0000000000000000001d1"
TOKEN, HILLSIDE_TOKEN, REVOKED_TOKEN = "a" * 40, "b" * 40, "c" * 40
FIRST_NIGHT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def insert(to: Owner, table: str, **values: Any) -> None:
    """One row, as the owner of the tables."""
    columns = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    to.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({places})".encode(), tuple(values.values())
    )


def record(
    to: Owner, table: str, district: int, id_: str, since: int = 1, until: int = STILL, **rest: Any
) -> None:
    """One interval of one record."""
    created = rest.pop("created", 1)
    insert(
        to, table, district_id=district, id=id_, since=since, until=until, created=created, **rest
    )


def add_district(to: Owner, district: int, name: str, token: str, versions: int = 3) -> None:
    """A district with published versions, one a night, and an application that reads it."""
    public_id = f"66b0000000000000000000{district:02x}"
    insert(
        to,
        "district",
        id=district,
        public_id=public_id,
        name=name,
        published=versions,
        created_at=FIRST_NIGHT,
        settings="{}",
    )
    for night in range(versions):
        insert(
            to,
            "version",
            district_id=district,
            number=night + 1,
            published_at=FIRST_NIGHT + timedelta(days=night),
            origin="sync",
            sync_id=night,
            counts="{}",
            cache="",
        )
    insert(
        to,
        "application",
        id=district,
        public_id=public_id,
        name=f"Reader of {name}",
        client_secret_hash="",
        created_at=FIRST_NIGHT,
    )
    insert(
        to,
        "connection",
        id=district,
        district_id=district,
        application_id=district,
        share="{}",
        created_at=FIRST_NIGHT,
    )
    insert(to, "token", hash=token_hash(token), connection_id=district, created_at=FIRST_NIGHT)


def add_lakeside(to: Owner) -> None:
    """The family of the reference, and what was there before and is no longer."""
    insert(
        to,
        "token",
        hash=token_hash(REVOKED_TOKEN),
        connection_id=LAKESIDE,
        created_at=FIRST_NIGHT,
        revoked_at=FIRST_NIGHT,
    )
    record(to, "school", LAKESIDE, SCHOOL, sis_id="SCH-1", name="Lakeside Primary")
    record(
        to,
        "student",
        LAKESIDE,
        LEDA,
        sis_id="S1",
        school_sis_id="SCH-1",
        first_name="Leda",
        last_name="Salvatore",
        grade="TransitionalKindergarten",
        gender="X",
        dob="2020-03-09",
        race="Asian",
        frl_status="Reduced",
        home_language="SPANISH",
        street="1 Shore Road",
    )
    record(to, "student", LAKESIDE, BRAM, sis_id="S2", last_name="Ostrander", since=2, created=2)
    record(
        to,
        "contact",
        LAKESIDE,
        RUKMINI,
        legacy_id=RUKMINI_V2,
        sis_id="G-4410",
        name="Rukmini Salvatore",
        phone="5035550142",
        phone_type="Cell",
        phone_type_source="Mobile",
        email="rukmini.s@example.net",
    )
    record(
        to,
        "contact",
        LAKESIDE,
        IVO,
        legacy_id=IVO_V2,
        name="Ivo Salvatore",
        phone="5035550177",
    )
    record(
        to,
        "contact",
        LAKESIDE,
        "66b0000000000000000003c0",
        until=2,
        legacy_id="66b0000000000000000002c0",
        name="Gone Already",
    )
    add_relationship(
        to, LAKESIDE, RUKMINI_LEDA, RUKMINI, LEDA, "Parent/Guardian", "Parent", "Mother"
    )
    add_relationship(
        to, LAKESIDE, RUKMINI_BRAM, RUKMINI, BRAM, "Family", "Aunt/Uncle", "Aunt", since=2
    )
    add_relationship(to, LAKESIDE, IVO_LEDA, IVO, LEDA, "Emergency", None, None)
    add_relationship(
        to, LAKESIDE, "66b0000000000000000001c0", IVO, BRAM, "Other", None, None, until=3
    )
    add_feed(to, LAKESIDE, 2, 3)


def add_feed(to: Owner, district: int, *versions: int) -> None:
    """What the district's application was told: an edition for each of these versions.

    The first tells of everybody who is there; later ones of contacts whose relationships changed,
    and of relationships that ended. Ids of events are ``event_id``.
    """
    told = 0
    for number, version in enumerate(versions, start=1):
        insert(
            to, "edition", district_id=district, connection_id=district, number=number,
            version=version, share="{}", at=datetime.now(UTC), cause="sync",
            floor=event_id(district, told), events=0,
        )  # fmt: skip
        for kind, act, which in _told(version, is_first=number == 1):
            rows = to.execute(
                f"SELECT DISTINCT {which} AND district_id = %s ORDER BY 1".encode(), (district,)
            )
            for (record_id,) in rows.fetchall():
                told += 1
                insert(
                    to, "event", district_id=district, connection_id=district,
                    id=event_id(district, told), edition=number, act=act, kind=kind,
                    record_id=record_id,
                )  # fmt: skip
    to.execute("UPDATE connection SET edition = %s WHERE id = %s", (len(versions), district))


def event_id(district: int, number: int) -> str:
    """The id of an event of a district's feed, counted from 1."""
    return f"66b2{district:04x}{number:016x}"


def _told(version: int, *, is_first: bool) -> list[tuple[str, str, str]]:
    """Kind, act and query for the ids of records, in the order in which they are told."""
    if is_first:
        there = f"since <= {version} AND {version} < until"
        return [
            (kind, "created", f"id FROM {kind} WHERE {there}")
            for kind in ("school", "student", "contact", "relationship")
        ]
    ended = f"FROM relationship WHERE until = {version}"
    return [
        ("contact", "updated", f"contact_id {ended}"),
        ("relationship", "deleted", f"id {ended}"),
    ]


def add_hillside(to: Owner) -> None:
    """A family that only Hillside's application may see."""
    record(to, "school", HILLSIDE, NEIGHBOURS_SCHOOL, sis_id="SCH-9", name="Hillside Primary")
    child: dict[str, Any] = {"sis_id": "S1", "school_sis_id": "SCH-9", "last_name": "Veld"}
    record(to, "student", HILLSIDE, NEIGHBOURS_CHILD, **child)
    record(to, "contact", HILLSIDE, NEIGHBOUR, legacy_id=NEIGHBOUR_V2, name="Oda Veld")
    add_relationship(
        to, HILLSIDE, NEIGHBOUR_RELATION, NEIGHBOUR, NEIGHBOURS_CHILD, "Primary", "Parent", "Mother"
    )


def add_relationship(
    to: Owner,
    district: int,
    id_: str,
    contact: str,
    student: str,
    type_: str,
    relationship: str | None,
    relationship_source: str | None,
    *,
    since: int = 1,
    until: int = STILL,
) -> None:
    """What one person is to one student."""
    record(
        to,
        "relationship",
        district,
        id_,
        since,
        until,
        contact_id=contact,
        student_id=student,
        type=type_,
        type_source=type_,
        relationship=relationship,
        relationship_source=relationship_source,
        created=since,
    )


class Application:
    """An application with a token: asks, and gives the parsed answer."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self.http = http
        self.headers = {"authorization": f"Bearer {token}"}

    def get(self, path: str) -> httpx.Response:
        """The whole answer."""
        return self.http.get(path, headers=self.headers)

    def read(self, path: str) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()
