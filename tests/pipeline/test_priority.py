"""Marks say which source a value is of. They are no values: nobody is told or held by one."""

import polars as pl
import pytest

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import KINDS, PUBLISHED
from kinsync.domain.priority import Priority, read_marks
from kinsync.domain.share import Share
from kinsync.pipeline.census import census
from kinsync.pipeline.diff import diff
from kinsync.pipeline.guard import guard
from kinsync.pipeline.priority import students, ties
from kinsync.pipeline.visible import events

PEOPLE = 300


def district(marks: str | None, email: str = "ana@example.org") -> Snapshot:
    """Three hundred contacts of as many students, each of whose e-mails is of that source."""
    ids = [f"{number:024x}" for number in range(PEOPLE)]
    told: dict[str, list[dict[str, str | None]]] = {
        "school": [],
        "student": [{"id": id_, "sis_id": f"S{id_}"} for id_ in ids],
        "contact": [
            {"id": id_, "legacy_id": id_, "name": "Ana Ruiz", "email": email, "sources": marks}
            for id_ in ids
        ],
        "relationship": [
            {"id": id_, "contact_id": id_, "student_id": id_, "type": "Primary", "sources": marks}
            for id_ in ids
        ],
    }
    return Snapshot({kind: pl.DataFrame(told[kind], schema=PUBLISHED[kind]) for kind in KINDS})


@pytest.mark.parametrize("email", ["ana@example.org", "new@example.org"])
def test_applications_are_told_of_values_and_not_of_marks(email: str) -> None:
    share = Share()
    told = events(district(None), district("email:7", email), share, share)

    assert set(told["kind"]) == (
        set() if email == "ana@example.org" else {"contact", "relationship"}
    )


@pytest.mark.parametrize("email", ["ana@example.org", "new@example.org"])
def test_nothing_is_held_because_values_are_of_another_source(email: str) -> None:
    before, after = district(None), district("email:7", email)
    changes = diff(after, before)
    reasons = guard(changes, census(before.frames), census(after.frames))

    assert changes.kinds["contact"].updated.height == PEOPLE
    assert [one.code for one in reasons] == (
        [] if email == "ana@example.org" else ["contacts-updated"]
    )


def test_each_flag_stands_for_itself() -> None:
    rows = pl.DataFrame(
        {
            "contact": [0, 0],
            "student_sis_id": ["S1", "S1"],
            "type": ["Primary", "Family"],
            "type_source": ["Primary", "Family"],
            "relationship": [None, "Parent"],
            "relationship_source": [None, "Mother"],
            "flags": ['{"order":1,"emergency":"N"}', '{"order":4,"pick_up":"Y"}'],
            "restricted": [None, None],
            "source": pl.Series([3, 7], dtype=pl.UInt32),
        }
    )
    (tie,) = ties(rows, Priority((3, 7))).to_dicts()

    assert tie["flags"] == '{"order":1,"emergency":"N","pick_up":"Y"}'
    assert (tie["type"], tie["relationship_source"]) == ("Primary", "Mother")
    assert read_marks(tie["sources"]) == {"relationship": 7, "pick_up": 7}


def test_the_e_mail_of_a_student_has_an_order_of_its_own() -> None:
    blank = dict.fromkeys(PUBLISHED["student"])
    rows = pl.DataFrame(
        [
            {**blank, "sis_id": "S1", "grade": "5", "email": "sis@example.org", "source": 3},
            {**blank, "sis_id": "S1", "grade": "6", "email": "own@example.org", "source": 7},
        ],
        schema={**PUBLISHED["student"], "source": pl.UInt32},
    )
    (pupil,) = students(rows, Priority((3, 7), {"student_email": (7,)})).to_dicts()

    assert (pupil["grade"], pupil["email"]) == ("5", "own@example.org")
    assert read_marks(pupil["sources"]) == {"email": 7}
