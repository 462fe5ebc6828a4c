"""A source is published as a whole, or what was published stays."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, IncompletePull, NotFound, SourceRefusal
from kinsync.services import sources
from kinsync.services.pulls import pulled_aside
from kinsync.services.schedules import list_schedules, queue_due
from kinsync.services.sources import open_pulled
from kinsync.services.sync import sync_delivery
from kinsync.simulators.serving import Fault
from kinsync.store import models, pulls, queue, records
from kinsync.store import sources as stored
from kinsync.store.priorities import priority
from kinsync.store.sealing import Sealer
from kinsync.store.storage import Storage
from tests.services.aeries_office import SEALER, AeriesOffice, pull_tools, reading_aeries
from tests.services.office import Office
from tests.services.pupils import as_csv, school_of
from tests.services.uploader import upload_whole


@pytest.fixture
def aeries(office: Office) -> Iterator[AeriesOffice]:
    with reading_aeries(office) as reading:
        yield reading


def test_what_the_source_has_is_published(aeries: AeriesOffice) -> None:
    aeries.pull()
    outcome = aeries.sync()

    assert outcome is not None
    assert outcome.sync.state == "published"
    published = aeries.office.named().select("student", "name")
    held = aeries.system.roster.contacts.select("student", "name")
    assert sorted(published.rows()) == sorted(held.rows())


def test_a_pull_is_synced_once(aeries: AeriesOffice) -> None:
    aeries.pull()
    aeries.sync()

    assert aeries.sync() is None


def test_a_source_that_has_not_changed_changes_nothing(aeries: AeriesOffice) -> None:
    for _ in range(2):
        aeries.pull()
        outcome = aeries.sync()

    assert outcome is not None
    assert outcome.sync.state == "unchanged"
    assert aeries.office.version == 1


def test_a_night_at_the_source_is_a_night_here(aeries: AeriesOffice) -> None:
    aeries.pull()
    aeries.sync()
    before = aeries.office.named()
    aeries.system.roster.contacts = aeries.system.roster.contacts.with_columns(
        phone=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("4255550199")).otherwise("phone")
    )
    aeries.pull(is_full=True)
    outcome = aeries.sync()

    assert outcome is not None
    assert outcome.changes is not None
    assert outcome.changes.counts()["contact"] == {"created": 0, "updated": 1, "deleted": 0}
    assert set(aeries.office.named()["contact_id"]) == set(before["contact_id"])


@pytest.mark.parametrize("path", ["/students", "/contacts", "RelationshipToStudent", "schools"])
def test_a_pull_that_is_not_whole_changes_nothing(path: str, aeries: AeriesOffice) -> None:
    aeries.pull()
    aeries.sync()
    aeries.serving.fail(Fault.CUT, path, times=1000)
    with pytest.raises(IncompletePull):
        aeries.pull(is_full=True)

    assert aeries.sync() is None
    assert aeries.office.version == 1
    (_, whole), (state, reason) = aeries.pulled()
    assert (whole, state) == ("", "incomplete")
    assert "the answer was cut" in reason or "connection broke" in reason


def test_a_refusal_is_on_record_with_its_reason(aeries: AeriesOffice) -> None:
    aeries.serving.fail(Fault.STATUS, "/contacts", status=403, times=1000)
    with pytest.raises(SourceRefusal):
        aeries.pull()

    ((state, reason),) = aeries.pulled()
    assert state == "incomplete"
    assert "does not allow" in reason


def test_a_pull_whose_process_died_is_ended_by_the_next(aeries: AeriesOffice) -> None:
    pulls.begin(aeries.office.id, aeries.source.id, at=aeries.office.day)
    aeries.pull()

    assert aeries.pulled() == [("incomplete", pulls.ABANDONED), ("complete", "")]


def test_of_upload_and_pull_the_newest_is_synced(aeries: AeriesOffice) -> None:
    aeries.pull()
    upload_whole(Storage(aeries.office.home), aeries.office.district, as_csv(school_of(5)))
    uploaded = aeries.sync()
    aeries.pull()
    pulled = aeries.sync()

    assert uploaded is not None
    assert pulled is not None
    assert uploaded.sync.file_name == "students.csv"
    assert pulled.sync.file_name == "Aeries (nightly)"


def test_a_preview_leaves_nothing_that_would_be_synced(aeries: AeriesOffice) -> None:
    with pulled_aside(aeries.source, aeries.tools) as path:
        delivery = open_pulled(path, aeries.source)
        seen = sync_delivery(aeries.office.district, delivery, aeries.office.tools, is_preview=True)

    assert seen.changes is not None
    assert seen.changes.counts()["student"]["created"] == 40
    assert aeries.sync() is None
    assert aeries.pulled() == []


def test_findings_name_the_system_and_no_column_that_nobody_asked_for(
    aeries: AeriesOffice,
) -> None:
    aeries.system.quirks = frozenset({"unknown-codes"})
    aeries.pull()
    outcome = aeries.sync()

    assert outcome is not None
    assert outcome.report is not None
    assert "column-unknown" not in {rule.code for rule in outcome.report.rules}
    assert {place.file for rule in outcome.report.rules for place in rule.places} <= {
        "Aeries (nightly)"
    }


def test_bytes_of_old_pulls_go(aeries: AeriesOffice) -> None:
    first = aeries.pull()
    aeries.office.day += timedelta(days=31)
    second = aeries.pull()
    kept = {path.name for path in aeries.office.home.rglob("uploads/*")}

    assert kept == {str(second.id)}
    assert first.id != second.id


# -- sources -------------------------------------------------------------------------------------


def test_credentials_lie_sealed_and_open_only_for_their_own_source(aeries: AeriesOffice) -> None:
    certificate = aeries.system.certificate
    row = models.Source.objects.get()

    assert certificate not in json.dumps([row.settings, row.credentials])
    assert stored.credentials(aeries.source, SEALER) == {"certificate": certificate}
    with pytest.raises(ChangeInput, match="key"):
        stored.credentials(aeries.source, Sealer([bytes([1] * 32)]))
    models.Source.objects.filter(id=row.id).update(id=row.id + 1)
    with pytest.raises(ChangeInput, match="moved"):
        stored.credentials(stored.source(aeries.office.id, row.id + 1), SEALER)


def test_a_source_is_read_at_times_from_the_day_it_is_added(aeries: AeriesOffice) -> None:
    (schedule,) = list_schedules(aeries.office.district)
    queue_due(schedule.next_at)
    (job,) = queue.list_jobs()

    assert schedule.what == "pull:nightly"
    assert (job.task, job.arguments["source_id"]) == (queue.PULL, aeries.source.id)


def test_a_source_that_is_removed_is_not_read_any_more(aeries: AeriesOffice) -> None:
    aeries.pull()
    sources.remove_source(aeries.office.district, aeries.source)

    assert list_schedules(aeries.office.district) == []
    assert aeries.sync() is None
    with pytest.raises(NotFound):
        stored.find_source(aeries.office.id, "nightly")


def test_a_second_source_stands_behind_the_first(aeries: AeriesOffice) -> None:
    reach = pull_tools(aeries.office).reach
    settings = dict(aeries.serving.settings)
    sources.add_source(aeries.office.district, "Another", "aeries", settings, reach)

    listed = stored.list_sources(aeries.office.id)
    assert [one.name for one in listed] == ["nightly", "Another"]
    assert priority(aeries.office.id).order == tuple(one.id for one in listed)


def test_everything_that_is_wrong_with_settings_is_said_at_once(office: Office) -> None:
    with pytest.raises(ChangeInput) as told:
        sources.add_source(
            office.district, "x", "aeries", {"adress": "https://x"}, pull_tools(office).reach
        )

    for word in ("adress", "url is missing", "certificate is missing"):
        assert word in str(told.value)


def test_sources_of_another_district_are_not_found(aeries: AeriesOffice, tmp_path: Path) -> None:
    hillside = records.add_district("Hillside", at=aeries.office.day)

    with pytest.raises(NotFound):
        stored.find_source(hillside.id, "nightly")
    assert pulls.newest(hillside.id, [aeries.source.id]) is None
