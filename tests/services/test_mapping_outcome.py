"""What the mapping in use makes of the data is found out once."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from kinsync.connectors import find_connector
from kinsync.domain.mapping import Mapping
from kinsync.services.extracts import mapping_over
from kinsync.services.mapping_outcome import Outcome, Trial
from kinsync.store.sources import Source

ROWS = """Student_ID,School_ID,Last_Name,First_Name,E1_Full_Name,E1_Relation_Dsc,E1_Cell_Phone
1,101,Brandvold,Tess,"Brandvold, Ingrid",MOTHER,3605550142
2,101,Okonjo,Bram,Lois Okonjo,Moeder,3605550177
"""


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    data = tmp_path / "StudentC.csv"
    data.write_text(ROWS)
    source = Source(1, 1, "Skyward", "skyward-auto", {}, 0, {}, datetime(2026, 11, 25, tzinfo=UTC))
    return Trial(source, data, kept=tmp_path / "outcome-1")


def in_use(own: str = "") -> Mapping:
    told = Mapping.from_toml(own, name="own") if own else None
    return mapping_over(find_connector("skyward-auto"), told)


def same(one: Outcome, other: Outcome) -> bool:
    return (
        one.people.equals(other.people)
        and one.findings.equals(other.findings)
        and (one.counts, one.is_refused) == (other.counts, other.is_refused)
    )


def forget_a_person(trial: Trial) -> None:
    """Change what is kept, so that it shows where an outcome comes from."""
    assert trial.kept is not None
    (people,) = trial.kept.glob("*/people.arrow")
    pl.read_ipc(people).head(1).write_ipc(people)


def test_what_is_kept_is_what_comes_of_it(trial: Trial) -> None:
    first, again = trial.known(in_use()), trial.known(in_use())

    assert same(first, trial.outcome(in_use()))
    assert same(first, again)
    assert "relationship-unknown" in set(again.findings["code"])


def test_the_second_time_the_data_are_not_taken_in(trial: Trial) -> None:
    assert trial.known(in_use()).people.height == 2
    forget_a_person(trial)

    assert trial.known(in_use()).people.height == 1


@pytest.mark.parametrize("changed", ["data", "mapping", "settings"])
def test_whatever_could_change_it_makes_it_found_out_again(changed: str, trial: Trial) -> None:
    trial.known(in_use())
    forget_a_person(trial)
    mapping = in_use()
    if changed == "data":
        trial.data.write_text(ROWS.replace("Moeder", "Vader"))
    elif changed == "mapping":
        mapping = in_use('[words.relationship]\n"Moeder" = "Parent"')
    else:
        trial = replace(trial, source=replace(trial.source, settings={"delimiter": "comma"}))

    assert trial.known(mapping).people.height == 2
    assert trial.kept is not None
    assert len(list(trial.kept.iterdir())) == 1


def test_what_is_damaged_is_found_out_again(trial: Trial) -> None:
    first = trial.known(in_use())
    assert trial.kept is not None
    for path in trial.kept.glob("*/*.arrow"):
        path.write_bytes(b"ARROW1 cut")

    assert same(trial.known(in_use()), first)


def test_a_file_that_is_refused_is_kept_so_too(trial: Trial) -> None:
    trial.data.write_text("Student_ID,School_ID,Last_Name,First_Name\n1,101,Pell,Jory\n")

    assert trial.known(in_use()).is_refused
    assert trial.known(in_use()).is_refused
