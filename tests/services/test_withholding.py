"""Who is restricted is withheld from applications as soon as a sync knows it, whatever waits."""

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date

import pytest

from kinsync.domain.share import EVERYTHING, Share
from kinsync.pipeline.visible import visible
from kinsync.services.arrivals import sync_arrived
from kinsync.services.holds import approve, discard, held_sync
from kinsync.services.pause import pause
from kinsync.services.restore import restore
from kinsync.services.share import Limits, connect, preview
from kinsync.services.sync import Outcome
from kinsync.store import access, records
from kinsync.store.database import connect as database
from tests.services.office import MORNING, Office, is_same, totals
from tests.services.pupils import COLUMNS, Line, mother, school_of, uncle
from tests.services.test_pause import Desk
from tests.store.publishing import connected
from tests.store.test_feeds import feed

SCHOOL = school_of(12)
MOTHER, UNCLE = mother(0), uncle(0)


def told(lines: Iterable[Line], column: str, values: dict[Line, str]) -> bytes:
    """A file with one more column, blank but for these lines."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, column])
    writer.writerows([*asdict(line).values(), values.get(line, "")] for line in lines)
    return out.getvalue().encode()


def barring(lines: Iterable[Line], *who: Line) -> bytes:
    return told(lines, "Contact_restricted", dict.fromkeys(who, "Y"))


def seen(office: Office, share: Share = EVERYTHING) -> set[str]:
    """Names of whom an application with this share would be served."""
    return set(visible(office.published(), share).frames["contact"]["name"])


@pytest.fixture
def reader(office: Office) -> access.Application:
    return access.add_application("Reading Room", at=MORNING)[0]


@pytest.fixture
def held(office: Office, reader: access.Application) -> Outcome:
    """Half the school is gone at once, and the uncle of a student who stays is restricted."""
    office.sync(SCHOOL)
    connected(office.id, reader.id, storage=office.tools.storage)
    return office.sync(barring(SCHOOL[:12], UNCLE))


def test_a_restricted_person_is_published_and_seen_by_nobody_who_is_not_let(
    office: Office,
) -> None:
    office.sync(barring(SCHOOL, UNCLE))

    assert office.names(UNCLE.student) == {MOTHER.name, UNCLE.name}
    assert UNCLE.name not in seen(office)
    assert UNCLE.name in seen(office, Share(restricted=True))
    assert MOTHER.name in seen(office)


def test_a_flag_that_changes_is_an_update_of_that_relationship_alone(office: Office) -> None:
    office.sync(told(SCHOOL, "Contact_order", {MOTHER: "1", UNCLE: "2"}))
    night = office.sync(told(SCHOOL, "Contact_order", {MOTHER: "2", UNCLE: "2"}))

    assert totals(night.changes) == {"created": 0, "updated": 1, "deleted": 0}
    assert night.changes is not None
    assert night.changes.kinds["relationship"].updated["flags"].to_list() == ['{"order":2}']


def test_an_address_that_changes_is_an_update_of_that_contact_alone(office: Office) -> None:
    office.sync(told(SCHOOL, "Contact_street", {MOTHER: "9 Quarry Rd"}))
    night = office.sync(told(SCHOOL, "Contact_street", {MOTHER: "1 Alder Ct"}))

    assert totals(night.changes) == {"created": 0, "updated": 1, "deleted": 0}
    assert night.changes is not None
    [address] = night.changes.kinds["contact"].updated["address"]
    assert '"street":"1 Alder Ct"' in address


def test_a_held_sync_withholds_whom_it_knows_to_be_restricted_and_nothing_else(
    office: Office, held: Outcome, reader: access.Application
) -> None:
    tie = access.find_connection(office.id, reader.id)

    assert (held.sync.state, office.version) == ("held", 2)
    assert office.students() == {line.student for line in SCHOOL}
    assert UNCLE.name not in seen(office)
    assert {act for edition, act, *_ in feed(tie.id) if edition > 1} == {"deleted"}
    assert [one.origin for one in records.list_versions(office.id)] == ["restriction", "sync"]
    assert totals(held_sync(office.district, office.tools).changes) == {
        "created": 0, "updated": 0, "deleted": 30,
    }  # fmt: skip


def test_what_is_held_is_published_from_there_on_or_forgotten(
    office: Office, held: Outcome
) -> None:
    approve(office.district, office.tools, sync_id=held.sync.id)

    assert office.version == 3
    assert office.students() == {line.student for line in SCHOOL[:12]}
    assert UNCLE.name not in seen(office)
    office.sync(SCHOOL[:12])
    assert UNCLE.name in seen(office)


def test_a_hold_that_is_discarded_leaves_the_restriction(office: Office, held: Outcome) -> None:
    discard(office.district, office.tools, sync_id=held.sync.id)

    assert UNCLE.name not in seen(office)
    assert office.students() == {line.student for line in SCHOOL}


def test_the_same_file_again_is_held_again_and_restricts_nobody_twice(
    office: Office, held: Outcome
) -> None:
    again = office.sync(barring(SCHOOL[:12], UNCLE))

    assert (again.sync.state, office.version) == ("held", 2)
    assert again.changes is not None
    assert held.changes is not None
    assert again.changes.counts() == held.changes.counts()


def test_a_preview_withholds_nobody(office: Office) -> None:
    office.sync(SCHOOL)
    office.sync(barring(SCHOOL, UNCLE), is_preview=True)

    assert office.version == 1
    assert UNCLE.name in seen(office)


@pytest.mark.parametrize("until", [None, date(2026, 9, 30)])
def test_what_arrives_in_a_pause_withholds_and_publishes_nothing_else(
    office: Office, until: date | None
) -> None:
    desk = Desk(office.home)
    office.sync(SCHOOL)
    pause(office.district, until, office.day)
    desk.put(barring(SCHOOL[:12], UNCLE))

    assert sync_arrived(office.id, desk, office.tools) is None
    assert office.version == 2
    assert office.students() == {line.student for line in SCHOOL}
    assert UNCLE.name not in seen(office)


def test_an_earlier_version_that_is_restored_lifts_no_restriction(office: Office) -> None:
    office.sync(SCHOOL)
    office.sync(barring(SCHOOL, UNCLE))
    barred = office.published()
    office.sync(barring(SCHOOL[:-2], UNCLE))

    restore(office.district, 1, office.tools)

    assert is_same(office.published(), barred)


def test_a_word_that_is_not_understood_restricts_until_it_is_mapped(office: Office) -> None:
    outcome = office.sync(told(SCHOOL, "Contact_restricted", {UNCLE: "ask Dana", MOTHER: "no"}))

    assert outcome.report is not None
    assert [one.count for one in outcome.report.rules] == [1]
    assert outcome.report.rules[0].code == "contact-restricted-unknown"
    assert UNCLE.name not in seen(office)
    assert MOTHER.name in seen(office)


def test_a_share_goes_by_flags_and_says_how_many_students_are_left_without_anybody(
    office: Office, reader: access.Application
) -> None:
    office.sync(told(SCHOOL, "Contact_pick_up", {MOTHER: "yes", UNCLE: "no"}))

    effect = preview(
        office.district, reader, Limits(flags=["Pick-up"]), office.tools, everything=False
    )
    assert effect.receives["contact"] == 1
    assert effect.without_contacts == 11
    assert seen(office, effect.share) == {MOTHER.name}


def test_an_application_may_be_let_see_restricted_people(
    office: Office, reader: access.Application
) -> None:
    office.sync(barring(SCHOOL, UNCLE))

    kept = connect(office.district, reader, Limits(), office.tools)
    let = connect(office.district, reader, Limits(restricted=True), office.tools)

    assert (kept.restricted, let.restricted) == (1, 0)
    assert let.receives["contact"] == kept.receives["contact"] + 1
    assert let.events["contact"] == {"created": 1, "updated": 0, "deleted": 0}


def test_when_values_go_whoever_was_restricted_stays_so(office: Office) -> None:
    office.sync(barring(SCHOOL, UNCLE))
    with database() as owner:
        owner.execute("UPDATE contact SET address = '{}'")
        owner.execute("""UPDATE relationship SET flags = '{"order":1}'""")
    office.sync([line for line in SCHOOL if line != UNCLE])
    office.purge(after_days=70)

    with database() as owner:
        people = owner.execute(
            "SELECT name, address, restricted FROM contact WHERE restricted IS NOT NULL"
        )
        assert people.fetchall() == [(None, None, "Y")]
        ties = owner.execute("SELECT flags FROM relationship WHERE restricted IS NOT NULL")
        assert ties.fetchall() == [(None,)]


def test_a_row_that_is_held_for_something_else_restricts_all_the_same(office: Office) -> None:
    office.sync(SCHOOL)
    flawed = replace(UNCLE, type="")
    night = office.sync(barring([flawed, *(one for one in SCHOOL if one != UNCLE)], flawed))

    assert night.report is not None
    assert (night.sync.state, night.report.counts.held) == ("published", 1)
    assert office.names(UNCLE.student) == {MOTHER.name, UNCLE.name}
    assert UNCLE.name not in seen(office)
    assert MOTHER.name in seen(office)
    twice = office.sync(barring([*SCHOOL, flawed], flawed))
    assert totals(twice.changes) == {"created": 0, "updated": 0, "deleted": 0}
    office.sync(SCHOOL)
    assert UNCLE.name in seen(office)
