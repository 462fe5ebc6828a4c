"""A process that is killed at any moment loses nothing, doubles nothing, and blocks nobody."""

import contextlib
from dataclasses import replace

import pytest

from kinsync.domain.errors import NotFound
from kinsync.domain.frames import KINDS
from kinsync.services.holds import approve
from kinsync.services.restore import restore
from kinsync.store import records, snapshots
from kinsync.store.database import connect
from kinsync.store.publish import STEPS
from tests.services.dying import MOMENTS, die_approving, die_restoring, die_syncing
from tests.services.office import Ids, Office, is_same
from tests.services.pupils import Line, mother, school_of, uncle, write

SCHOOL = school_of(12)
NIGHT = [
    replace(mother(0), phone="4255550199"),
    *(line for line in SCHOOL if line not in (mother(0), uncle(1))),
    replace(uncle(2), name="Gwendolyn Pemberton", phone="4255550123", type="Other"),
]
CHANGES = {
    "school": {"created": 0, "updated": 0, "deleted": 0},
    "student": {"created": 0, "updated": 0, "deleted": 0},
    "contact": {"created": 1, "updated": 1, "deleted": 1},
    "relationship": {"created": 1, "updated": 0, "deleted": 1},
}
IS_PUBLISHED = "after-commit"


def die(office: Office, moment: str, lines: list[Line]) -> None:
    """The office's next sync, killed."""
    file = write(office.home / "upload" / "students.csv", lines)
    die_syncing(moment, office.id, file, office.home, office.day)


def stored(office: Office) -> int:
    """Every interval of every kind, visible or not."""
    with contextlib.closing(connect()) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {kind}").fetchone() for kind in KINDS]
    return sum(row[0] for row in counts if row)


def states(office: Office) -> list[str]:
    """How the syncs of the district ended, the oldest first."""
    return [sync.state for sync in records.list_syncs(office.id)][::-1]


def ids_of(office: Office) -> dict[tuple[str, str], Ids]:
    return {
        (line.student, line.name): office.ids(line)
        for line in SCHOOL
        if line not in (mother(0), uncle(1))
    }


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_night_killed_at_any_moment_is_whole_or_not_there_and_the_retry_finishes(
    office: Office, moment: str
) -> None:
    office.sync(SCHOOL)
    before, ids = office.published(), ids_of(office)

    die(office, moment, NIGHT)

    assert office.version == (2 if moment == IS_PUBLISHED else 1)
    assert is_same(snapshots.as_of(office.id, 1), before)
    assert moment == IS_PUBLISHED or is_same(office.published(), before)

    retry = office.sync(NIGHT)

    assert retry.sync.state == ("unchanged" if moment == IS_PUBLISHED else "published")
    assert office.version == 2
    assert snapshots.changes_of(office.id, 2).counts() == CHANGES
    assert ids_of(office) == ids
    assert stored(office) == 12 + 1 + 24 + 24 + 2 + 1
    assert "running" not in states(office)
    if moment not in ("begun", IS_PUBLISHED):
        assert states(office)[1] == "failed"


@pytest.mark.parametrize("moment", ["reading", "compared", "insert-contact", *STEPS[-3:]])
def test_a_first_load_killed_at_any_moment_is_finished_by_the_retry(
    office: Office, moment: str
) -> None:
    die(office, moment, SCHOOL)

    assert office.version == (1 if moment == IS_PUBLISHED else 0)
    office.sync(SCHOOL)
    assert office.version == 1
    assert office.named().height == 24
    assert stored(office) == 12 + 1 + 24 + 24


def test_the_retry_of_what_was_published_tells_the_counts_it_had(office: Office) -> None:
    die(office, IS_PUBLISHED, SCHOOL)

    told = office.sync(SCHOOL).as_json()

    assert (told["state"], told["rows"], told["contacts"]) == ("unchanged", 24, 24)


@pytest.mark.parametrize("moment", ["reading", "insert-contact", "before-commit"])
def test_another_file_may_follow_a_killed_sync(office: Office, moment: str) -> None:
    office.sync(SCHOOL)
    die(office, moment, NIGHT)

    other = [
        replace(mother(3), phone="4255550111") if line == mother(3) else line for line in SCHOOL
    ]
    office.sync(other)

    assert office.version == 2
    assert snapshots.changes_of(office.id, 2).counts()["contact"] == {
        "created": 0, "updated": 1, "deleted": 0,
    }  # fmt: skip
    assert office.row(mother(0))["phone"] == mother(0).phone


@pytest.mark.parametrize("moment", ["begun", "reading", "cache"])
def test_syncs_killed_one_after_the_other_are_all_ended_by_the_next(
    office: Office, moment: str
) -> None:
    office.sync(SCHOOL)
    for _night in range(3):
        die(office, moment, NIGHT)

    office.sync(NIGHT)

    assert office.version == 2
    assert "running" not in states(office)


def test_a_killed_sync_leaves_a_held_one_to_be_decided(office: Office) -> None:
    office.sync(SCHOOL)
    held = office.sync(SCHOOL[:12])

    die(office, "reading", NIGHT)

    assert approve(office.district, office.tools, sync_id=held.sync.id).version == 2


@pytest.mark.parametrize("moment", ["begin", "close-contact", "sync", "before-commit"])
def test_a_killed_approval_can_be_repeated(office: Office, moment: str) -> None:
    office.sync(SCHOOL)
    held = office.sync(SCHOOL[:12])

    die_approving(moment, office.id, office.home, office.day)

    assert office.version == 1
    assert office.state(held.sync.id) == "held"
    assert approve(office.district, office.tools, sync_id=held.sync.id).version == 2
    assert len(office.students()) == 6


def test_an_approval_killed_after_its_commit_is_done(office: Office) -> None:
    office.sync(SCHOOL)
    held = office.sync(SCHOOL[:12])

    die_approving(IS_PUBLISHED, office.id, office.home, office.day)

    assert (office.version, office.state(held.sync.id)) == (2, "published")
    with pytest.raises(NotFound):
        approve(office.district, office.tools)


@pytest.mark.parametrize("moment", ["begin", "insert-contact", "before-commit", IS_PUBLISHED])
def test_a_killed_restore_can_be_repeated(office: Office, moment: str) -> None:
    office.sync(SCHOOL)
    first = office.published()
    office.sync(NIGHT)

    die_restoring(moment, office.id, office.home, office.day)

    assert office.version == (3 if moment == IS_PUBLISHED else 2)
    restore(office.district, 1, office.tools)
    assert is_same(office.published(), first)
    assert "running" not in states(office)
