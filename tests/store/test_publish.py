"""A version is published whole or not at all, whatever happens meanwhile."""

import contextlib
from dataclasses import replace

import polars as pl
import pytest

from kinsync.domain.changes import Changes, Snapshot
from kinsync.domain.errors import Conflict, Defect, TryAgainLater
from kinsync.domain.frames import KINDS, PUBLISHED
from kinsync.store import absences, records, snapshots
from kinsync.store.database import connect
from kinsync.store.publish import MANY_ROWS, STEPS, Publication, publish, publish_first
from kinsync.store.storage import Storage
from tests.store.disk import on_disk
from tests.store.dying import die_at
from tests.store.people import (
    NOON,
    difference,
    is_same,
    is_same_change,
    record_id,
    same_of_all,
    snapshot,
)
from tests.store.publishing import prepare, publish_next

FIRST = snapshot(same_of_all({number: number for number in range(8)}))
NIGHT = snapshot(same_of_all({0: 0, 1: 1, 2: 7, 3: 6, 4: 0, 8: 8, 9: 9}))
"""Two stay, three change, three go, two come: of every kind."""


@pytest.fixture
def district(database: None) -> int:
    return records.add_district("Lakeside", at=NOON).id


def stored_rows() -> int:
    """Every interval of every kind, visible or not."""
    with contextlib.closing(connect()) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {kind}").fetchone() for kind in KINDS]
    return sum(row[0] for row in counts if row)


def test_what_was_published_is_what_is_loaded(district: int, storage: Storage) -> None:
    version = publish_next(district, FIRST, storage=storage)

    assert version == 1
    assert is_same(snapshots.load(district, storage=storage), FIRST)
    assert is_same(snapshots.as_of(district, 1), FIRST)


def test_a_night_leaves_the_earlier_version_to_be_looked_at(
    district: int, storage: Storage
) -> None:
    publish_next(district, FIRST, storage=storage)
    publish_next(district, NIGHT, storage=storage)

    assert is_same(snapshots.as_of(district, 1), FIRST)
    assert is_same(snapshots.as_of(district, 2), NIGHT)
    assert is_same_change(snapshots.changes_of(district, 2), difference(FIRST, NIGHT))


def test_a_sync_that_is_published_is_not_published_again(district: int, storage: Storage) -> None:
    publication = prepare(district, FIRST, storage=storage)
    publish(publication, storage=storage)
    rows = stored_rows()

    assert publish(publication, storage=storage) == 1
    assert stored_rows() == rows
    assert records.district(district).published == 1


def test_a_comparison_with_an_older_version_is_refused(district: int, storage: Storage) -> None:
    late = prepare(district, NIGHT, storage=storage)
    publish_next(district, FIRST, storage=storage)

    with pytest.raises(Conflict):
        publish(late, storage=storage)
    assert is_same(snapshots.load(district, storage=storage), FIRST)


def test_changes_that_do_not_fit_are_refused_without_their_values(
    district: int, storage: Storage
) -> None:
    publish_next(district, FIRST, storage=storage)
    twice = Changes(
        {kind: replace(change, created=pl.concat([change.created] * 2))
         for kind, change in difference(FIRST, NIGHT).kinds.items()}
    )  # fmt: skip

    with pytest.raises(Defect) as refused:
        publish(prepare(district, NIGHT, storage=storage, changes=twice), storage=storage)
    assert record_id("school", 8) not in str(refused.value)
    assert refused.value.__cause__ is None
    assert is_same(snapshots.load(district, storage=storage), FIRST)


def test_a_record_that_changes_keeps_the_version_that_created_it(
    district: int, storage: Storage
) -> None:
    for state in (FIRST, NIGHT, FIRST):
        publish_next(district, state, storage=storage)

    with contextlib.closing(connect()) as connection:
        created: dict[str, int] = dict(
            connection.execute(
                "SELECT id, created FROM contact WHERE until > 3 AND district_id = %s", (district,)
            ).fetchall()
        )
    assert created == {record_id("contact", number): 1 for number in range(8)}


def test_those_who_left_can_be_recognised_when_they_return(district: int, storage: Storage) -> None:
    publish_next(district, FIRST, storage=storage)
    publish_next(district, NIGHT, storage=storage)

    gone = difference(FIRST, NIGHT).kinds["contact"].deleted
    assert absences.absent(district, since=2).frames["contact"].equals(gone)
    assert absences.absent(district, since=3).frames["contact"].is_empty()

    publish_next(district, FIRST, storage=storage)

    assert not set(absences.absent(district, since=1).frames["contact"]["id"]) & set(gone["id"])


def test_a_merge_is_remembered(district: int, storage: Storage) -> None:
    publish_next(district, FIRST, storage=storage)
    pointers = pl.DataFrame(
        {"from_id": [record_id("contact", 5)], "into_id": [record_id("contact", 8)]}
    )
    merged = replace(difference(FIRST, NIGHT), merged=pointers)
    publish(prepare(district, NIGHT, storage=storage, changes=merged), storage=storage)

    assert snapshots.changes_of(district, 2).merged.equals(pointers)


@pytest.mark.parametrize("step", STEPS)
def test_a_first_load_killed_at_any_step_is_finished_by_the_retry(
    step: str, district: int, storage: Storage
) -> None:
    publication = prepare(district, FIRST, storage=storage)

    die_at(step, publication, storage)

    assert records.district(district).published == (1 if step == "after-commit" else 0)
    check_finish(publication, storage)


@pytest.mark.parametrize("step", STEPS)
def test_a_night_killed_at_any_step_is_finished_by_the_retry(
    step: str, district: int, storage: Storage
) -> None:
    publish_next(district, FIRST, storage=storage)
    publication = prepare(district, NIGHT, storage=storage)

    die_at(step, publication, storage)

    seen = snapshots.load(district, storage=storage)
    assert is_same(seen, NIGHT if step == "after-commit" else FIRST)
    assert is_same(snapshots.as_of(district, 1), FIRST)
    check_finish(publication, storage)
    assert is_same_change(snapshots.changes_of(district, 2), difference(FIRST, NIGHT))


def check_finish(publication: Publication, storage: Storage) -> None:
    """The retry publishes what the first attempt would have, once."""
    district = publication.district_id
    assert isinstance(publication.snapshot, Snapshot)

    assert publish(publication, storage=storage) == publication.version
    rows = stored_rows()
    assert publish(publication, storage=storage) == publication.version
    assert stored_rows() == rows
    assert is_same(snapshots.load(district, storage=storage), publication.snapshot)
    assert is_same(snapshots.as_of(district, publication.version), publication.snapshot)
    assert [version.number for version in records.list_versions(district)] == list(
        range(publication.version, 0, -1)
    )
    assert records.find_sync(district, publication.sync_id).state == "published"


@pytest.mark.parametrize("step", [step for step in STEPS if step != "after-commit"])
def test_a_connection_lost_at_any_step_means_try_again(
    step: str, district: int, storage: Storage
) -> None:
    publication = prepare(district, FIRST, storage=storage)

    def cut_off(reached: str) -> None:
        if reached == step:
            cut_publishing_connections()

    with pytest.raises(TryAgainLater, match="same command"):
        publish(publication, storage=storage, step=cut_off)
    assert records.district(district).published == 0
    check_finish(publication, storage)


def cut_publishing_connections() -> None:
    with contextlib.closing(connect(autocommit=True)) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction'"
        )


def test_a_full_disk_publishes_nothing(district: int, storage: Storage) -> None:
    publication = prepare(district, FIRST, storage=storage)
    on_disk(storage.root).write_text("a file where the folder should be")

    with pytest.raises(TryAgainLater, match="Nothing was published"):
        publish(publication, storage=storage)
    assert records.district(district).published == 0


def test_a_sync_that_another_process_has_ended_publishes_nothing(
    district: int, storage: Storage
) -> None:
    zombie = prepare(district, FIRST, storage=storage)
    records.fail_abandoned(district, at=NOON)

    with pytest.raises(Conflict, match="was ended by another process"):
        publish(zombie, storage=storage)
    assert records.district(district).published == 0
    assert publish_next(district, FIRST, storage=storage) == 1


def test_a_sync_that_another_process_has_ended_ends_no_other_way(district: int) -> None:
    zombie = records.start_sync(records.district(district), at=NOON)
    records.fail_abandoned(district, at=NOON)

    with pytest.raises(Conflict, match="was ended by another process, as failed"):
        records.finish_sync(zombie, "held", at=NOON)
    assert records.held_sync(district) is None


def test_the_planner_knows_a_large_first_load_at_once(district: int, storage: Storage) -> None:
    many = pl.int_range(MANY_ROWS + 1, eager=True).cast(pl.String).str.zfill(24)
    schools = pl.DataFrame({"id": many, "sis_id": many, "name": many})
    publication = replace(prepare(district, FIRST, storage=storage), snapshot=None, cache="first")

    publish_first(
        publication, [("school", schools.select(list(PUBLISHED["school"])))], storage=storage
    )

    with contextlib.closing(connect()) as connection:
        known = connection.execute("SELECT attname FROM pg_stats WHERE tablename = 'school'")
        assert ("district_id",) in known.fetchall()
