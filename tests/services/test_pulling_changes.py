"""Changes are read where they do, and everything where they do not: it is the whole either way."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kinsync.domain.errors import IncompletePull
from kinsync.services import known, sources
from kinsync.services.mappings import save
from kinsync.simulators.serving import Fault
from kinsync.store import models, pulls
from kinsync.store import sources as stored
from tests.connectors.following import Edit, apply
from tests.services.aeries_office import AeriesOffice, pull_tools, reading_aeries
from tests.services.office import Office
from tests.services.pulling_and_dying import MOMENTS, die_pulling

CHANGES = "StudentDataChanges"
NOBODY = {"school": 0, "student": 0, "contact": 0, "relationship": 0}


@pytest.fixture
def aeries(office: Office) -> Iterator[AeriesOffice]:
    """A source of which everything was read this morning."""
    with reading_aeries(office, students=12) as reading:
        reading.pull()
        yield reading


def bytes_of(aeries: AeriesOffice, pull: pulls.Pull) -> bytes:
    with aeries.tools.shelf.reading(aeries.office.district.public_id, pull.id) as path:
        return path.read_bytes()


def ids(aeries: AeriesOffice) -> set[str]:
    return set(aeries.office.named()["id"])


def happen(aeries: AeriesOffice, happened: list[Edit]) -> None:
    """Let something happen to people of the system, which tells of it."""
    aeries.system.happen(lambda: apply(aeries.system.roster, happened))


def call(aeries: AeriesOffice, phone: str) -> None:
    """Somebody gets another phone, and the system tells of it."""
    roster = aeries.system.roster

    def change() -> None:
        is_first = pl.int_range(pl.len()) == 0
        told = pl.when(is_first).then(pl.lit(phone)).otherwise("phone")
        roster.contacts = roster.contacts.with_columns(phone=told)

    aeries.system.happen(change)


def left(aeries: AeriesOffice) -> tuple[Any, list[str]]:
    """Where the next pull goes on, and the tables that count."""
    state = stored.source(aeries.office.id, aeries.source.id).state
    folder = aeries.tools.shelf.storage.tables(aeries.office.district.public_id, aeries.source.id)
    assert isinstance(folder, Path)
    return state, sorted(path.name for path in (folder / str(state["pull"])).iterdir())


def test_the_first_pull_reads_everything_and_the_next_what_changed(aeries: AeriesOffice) -> None:
    call(aeries, "4255550199")
    pull = aeries.pull()
    (_, first) = pulls.recent(aeries.office.id, aeries.source.id)

    assert (first.kind, first.why) == ("whole", known.NOTHING_KEPT)
    assert (pull.kind, pull.why, pull.rows) == ("changes", "", first.rows)
    assert 0 < pull.read < first.read
    assert bytes_of(aeries, pull) == bytes_of(aeries, aeries.pull(is_full=True))


def test_what_changed_is_published_as_after_a_whole_pull(aeries: AeriesOffice) -> None:
    aeries.sync()
    before = aeries.office.named()
    call(aeries, "4255550199")
    pull = aeries.pull()
    outcome = aeries.sync()

    assert pull.kind == "changes"
    assert outcome is not None
    assert outcome.changes is not None
    assert outcome.changes.counts()["contact"] == {"created": 0, "updated": 1, "deleted": 0}
    assert set(aeries.office.named()["contact_id"]) == set(before["contact_id"])


def test_who_is_gone_goes_when_everything_is_read(aeries: AeriesOffice) -> None:
    aeries.sync()
    before = ids(aeries)
    happen(aeries, [("remove a contact", 2), ("remove a student", 5), ("change a phone", 1)])
    pull = aeries.pull()
    soon = aeries.sync()

    assert pull.kind == "changes"
    assert soon is not None
    assert soon.changes is not None
    assert {kind: told["deleted"] for kind, told in soon.changes.counts().items()} == NOBODY
    assert soon.changes.counts()["contact"]["updated"] == 1
    assert soon.report is not None
    assert "deletions-at-next-whole-pull" in {rule.code for rule in soon.report.rules}
    assert ids(aeries) == before

    aeries.pull(is_full=True)
    later = aeries.sync()

    assert later is not None
    assert later.report is not None
    assert "deletions-at-next-whole-pull" not in {rule.code for rule in later.report.rules}
    assert ids(aeries) < before
    assert aeries.office.named()["student"].n_unique() == 11


def test_whoever_went_between_whole_pulls_is_gone_as_if_everything_were_always_read(
    aeries: AeriesOffice,
) -> None:
    aeries.sync()
    for happened in ([("remove a contact", 3)], [("change a phone", 2)], [("add a contact", 4)]):
        happen(aeries, happened)
        aeries.pull()
        aeries.sync()
    aeries.pull(is_full=True)
    aeries.sync()

    told = {(one["student"], one["phone"]) for one in aeries.office.named().iter_rows(named=True)}
    roster = aeries.system.roster
    assert told == set(roster.contacts.select("student", "phone").iter_rows())


def settings_change(aeries: AeriesOffice) -> None:
    values = {**aeries.source.settings, "excluded_schools": "999"}
    sources.change_source(aeries.source, values, pull_tools(aeries.office).reach)
    aeries.source = stored.source(aeries.office.id, aeries.source.id)


def credentials_change(aeries: AeriesOffice) -> None:
    same = {"certificate": aeries.system.certificate}
    sources.renew_credentials(aeries.source, same, pull_tools(aeries.office).reach)


def mapping_changes(aeries: AeriesOffice) -> None:
    toml = '[fields]\ncontact_phone = { column = "CON.UserCode1" }'
    save(aeries.source, toml, name="own", at=aeries.office.day, by="Ada")


def a_day_passes(aeries: AeriesOffice) -> None:
    aeries.office.day += timedelta(days=1)


def a_pull_is_cut(aeries: AeriesOffice) -> None:
    aeries.serving.fail(Fault.CUT, "systeminfo", times=3)
    with pytest.raises(IncompletePull):
        aeries.pull()


def tables_are_damaged(aeries: AeriesOffice) -> None:
    for path in aeries.office.home.rglob("contacts.parquet"):
        path.write_bytes(path.read_bytes()[:-9])


def tables_are_purged(aeries: AeriesOffice) -> None:
    for path in aeries.office.home.rglob("contacts.parquet"):
        path.unlink()


def the_system_forgot(aeries: AeriesOffice) -> None:
    aeries.serving.fail(Fault.STATUS, CHANGES, status=410)


def the_system_has_no_such_question(aeries: AeriesOffice) -> None:
    aeries.serving.fail(Fault.STATUS, CHANGES, status=400)


def another_year_began(aeries: AeriesOffice) -> None:
    state = stored.source(aeries.office.id, aeries.source.id).state
    moment = {**state["moment"], "year": "2025-2026"}
    models.Source.objects.filter(id=aeries.source.id).update(state={**state, "moment": moment})


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (settings_change, known.OTHERWISE),
        (credentials_change, known.OTHERWISE),
        (mapping_changes, known.OTHERWISE),
        (a_day_passes, known.FIRST_OF_DAY),
        (a_pull_is_cut, known.FAULT),
        (tables_are_damaged, known.DAMAGED),
        (tables_are_purged, known.DAMAGED),
        (the_system_forgot, known.UNTOLD),
        (the_system_has_no_such_question, known.UNTOLD),
        (another_year_began, "another school year"),
    ],
)
def test_everything_is_read_where_changes_would_not_do(
    what: Callable[[AeriesOffice], None], why: str, aeries: AeriesOffice
) -> None:
    what(aeries)
    pull = aeries.pull()

    assert pull.kind == "whole"
    assert why in pull.why
    assert aeries.pull().kind == "changes"


def test_everything_is_read_where_somebody_asks_for_it(aeries: AeriesOffice) -> None:
    pull = aeries.pull(is_full=True)

    assert (pull.kind, pull.why) == ("whole", known.ASKED_FOR)


def test_a_day_begins_when_it_begins_in_the_district(aeries: AeriesOffice) -> None:
    from kinsync.services.schedules import set_time_zone

    set_time_zone(aeries.office.district, "America/Denver", aeries.office.day)
    aeries.office.day += timedelta(hours=23)  # it began at midnight in Denver
    late = aeries.pull()
    aeries.office.day += timedelta(hours=1)
    morning = aeries.pull()

    assert late.kind == "changes"
    assert (morning.kind, morning.why) == ("whole", known.FIRST_OF_DAY)


@pytest.mark.parametrize("path", [CHANGES, "/contacts/", "/students/", "systeminfo", "Relation"])
def test_changes_that_are_not_whole_leave_everything_as_it_was(
    path: str, aeries: AeriesOffice
) -> None:
    aeries.sync()
    before = left(aeries)
    call(aeries, "4255550199")
    aeries.serving.fail(Fault.CUT, path, times=1000)
    with pytest.raises(IncompletePull):
        aeries.pull()

    assert left(aeries) == before
    assert aeries.sync() is None


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_pull_that_is_killed_leaves_both_or_neither(moment: str, aeries: AeriesOffice) -> None:
    before = left(aeries)
    call(aeries, "4255550199")
    office = aeries.office
    die_pulling(moment, office.id, aeries.source.id, office.home, office.day)

    assert left(aeries) == before
    after = aeries.pull()
    folder = aeries.tools.shelf.storage.tables(office.district.public_id, aeries.source.id)
    assert isinstance(folder, Path)
    assert (after.kind, after.why) == ("whole", known.FAULT)
    assert b"4255550199" in bytes_of(aeries, after)
    assert [path.name for path in folder.iterdir()] == [str(after.id)], "nothing is left behind"


def test_what_is_deleted_without_a_word_goes_with_the_first_pull_of_the_next_day(
    aeries: AeriesOffice,
) -> None:
    aeries.system.quirks = frozenset({"silent-deletions"})
    roster = aeries.system.roster
    whole = aeries.pull(is_full=True)
    aeries.system.happen(lambda: setattr(roster, "contacts", roster.contacts.slice(1)))
    same_day = aeries.pull()
    a_day_passes(aeries)
    next_day = aeries.pull()

    assert bytes_of(aeries, same_day) == bytes_of(aeries, whole)
    assert next_day.kind == "whole"
    assert next_day.rows == whole.rows - 1


def test_tables_on_which_nothing_can_build_are_purged(aeries: AeriesOffice) -> None:
    def kept() -> int:
        return len(list(aeries.office.home.rglob("tables/*/*/contacts.parquet")))

    for _ in range(2):
        aeries.pull()
    assert kept() == 1
    aeries.office.purge()
    assert kept() == 1, "of today"
    aeries.office.day += timedelta(days=3)
    aeries.office.purge()

    assert kept() == 0


def test_tables_of_a_source_that_is_removed_are_purged(aeries: AeriesOffice) -> None:
    sources.remove_source(aeries.office.district, aeries.source)
    aeries.office.purge()

    assert list(aeries.office.home.rglob("contacts.parquet")) == []
