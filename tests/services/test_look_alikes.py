"""Pairs that look alike are found once a version, and shown to a district's own people alone."""

from dataclasses import replace
from typing import Any

import pytest

from kinsync.domain.alike import ALIKE
from kinsync.domain.errors import ChangeInput
from kinsync.services import alike
from kinsync.services.same_person import decide
from kinsync.store import alike as kept
from kinsync.store import records
from kinsync.store.gate import Sight, district_reader
from tests.services.office import Office
from tests.services.pupils import Line, mother, school_of

PUPILS = 6


def nicknamed(number: int) -> Line:
    """The mother of a pupil, called otherwise at another school, by her own mailbox."""
    one = mother(number)
    return replace(
        one, student=f"S9{number:02}", name=one.name.replace("Dolores", "Lola"), phone=""
    )


@pytest.fixture
def school(office: Office) -> Office:
    office.sync([*school_of(PUPILS), *map(nicknamed, range(PUPILS))])
    return office


def pairs(office: Office, **asked: object) -> list[tuple[str, str]]:
    page = alike.list_pairs(office.district, **asked)  # type: ignore[arg-type]
    return [(one.low_id, one.high_id) for one in page.pairs]


def test_pairs_are_found_once_for_a_version(school: Office) -> None:
    assert alike.find(school.district, school.tools) == PUPILS
    assert alike.find(school.district, school.tools) is None

    school.sync([*school_of(PUPILS + 1), *map(nicknamed, range(PUPILS))])

    assert alike.find(school.district, school.tools) == PUPILS


def test_pairs_of_an_earlier_version_do_not_come_back(school: Office) -> None:
    alike.find(school.district, school.tools)
    before = kept.page(school.district.id, states=["open"], after=kept.FIRST, limit=50)
    school.sync(school_of(PUPILS + 1))
    alike.find(school.district, school.tools)
    kept.keep(school.district.id, 1, ALIKE.to_frame(eager=True), at=school.day)

    assert kept.found_for(school.district.id) == school.version
    assert before
    assert kept.page(school.district.id, states=["open"], after=kept.FIRST, limit=50) == []


def test_pages_follow_one_another_and_miss_nobody(school: Office) -> None:
    alike.find(school.district, school.tools)
    seen, after = [], None
    while True:
        page = alike.list_pairs(school.district, limit=4, after=after)
        seen += [one.key for one in page.pairs]
        if (after := page.after) is None:
            break

    assert len(seen) == len(set(seen)) == PUPILS
    assert seen == sorted(seen, key=lambda key: (-key[0], *key[1:]))


def test_a_decided_pair_is_asked_about_no_more(school: Office) -> None:
    alike.find(school.district, school.tools)
    one, two, three, *_ = pairs(school)
    for pair, verdict in ((one, "later"), (two, "different"), (three, "same")):
        decide(school.district, pair, verdict, school.tools, by="Ada")

    alike.find(school.district, school.tools)

    assert {one, two, three}.isdisjoint(pairs(school))
    assert pairs(school, states=["later"]) == [one]
    assert pairs(school, states=["different"]) == [two]
    [said] = alike.list_pairs(school.district, states=["later"]).pairs
    assert (said.verdict, said.decided_by, said.decided_at) == ("later", "Ada", school.day)


def test_a_page_says_why_in_plain_words(school: Office) -> None:
    alike.find(school.district, school.tools)

    told = alike.list_pairs(school.district, limit=1).as_json()

    pair: dict[str, Any] = told["pairs"][0]  # type: ignore[index]
    assert pair["reasons"]["same-mailbox"] == "Both have the same e-mail address."
    assert pair["state"] == "open"


@pytest.mark.parametrize("asked", [{"after": "x"}, {"states": ["maybe"]}])
def test_what_no_page_can_be_is_said(school: Office, asked: dict[str, object]) -> None:
    with pytest.raises(ChangeInput):
        pairs(school, **asked)


def test_neighbours_and_applications_see_nothing(school: Office) -> None:
    alike.find(school.district, school.tools)
    decide(school.district, pairs(school)[0], "later", school.tools, by="Ada")
    neighbour = records.add_district("Hillside", at=school.day)

    for district, sight in (
        (neighbour.id, Sight()),
        (school.id, Sight(connection_id=1, edition=1, is_open=False)),
    ):
        with district_reader(district, sight) as cursor:
            for table in ("same_person", "alike_pair"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (0,)
