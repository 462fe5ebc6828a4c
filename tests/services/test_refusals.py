"""A broken file is refused with its own finding, and deletes nobody."""

import pytest

from tests.services import pupils
from tests.services.office import Office, is_same
from tests.services.pupils import as_csv
from tests.services.test_sync import SCHOOL, codes

# -- broken files --------------------------------------------------------------------------------

WHOLE = as_csv(SCHOOL)
BROKEN = {
    "file-empty": b"",
    "file-header-only": WHOLE.split(b"\r\n")[0] + b"\r\n",
    "column-missing": WHOLE.replace(b"Student_id", b"Pupil", 1),
    "file-not-text": b"PK\x03\x04" + bytes(range(256)) * 40,
    "file-encoding": WHOLE + b"\x81\x8d\x8f\x90\x9d" * 40,
    "quote-unclosed": WHOLE.replace(b"Dolores Petrov", b'"Dolores Petrov', 1)
    if b"Petrov" in WHOLE
    else WHOLE.replace(b"Dolores Eriksen", b'"Dolores Eriksen', 1),
    "file-cut": WHOLE[: WHOLE.rindex(b"Lindqvist") + 4],
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_file_is_refused_and_deletes_nobody(office: Office, code: str) -> None:
    office.sync(SCHOOL)
    before = office.published()

    outcome = office.sync(BROKEN[code])

    assert outcome.sync.state == "refused"
    assert outcome.changes is None
    assert code in codes(office, outcome.sync.id)
    assert office.version == 1
    assert is_same(office.published(), before)


def test_a_broken_file_leaves_a_held_sync_to_be_decided(office: Office) -> None:
    office.sync(SCHOOL)
    held = office.sync(SCHOOL[:4])

    office.sync(b"")

    assert office.state(held.sync.id) == "held"


def test_a_sound_file_after_a_broken_one_goes_through(office: Office) -> None:
    office.sync(BROKEN["file-cut"])

    assert office.sync(SCHOOL).sync.state == "published"


def test_half_a_file_that_ends_with_a_whole_row_is_held(office: Office) -> None:
    office.sync(SCHOOL)

    outcome = office.sync(SCHOOL[:10])

    assert outcome.sync.state == "held"
    assert office.version == 1


def test_a_file_without_contact_columns_is_held_while_contacts_are_published(
    office: Office,
) -> None:
    office.sync(SCHOOL)

    outcome = office.sync(pupils.without_contacts(SCHOOL))

    assert outcome.sync.state == "held"
    assert outcome.reasons[0].code == "contact-columns-missing"
    assert office.version == 1


def test_a_file_without_contact_columns_is_a_valid_first_load(office: Office) -> None:
    outcome = office.sync(pupils.without_contacts(SCHOOL))

    assert outcome.sync.state == "published"
    assert office.students() == {line.student for line in SCHOOL}
