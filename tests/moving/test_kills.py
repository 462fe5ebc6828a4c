"""An import that is killed at any moment is whole or not there, and the same command finishes."""

import pytest

from kinsync.services.moving import import_ids
from tests.moving.abroad import contact, student, table, their_id
from tests.services.dying import die_importing
from tests.services.office import Office, is_same
from tests.services.pupils import school_of

SCHOOL = school_of(6)
ROWS = [
    *(contact(line, their_id(3 * n), legacy=their_id(3 * n + 1), v1=their_id(3 * n + 2))
      for n, line in enumerate(SCHOOL)),
    *(student(line, their_id(100 + n)) for n, line in enumerate(SCHOOL[::2])),
]  # fmt: skip
MOMENTS = ("begun", "begin", "close-contact", "insert-relationship", "merges", "cache", "flip",
           "before-commit", "after-commit")  # fmt: skip


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_import_can_be_repeated(office: Office, moment: str) -> None:
    office.sync(SCHOOL)
    before = office.published()
    file = table(office.home / "ids.csv", ROWS)

    die_importing(moment, office.id, file, office.home, office.day)

    is_there = moment == "after-commit"
    assert office.version == (2 if is_there else 1)
    assert is_there or is_same(office.published(), before)
    again = import_ids(office.district, [file], office.tools)
    assert again.state == ("unchanged" if is_there else "published")
    assert office.version == 2
    assert {office.ids(line).contact for line in SCHOOL} == {their_id(3 * n) for n in range(12)}
    assert office.sync(SCHOOL).sync.state == "unchanged"


def test_a_sync_after_a_killed_import_changes_no_ids(office: Office) -> None:
    office.sync(SCHOOL)
    before = office.published()
    file = table(office.home / "ids.csv", ROWS)

    die_importing("merges", office.id, file, office.home, office.day)

    assert office.sync(SCHOOL).sync.state == "unchanged"
    assert is_same(office.published(), before)
