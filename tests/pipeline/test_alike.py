"""Alike: which pairs people are asked about, why, and how often rightly so."""

from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from tests.pipeline.snapshots import WORDS, Person, Tie, counter, incoming
from tests.pipeline.test_quality import ids, persons_by_id, read

from kinsync.domain.alike import LEAST, REASONS
from kinsync.domain.changes import Snapshot
from kinsync.pipeline.alike import alike
from kinsync.pipeline.match import match
from kinsync.simulators.families import generate

ADA = Person("ada", "Katherine Moreau", (Tie("S1", "Primary", "Parent", "Mother"),), "5035550101")
HOME = {"phone_type": "Home"}


def district(*people: Person) -> Snapshot:
    nothing = Snapshot.of_nothing()
    return match(incoming(people), nothing, nothing, counter(), WORDS).snapshot


def reasons(*people: Person) -> set[str]:
    """Why the one pair looks alike; nothing where none does."""
    found = alike(district(*people), WORDS)
    assert found.height <= 1
    return set(found["reasons"][0]) if found.height else set()


def another(name: str, **changed: object) -> Person:
    """Somebody else's row, at another student, with the same phone where nothing else is said."""
    told = {"ties": (Tie("S2", "Primary", "Parent", "Mother"),), "phone": "5035550101", **changed}
    return Person("other", name, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Kate Moreau", "nickname"),
        ("Katherin Moreau", "given-name-alike"),
        ("K Moreau", "initial"),
        ("Katherine Anne Moreau", "shorter-name"),
        ("Katherine Moreaux", "surname-alike"),
    ],
)
def test_a_name_that_is_written_otherwise_is_a_reason(name: str, reason: str) -> None:
    found = reasons(ADA, another(name))

    assert {reason, "same-phone"} <= found


def test_one_name_at_two_homes_is_none_without_more() -> None:
    assert not reasons(ADA, another("Katherine Moreau", phone="4155550999"))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(another("Paul Moreau"), id="another name"),
        pytest.param(
            another("Katherine Dunne", phone="4155550999", ties=ADA.ties), id="another surname"
        ),
    ],
)
def test_who_only_shares_a_phone_or_a_given_name_is_not_alike(other: Person) -> None:
    assert not reasons(ADA, other)


def test_a_father_and_a_son_are_never_a_pair() -> None:
    senior = Person("sr", "John Ek Sr.", (Tie("S1"),), "5035550142", None, None, HOME)
    junior = Person("jr", "John Ek Jr.", (Tie("S2"),), "5035550142", None, None, HOME)

    assert not reasons(senior, junior)


def test_paul_is_not_paula_on_one_landline() -> None:
    paul = Person("m", "Paul Ek", (Tie("S1"),), "5035550142", None, None, HOME)
    paula = Person("f", "Paula Ek", (Tie("S1"),), "5035550142", None, None, HOME)

    assert not reasons(paul, paula)


def test_a_crowd_under_one_key_makes_no_pairs() -> None:
    people = [
        Person(
            str(n), f"Katherine {'abcdefghijklmnopqrstuvwxyz'[n]}ek", (Tie(f"S{n}"),), "5035550101"
        )
        for n in range(26)
    ]

    assert alike(district(*people), WORDS).is_empty()


def test_pairs_come_best_first_with_the_older_id_first() -> None:
    found = alike(
        district(ADA, another("Kate Moreau"), another("Kathryn Moreau", email="k@example.org")),
        WORDS,
    )

    assert found.height > 1
    assert found["score"].to_list() == sorted(found["score"], reverse=True)
    assert found["score"][-1] >= LEAST
    assert found.filter(pl.col("low_id") >= pl.col("high_id")).is_empty()
    assert set(found["reasons"].explode()) <= set(REASONS)


STUDENTS = 5_000
LEAST_PRECISE, LEAST_FOUND = 0.85, 0.80
"""Of the pairs shown, the share who are one person in truth; of those who are, the share shown.
Measured between 0.88 and 1.00, and between 0.82 and 1.00, on several seeds. Those shown by mistake
are namesakes at one school, at the end of the list; those missed share nothing, or have two slips.
"""


@pytest.mark.parametrize("mess", [1.0, 4.0])
def test_pairs_are_one_person_in_truth_and_few_are_missed(
    mess: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With landlines, namesakes, stepmothers, reused ids, nicknames and slips."""
    made = generate(
        tmp_path, students=STUDENTS, nights=1, seed=31, truth=True, mess=mess, misnamed=0.15
    )
    night = read(made.files[0])
    published = ids(night, Snapshot.of_nothing(), counter())
    named = set(night.rows.drop_nulls("name_key")["contact"])
    numbers = dict(
        zip(published.frames["contact"]["id"], night.frames["contact"]["contact"], strict=True)
    )
    of_person: dict[int, list[str]] = {}
    for id_, persons in persons_by_id(night, published).items():
        assert len(persons) == 1, "a false automatic join"
        if numbers[id_] in named:
            of_person.setdefault(min(persons), []).append(id_)
    true = {pair for one in of_person.values() for pair in combinations(sorted(one), 2)}

    shown = set(alike(published, WORDS).select("low_id", "high_id").iter_rows())

    found = len(shown & true)
    with capsys.disabled():
        print(
            f"\nsame person, mess {mess:g}: {len(true)} pairs in truth, {len(shown)} shown,"
            f" precision {found / len(shown):.3f}, recall {found / len(true):.3f}"
        )
    assert len(true) > 40
    assert found / len(shown) >= LEAST_PRECISE
    assert found / len(true) >= LEAST_FOUND
