"""Changes laid over the tables of before make the very file that a whole pull makes."""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from kinsync.simulators.systems import pretend
from tests.connectors.following import EDITS, Edit, Following, apply, edits
from tests.connectors.reading import reader

STUDENTS = 10
EVERYTHING: list[Edit] = [(name, place) for place, name in enumerate(sorted(EDITS))]
VARIANTS = {
    "aeries": ("", "inactive-students", "two-schools"),
    "ed-fi": ("", "moved-keys", "standard-4", "version-7-1", "second-school", "out-of-scope"),
    "powerschool": ("", "core-fields-missing", "former-students"),
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
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
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
        for happened in (EVERYTHING, EVERYTHING[::-1], []):
            happen(serving, happened)

            assert following.changes() == following.whole()


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_what_did_not_change_is_not_read(name: str) -> None:
    with followed(name) as (serving, following):
        everything = following.read
        happen(serving, [("change a phone", 3)])
        following.changes()

        assert 0 < following.read < everything / 2
