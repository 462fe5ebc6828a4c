"""Changes laid over the tables of before make the very file that a whole pull makes."""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kinsync.connectors.connector import TellsChanges
from kinsync.domain.errors import ChangesUntold, IncompletePull, SourceRefusal
from kinsync.simulators.ed_fi import EdFiSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Fault, Reply, Request, Serving
from kinsync.simulators.systems import pretend
from tests.connectors.following import EDITS, Edit, Following, apply, edits
from tests.connectors.reading import reader

STUDENTS = 10
EVERYTHING: list[Edit] = [(name, place) for place, name in enumerate(sorted(EDITS))]
VARIANTS = {
    "aeries": ("", "inactive-students", "two-schools"),
    "ed-fi": ("", "moved-keys", "standard-4", "version-7-1"),
    "powerschool": ("", "former-students"),
}
"""Connector → quirks by which changes are told otherwise."""


@contextmanager
def followed(
    name: str, quirks: Collection[str] = (), **settings: str
) -> Iterator[tuple[Serving, Following]]:
    """A pretended system that was read whole."""
    system = pretend(name, Roster(students=STUDENTS, seed=5), quirks)
    with tempfile.TemporaryDirectory() as folder, Serving(system) as serving:
        following = Following(reader(name, serving, Path(folder), **settings))
        following.start()
        yield serving, following


def happen(serving: Serving, happened: list[Edit]) -> None:
    """Let something happen at a system, so that it tells of it."""
    roster = serving.system.roster
    serving.system.happen(lambda: apply(roster, happened))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(VARIANTS))
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@example([EVERYTHING, EVERYTHING[::-1]])
@given(nights=st.lists(edits(), min_size=1, max_size=2))
def test_changes_make_what_a_whole_pull_makes(name: str, nights: list[list[Edit]]) -> None:
    with followed(name) as (serving, following):
        for happened in nights:
            happen(serving, happened)

            assert following.changes() == following.whole()


@pytest.mark.parametrize(
    ("name", "quirk"), [(name, quirk) for name in VARIANTS for quirk in VARIANTS[name] if quirk]
)
def test_so_they_do_in_whatever_way_they_are_told(name: str, quirk: str) -> None:
    with followed(name, [quirk]) as (serving, following):
        for happened in (EVERYTHING, []):
            happen(serving, happened)

            assert following.changes() == following.whole()


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_what_did_not_change_is_not_read(name: str) -> None:
    with followed(name) as (serving, following):
        everything = following.read
        happen(serving, [("change a phone", 3)])
        following.changes()

        assert 0 < following.read < everything / 2


# -- what every connector keeps, on the way of changes too -----------------------------------------

ROUTES = {"aeries": "StudentDataChanges", "ed-fi": "/deletes", "powerschool": "dataversion"}
"""Connector → part of the path by which it is told what changed."""


@pytest.mark.parametrize("fault", [Fault.STATUS, Fault.CUT])
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_question_that_fails_once_is_asked_again(name: str, fault: Fault) -> None:
    with followed(name) as (serving, following):
        happen(serving, EVERYTHING)
        serving.fail(fault, ROUTES[name])

        assert following.changes() == following.whole()


@pytest.mark.parametrize("fault", [Fault.STATUS, Fault.CUT])
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_changes_that_do_not_come_are_no_changes(name: str, fault: Fault) -> None:
    with followed(name) as (serving, following):
        happen(serving, EVERYTHING)
        serving.fail(fault, ROUTES[name], times=1000)

        with pytest.raises(IncompletePull):
            following.changes()


@pytest.mark.parametrize("status", [400, 403, 404, 410])
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_system_that_does_not_know_any_more_refuses(name: str, status: int) -> None:
    with followed(name) as (serving, following):
        serving.fail(Fault.STATUS, ROUTES[name], status=status, times=1000)

        with pytest.raises(SourceRefusal):
            following.changes()


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_messages_of_changes_hold_no_value_of_a_row(name: str) -> None:
    told = []
    with followed(name) as (serving, following):
        happen(serving, EVERYTHING)
        roster = serving.system.roster
        values = [*roster.contacts["last"], *roster.students["Student_id"]]
        for path in (ROUTES[name], "tudent", "ontact"):
            serving.fail(Fault.CUT, path, times=3)
            try:
                following.changes()
            except IncompletePull as error:
                told.append(str(error))

    assert told
    assert [text for text in told for value in values if len(value) > 3 and value in text] == []


# -- what a system is like -------------------------------------------------------------------------


def test_a_clock_that_is_put_back_an_hour_hides_nobody() -> None:
    with followed("aeries") as (serving, following):
        serving.system.now = lambda: datetime(2026, 11, 1, 1, 50, tzinfo=UTC)  # type: ignore[attr-defined]
        following.start()
        serving.system.now = lambda: datetime(2026, 11, 1, 1, 10, tzinfo=UTC)  # type: ignore[attr-defined]
        happen(serving, EVERYTHING)

        assert following.changes() == following.whole()


def test_contacts_who_come_into_sight_with_a_student_have_not_changed_themselves() -> None:
    with followed("ed-fi") as (serving, following):
        system = serving.system
        assert isinstance(system, EdFiSystem)
        happen(serving, [("add a student", 4)])
        known = system.history.versions
        system.history.versions = {
            of: number for of, number in known.items() if of[0] == "studentSchoolAssociations"
        }

        assert following.changes() == following.whole()


@pytest.mark.parametrize("change", ["oldest", "newest", "words"])
def test_an_api_that_lost_count_is_read_as_a_whole(change: str) -> None:
    with followed("ed-fi") as (serving, following):
        system = serving.system
        assert isinstance(system, EdFiSystem)
        happen(serving, EVERYTHING)
        if change == "words":
            system.quirks = frozenset({"no-descriptors"})
        else:
            setattr(system.history, change, {"oldest": 2, "newest": 0}[change])

        with pytest.raises(ChangesUntold):
            following.changes()


def test_rows_that_go_while_changes_are_read_are_noticed() -> None:
    with followed("ed-fi") as (serving, following):
        system = serving.system
        assert isinstance(system, EdFiSystem)
        happen(serving, EVERYTHING)
        answer = system.answer

        def answered(request: Request) -> Reply:
            reply = answer(request)
            if request.path.endswith("contacts") and system.history.newest == 2:
                happen(serving, [("remove a student", 1)])
            return reply

        system.answer = answered  # type: ignore[method-assign]

        with pytest.raises(IncompletePull, match="went while it was read"):
            following.changes()


@pytest.mark.parametrize("settings", [{"snapshot": "yes"}, {"inactive": "yes"}])
def test_some_ways_of_reading_have_no_changes(settings: dict[str, str]) -> None:
    with followed("ed-fi") as (_, following):
        source = following.source
        told = replace(source, settings={**source.settings, **settings})
        assert isinstance(source.route, TellsChanges)

        with source.http() as http:
            assert source.route.moment(http, told.given, {}) is None


def test_a_count_that_is_not_what_came_is_read_as_a_whole() -> None:
    with followed("powerschool") as (serving, following):
        happen(serving, [("change a phone", 1)])
        roster = serving.system.roster
        roster.students = roster.students.head(-1)  # nobody is told

        with pytest.raises(ChangesUntold, match="others"):
            following.changes()
