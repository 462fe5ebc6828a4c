"""Infinite Campus over its OneRoster service: what it has of its own."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.simulators.infinite_campus import QUIRKS, InfiniteCampusSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from tests.connectors.contract import TokenContract
from tests.connectors.reading import Reader, reader


class TestContract(TokenContract):
    name = "infinite-campus-api"
    paged = "/users"
    certain = "familyName"
    small_pages: ClassVar[Mapping[str, str]] = {"page_size": "40"}

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> InfiniteCampusSystem:
        return InfiniteCampusSystem(roster, quirks=quirks)

    def key_of(self, system: Any, number: str) -> str:
        key: str = system.people.student_id(number)
        return key

    def expire(self, system: Any) -> None:
        system.tokens.end()


# -- what Infinite Campus is like ----------------------------------------------------------------


@contextmanager
def campus(
    folder: Path, *quirks: str, students: int = 60
) -> Iterator[tuple[InfiniteCampusSystem, Reader]]:
    """A district's Infinite Campus with these quirks, and a source that reads it."""
    system = InfiniteCampusSystem(Roster(students=students, seed=5), quirks=quirks)
    with Serving(system) as serving:
        yield system, reader("infinite-campus-api", serving, folder, page_size="50")


def told(source: Reader, **settings: str) -> Reader:
    return replace(source, settings={**source.settings, **settings})


def pairs(rows: pl.DataFrame) -> list[tuple[str, str]]:
    people = rows.filter(pl.col("contact_name").fill_null("") != "")
    return sorted(zip(people["student_sis_id"], people["contact_name"], strict=True))


def true_pairs(system: InfiniteCampusSystem, where: pl.Expr | bool = True) -> list[tuple[str, str]]:
    known = system.roster.contacts.filter(where)
    keys = map(system.people.student_id, known["student"])
    return sorted(zip(keys, known["name"], strict=True))


@pytest.mark.parametrize(
    "quirk", sorted(QUIRKS.keys() - {"deleted", "no-accounts", "no-guardians"})
)
def test_no_quirk_loses_anybody_who_is_there(quirk: str, tmp_path: Path) -> None:
    with campus(tmp_path, quirk) as (system, source):
        assert pairs(source.rows()) == true_pairs(system)


def test_a_guardian_without_an_account_does_not_come_and_holds_nobody_up(tmp_path: Path) -> None:
    with campus(tmp_path, "no-accounts") as (system, source):
        rows, taken = source.rows(), source.taken_in()

    assert pairs(rows) == true_pairs(system, pl.col("person") % 7 != 2) != true_pairs(system)
    assert taken.counts.students == system.roster.students.height
    assert taken.counts.held == 0


def test_the_guardian_flag_is_the_type_and_says_no_relationship(tmp_path: Path) -> None:
    with campus(tmp_path, students=200) as (system, source):
        people = source.taken_in().people
        roles = Counter(system.roster.contacts["role"])

    guardians = sum(roles[role] for role in ("mother", "father", "stepmother"))
    assert Counter(people["type"]) == {
        "Parent/Guardian": guardians,
        "Family": system.roster.contacts.height - guardians,
    }
    assert people["relationship"].null_count() == people.height


def test_the_phone_is_one_of_the_home(tmp_path: Path) -> None:
    with campus(tmp_path, "formatted-phones") as (system, source):
        people = source.taken_in().people

    assert set(people["phone_type"].drop_nulls()) == {"Home"}
    assert {one[-10:] for one in people["phone"].drop_nulls()} == (
        set(system.roster.contacts["phone"]) - {""}
    )


def test_a_token_address_without_the_application_is_refused_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    with campus(tmp_path) as (_, source), pytest.raises(ChangeInput, match="appName"):
        told(source, token_url="/campus/oauth2/token").look()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_an_address_may_be_shown_in_several_ways(version: str, tmp_path: Path) -> None:
    quirks = ["version-1.1"] if version == "1.1" else []
    with campus(tmp_path, *quirks) as (_, source):
        url = source.settings["url"]
        shown = {
            url + "/",
            url.removesuffix("/v1p1").removesuffix("/rostering/v1p2"),
            url.replace("/oneroster/v1p1", "/oneroster/rostering/v1p1"),
        }

        for one in shown:
            assert told(source, url=one, version=version).look()


def test_metadata_that_a_mapping_names_is_asked_for(tmp_path: Path) -> None:
    name = "student.metadata.ic.legacySourcedId"
    own = f'[fields]\nstudent_sis_id = {{ column = "{name}" }}'
    with campus(tmp_path) as (system, source):
        assert name not in source.read().columns
        rows = replace(source, own=own).rows()

    assert set(rows["student_sis_id"]) == {
        f"s{number}" for number in system.roster.students["Student_id"]
    }


def test_one_guardian_of_several_students_is_one_contact(tmp_path: Path) -> None:
    with campus(tmp_path, students=200) as (system, source):
        taken = source.taken_in()

    assert taken.counts.contacts == system.roster.contacts["person"].n_unique()
    assert taken.counts.relationships == system.roster.contacts.height
