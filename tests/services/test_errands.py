"""What pages ask for is answered at once in a small district, and by a worker in a large one."""

from dataclasses import replace
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.services import errands, restore, share
from kinsync.services.errands import HOLD, RESTORE, SCHOOLS, SHARING
from kinsync.store import access, models, page_jobs, queue, records
from kinsync.store.database import connect
from tests.services.office import Office
from tests.services.pupils import mother, school_of, uncle
from tests.services.test_withholding import barring

SCHOOL = school_of(9)
MANY = 5_000_000


@pytest.fixture
def school(office: Office) -> Office:
    office.sync(SCHOOL)
    office.sync([*SCHOOL[2:], replace(mother(0), phone="4255550199"), uncle(0)])
    return office


def grow(office: Office) -> None:
    """As if there were millions: the first version says so."""
    counts = {"changes": {"relationship": {"created": MANY, "updated": 0, "deleted": 0}}}
    with connect() as to:
        to.execute(
            "UPDATE version SET counts = %s WHERE district_id = %s AND number = 1",
            (Jsonb(counts), office.id),
        )


def waiting(office: Office) -> list[str]:
    """Keys of the questions that wait for a worker."""
    jobs = queue.list_jobs(state="todo")
    return [
        str(one.arguments["key"])
        for one in jobs
        if one.task == page_jobs.ERRAND and one.arguments["district_id"] == office.id
    ]


def test_a_small_district_is_answered_at_once_and_asked_once(school: Office) -> None:
    first = errands.ask(school.district, RESTORE, {"version": 1}, school.tools)
    again = errands.ask(school.district, RESTORE, {"version": 1}, school.tools)

    assert first.state == errands.DONE
    assert again.answer == first.answer
    assert waiting(school) == []


def test_what_is_published_or_shared_meanwhile_makes_it_another_question(school: Office) -> None:
    first = errands.ask(school.district, RESTORE, {"version": 1}, school.tools)
    application, _ = access.add_application("Reader", at=school.day)
    share.connect(school.district, application, share.Limits(), school.tools)
    second = errands.ask(school.district, RESTORE, {"version": 1}, school.tools)
    school.sync(SCHOOL[4:])
    third = errands.ask(school.district, RESTORE, {"version": 1}, school.tools)

    assert len({first.key, second.key, third.key}) == 3


def test_a_large_district_waits_for_a_worker(school: Office) -> None:
    grow(school)
    question = {"share": {"types": ["Primary"]}, "was": None}
    for _ in range(2):
        asked = errands.ask(school.district, SHARING, question, school.tools)
        assert asked.state == errands.WAITING
    assert waiting(school) == [asked.key]
    errands.do(school.id, asked.key, school.tools)
    found = errands.ask(school.district, SHARING, question, school.tools)

    assert list(found.answer["receives"].items()) == [
        ("school", 1), ("student", 9), ("contact", 9), ("relationship", 9)
    ]  # fmt: skip
    told = found.answer["events"]["contact"]
    assert list(told.items()) == [("created", 9), ("updated", 0), ("deleted", 0)]


def test_why_there_is_no_answer_is_said_once_and_then_it_is_asked_anew(school: Office) -> None:
    grow(school)
    asked = errands.ask(school.district, RESTORE, {"version": 77}, school.tools)
    errands.do(school.id, asked.key, school.tools)

    with pytest.raises(ChangeInput, match="no version 77"):
        errands.ask(school.district, RESTORE, {"version": 77}, school.tools)
    with pytest.raises(NotFound):
        errands.find(school.id, asked.key)


def test_what_is_begun_beside_a_request_says_how_far_it_is(school: Office) -> None:
    seen: list[int] = []

    def work(tools: Any) -> dict[str, int]:
        for read in (1, 50, 50, 100):
            tools.progress(read, 100)
            [one] = models.Errand.objects.filter(what="upload").values_list("percent")
            seen.append(one[0])
        return {"sync": 1}

    done = errands.begin(school.district, "upload", work, school.tools)

    assert errands.answer_of(done) == {"sync": 1}
    assert seen == [1, 50, 50, 100]


def test_what_fails_beside_a_request_is_said(school: Office) -> None:
    def refuse(_tools: object) -> dict[str, int]:
        raise ChangeInput("That is no file.")

    def break_(_tools: object) -> dict[str, int]:
        raise KeyError("a value of a row")

    with pytest.raises(ChangeInput, match="no file"):
        errands.answer_of(errands.begin(school.district, "upload", refuse, school.tools))
    broken = errands.begin(school.district, "upload", break_, school.tools)
    assert "KeyError" in broken.says
    assert "a value" not in broken.says


def test_a_restore_is_foreseen_exactly(school: Office) -> None:
    school.sync(barring(SCHOOL[:-1], uncle(2)))
    seen = restore.preview(school.district, 1, school.tools)
    assert school.version == 3
    _run, done = restore.restore(school.district, 1, school.tools)

    assert seen.counts["changes"] == done.counts()
    assert seen.state == "previewed"


def test_changes_are_counted_at_every_school_they_touch(office: Office) -> None:
    there = [replace(line, school="102") for line in (mother(0), uncle(0))]
    office.sync([*there, *SCHOOL[2:]])
    moved = [replace(line, school="103") for line in there]
    changed = replace(mother(4), phone="4255550177")
    office.sync([*moved, changed, *(line for line in SCHOOL[2:] if line != mother(4))])
    last = office.sync([*moved, *SCHOOL[4:]], is_preview=True).sync
    for sync, expected in (
        (
            records.list_syncs(office.id)[1],
            {"101": ("contact", "updated", 1), "102": ("student", "updated", 1),
             "103": ("student", "updated", 1)},
        ),
        (last, {"101": ("contact", "deleted", 2)}),
    ):  # fmt: skip
        found = errands.ask(office.district, SCHOOLS, {"sync": sync.id}, office.tools)
        schools = found.answer["schools"]
        for school, (kind, act, count) in expected.items():
            assert schools[school][kind][act] == count, (school, schools)


def test_a_hold_is_counted_by_a_worker_where_it_is_large(school: Office) -> None:
    grow(school)
    held = school.sync(SCHOOL[:4]).sync
    assert held.state == "held"
    asked = errands.ask(school.district, HOLD, {"sync": held.id}, school.tools)
    assert asked.state == errands.WAITING
    errands.do(school.id, asked.key, school.tools)

    figures = errands.find(school.id, asked.key).answer["figures"]
    assert [one["after"] for one in figures if one["words"] == "Students who stay"] == [2 / 9]
