"""What each connection sees and is told, as the database keeps it."""

import contextlib

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import KINDS
from kinsync.domain.share import Share
from kinsync.pipeline.visible import events, visible
from kinsync.store import access, records
from kinsync.store.database import connect
from kinsync.store.gate import Sight, district_reader
from kinsync.store.storage import Storage
from tests.pipeline.sharing import shares
from tests.pipeline.sharing import snapshots as families
from tests.store.people import NOON, same_of_all, snapshot
from tests.store.publishing import connected, publish_next

Ids = dict[str, list[str]]
TWO_FAMILIES = snapshot(same_of_all({0: 0, 1: 1}))


@pytest.fixture
def district(database: None) -> int:
    return records.add_district("Lakeside", at=NOON).id


@pytest.fixture
def application(database: None) -> int:
    return access.add_application("Reading Room", at=NOON)[0].id


def shown(published: Snapshot, share: Share) -> Ids:
    """The ids that a share shows, by kind."""
    frames = visible(published, share).frames
    return {kind: frames[kind]["id"].to_list() for kind in KINDS}


def behind_the_gate(district: int, sight: Sight) -> Ids:
    """The current ids that the database itself lets through, whatever is asked."""
    with district_reader(district, sight) as cursor:
        found = {}
        for kind in KINDS:
            cursor.execute(
                f"SELECT id FROM {kind} WHERE since <= (SELECT max(version) FROM edition"
                " WHERE number = %s) AND until > (SELECT max(version) FROM edition"
                " WHERE number = %s) ORDER BY id",
                (sight.edition, sight.edition),
            )
            found[kind] = [id_ for (id_,) in cursor.fetchall()]
    return found


def feed(connection_id: int) -> list[tuple[int, str, str, str]]:
    """Every event of a connection in the order of ids: edition, act, kind, record."""
    with contextlib.closing(connect()) as own:
        return own.execute(
            "SELECT edition, act, kind, record_id FROM event WHERE connection_id = %s ORDER BY id",
            (connection_id,),
        ).fetchall()


NIGHTS = st.lists(st.tuples(families(), st.none() | shares()), min_size=1, max_size=4)


@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(start=shares(), nights=NIGHTS)
def test_the_database_lets_through_what_each_edition_shows_and_tells_what_changes(
    database: None, tmp_path_factory: pytest.TempPathFactory, start: Share,
    nights: list[tuple[Snapshot, Share | None]],
) -> None:  # fmt: skip
    storage = Storage(tmp_path_factory.mktemp("home"))
    name = f"District {tmp_path_factory.mktemp('d').name}"
    district = records.add_district(name, at=NOON).id
    application = access.add_application(name, at=NOON)[0].id
    tie = connected(district, application, start, storage=storage).id
    share, before, told = start, Snapshot.of_nothing(), list[tuple[int, str, str, str]]()
    seen = [shown(before, share)]

    def turn(after: Snapshot, now: Share) -> None:
        rows = events(before, after, share, now).iter_rows()
        told.extend((len(seen) + 1, *row) for row in rows)
        seen.append(shown(after, now))

    for after, other in nights:
        publish_next(district, after, storage=storage)
        turn(after, share)
        before = after
        if other is not None:
            connected(district, application, other, storage=storage)
            turn(after, other)
            share = other

    with contextlib.closing(connect()) as own:
        editions = own.execute(
            "SELECT number, share FROM edition WHERE connection_id = %s ORDER BY number", (tie,)
        ).fetchall()
    once_seen: set[str] = set()
    assert feed(tie) == told
    assert len(editions) == len(seen)
    for (number, kept), ids in zip(editions, seen, strict=True):
        is_open = Share.from_json(kept).is_open
        through = behind_the_gate(district, Sight(tie, number, is_open))
        once_seen |= set(ids["relationship"])
        assert {**through, "relationship": None} == {**ids, "relationship": None}
        assert set(ids["relationship"]) <= set(through["relationship"]) <= once_seen
    assert through == ids


def test_a_limited_share_without_its_connection_lets_nothing_through(
    district: int, storage: Storage
) -> None:
    publish_next(district, TWO_FAMILIES, storage=storage)

    assert behind_the_gate(district, Sight(0, 0, is_open=False)) == {kind: [] for kind in KINDS}


def test_a_change_of_share_that_fails_leaves_the_share_and_the_feed_as_they_were(
    district: int, application: int, storage: Storage
) -> None:
    publish_next(district, TWO_FAMILIES, storage=storage)
    tie = connected(district, application, storage=storage)
    before = feed(tie.id)
    with contextlib.closing(connect(autocommit=True)) as own:
        own.execute("ALTER TABLE edition ADD CONSTRAINT no_more CHECK (number < 2)")
        try:
            with pytest.raises(Exception, match="refused"):
                connected(district, application, Share(types=frozenset()), storage=storage)
        finally:
            own.execute("ALTER TABLE edition DROP CONSTRAINT no_more")

    assert access.find_connection(district, application) == tie
    assert feed(tie.id) == before
