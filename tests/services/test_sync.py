"""A sync ends published, unchanged, held or refused; nobody is deleted by a broken file."""

import random
from dataclasses import replace

import pytest

from kinsync.services.restore import restore
from kinsync.store import storage
from kinsync.store.storage import Storage
from tests.services.office import Office, is_same, totals
from tests.services.pupils import Line, as_csv, mother, school_of, uncle

SCHOOL = school_of(12)


def codes(office: Office, sync_id: int) -> set[str]:
    folder = Storage(office.home).sync(office.district.public_id, sync_id)
    return set(storage.load_findings(folder)["code"])


def without(*gone: Line) -> list[Line]:
    return [line for line in SCHOOL if line not in gone]


def instead(line: Line, *lines: Line) -> list[Line]:
    """The school with other lines in the place of one."""
    at = SCHOOL.index(line)
    return [*SCHOOL[:at], *lines, *SCHOOL[at + 1 :]]


# -- the same person keeps the same ids ----------------------------------------------------------

EDITS = {
    "phone": {"phone": "4255550199"},
    "email": {"email": "someone.new@example.net"},
    "phone and email": {"phone": "4255550199", "email": "someone.new@example.net"},
    "type": {"type": "Secondary"},
    "relationship": {"relationship": "Grandparent"},
    "surname": {"name": "Dolores Newlywed"},
    "gained sis id": {"sis_id": "P-77"},
    "spelling": {"name": "  ABBOTT, dolores "},
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_contact_without_sis_id_is_updated_under_the_same_ids(
    office: Office, edit: str
) -> None:
    office.sync(SCHOOL)
    was = office.ids(mother(0))
    changed = replace(mother(0), **EDITS[edit])

    outcome = office.sync(instead(mother(0), changed))

    assert outcome.sync.state == "published"
    assert outcome.changes is not None
    assert totals(outcome.changes)["created"] == totals(outcome.changes)["deleted"] == 0
    assert set(outcome.changes.kinds["contact"].updated["id"]) <= {was.contact}
    assert office.ids(replace(mother(0), name=str(named(office, was.contact)))) == was


def named(office: Office, contact_id: str) -> str:
    return str(office.named().filter(contact_id=contact_id)["name"][0])


def test_an_update_keeps_the_previous_values(office: Office) -> None:
    office.sync(SCHOOL)

    outcome = office.sync(instead(mother(0), replace(mother(0), phone="4255550199")))

    assert outcome.changes is not None
    contacts = outcome.changes.kinds["contact"]
    assert contacts.previous["phone"].to_list() == ["2065550000"]
    assert contacts.updated["phone"].to_list() == ["4255550199"]


def test_shuffled_rows_change_nothing(office: Office) -> None:
    office.sync(SCHOOL)
    before = office.published()
    shuffled = random.Random(4).sample(SCHOOL, len(SCHOOL))

    outcome = office.sync(shuffled)

    assert outcome.sync.state == "unchanged"
    assert office.version == 1
    assert is_same(office.published(), before)


def test_a_file_that_gains_sis_ids_for_everybody_keeps_every_id(office: Office) -> None:
    office.sync(SCHOOL)
    before = office.named()
    gained = [replace(line, sis_id=f"P{number}") for number, line in enumerate(SCHOOL)]

    outcome = office.sync(gained)

    assert office.state(outcome.sync.id) == "held"  # everybody changes: the guard asks a person
    assert totals(outcome.changes) == {"created": 0, "updated": 24, "deleted": 0}
    assert outcome.changes is not None
    assert set(outcome.changes.kinds["contact"].updated["id"]) == set(before["contact_id"])


def test_a_file_that_gains_some_sis_ids_keeps_every_id(office: Office) -> None:
    office.sync(SCHOOL)
    was = [office.ids(line) for line in SCHOOL]
    gained = [
        replace(line, sis_id=f"P{number}") if number % 2 else line
        for number, line in enumerate(SCHOOL)
    ]

    office.sync(gained)

    assert office.version == 2
    assert [office.ids(line) for line in gained] == was
    assert office.row(SCHOOL[1])["contact_sis_id"] == "P1"


def test_a_contact_who_was_away_a_night_returns_with_all_three_ids(office: Office) -> None:
    office.sync(SCHOOL)
    was = office.ids(uncle(3))

    away = office.sync(without(uncle(3)))
    back = office.sync(SCHOOL)

    assert totals(away.changes) == {"created": 0, "updated": 0, "deleted": 2}
    assert totals(back.changes) == {"created": 2, "updated": 0, "deleted": 0}
    assert office.ids(uncle(3)) == was


def test_a_student_who_was_away_a_night_returns_with_everybody_as_they_were(
    office: Office,
) -> None:
    office.sync(SCHOOL)
    before = office.published()

    office.sync(without(mother(5), uncle(5)))
    gone = office.students()
    office.sync(SCHOOL)

    assert "S005" not in gone
    assert is_same(office.published(), before)


def test_whoever_returns_with_a_new_phone_is_still_the_same(office: Office) -> None:
    office.sync(SCHOOL)
    was = office.ids(mother(3))

    office.sync(without(mother(3)))
    office.sync(instead(mother(3), replace(mother(3), phone="4255550199")))

    assert office.ids(replace(mother(3), phone="4255550199")) == was


def test_a_sibling_who_enrols_shares_the_contact(office: Office) -> None:
    office.sync(SCHOOL)
    was = office.ids(mother(0))
    sibling = replace(mother(0), student="S900", first_name="Kim")

    outcome = office.sync([*SCHOOL, sibling])

    assert outcome.changes is not None
    assert outcome.changes.counts()["contact"] == {"created": 0, "updated": 0, "deleted": 0}
    assert office.ids(sibling).contact == was.contact
    assert office.ids(mother(0)) == was


def test_a_namesake_at_another_family_is_somebody_else(office: Office) -> None:
    office.sync(SCHOOL)
    namesake = replace(mother(1), name="Dolores Abbott")

    office.sync(instead(mother(1), mother(1), replace(namesake, phone="4255550199", email="")))

    assert office.ids(mother(0)).contact not in {
        row["contact_id"] for row in office.named().filter(student="S001").iter_rows(named=True)
    }


# -- the same again ------------------------------------------------------------------------------


def test_the_same_bytes_again_are_not_even_read(office: Office) -> None:
    office.sync(SCHOOL)

    again = office.sync(SCHOOL)

    assert (again.sync.state, again.sync.base, again.sync.version) == ("unchanged", 1, None)
    assert office.reads == []
    assert office.version == 1


def test_the_same_bytes_again_are_told_with_the_counts_they_had(office: Office) -> None:
    first = office.sync([*SCHOOL, replace(mother(0), name="")])
    again = office.sync([*SCHOOL, replace(mother(0), name="")])

    told, was = again.as_json(), first.as_json()
    assert list(told) == list(was)
    for name in ("rows", "students", "contacts", "relationships", "held", "collapsed", "findings"):
        assert told[name] == was[name]
    assert told["created"] == {"school": 0, "student": 0, "contact": 0, "relationship": 0}


def test_other_bytes_with_the_same_rows_make_no_version(office: Office) -> None:
    office.sync(SCHOOL)

    outcome = office.sync(as_csv(SCHOOL).replace(b"\r\n", b"\n") + b"\n\n")

    assert outcome.sync.state == "unchanged"
    assert office.reads
    assert office.version == 1


def test_the_same_bytes_after_a_restore_are_synced_again(office: Office) -> None:
    night2 = instead(mother(0), replace(mother(0), phone="4255550199"))
    office.sync(SCHOOL)
    office.sync(night2)
    restore(office.district, 1, office.tools)

    outcome = office.sync(night2)

    assert outcome.sync.state == "published"
    assert office.version == 4
    assert office.row(mother(0))["phone"] == "4255550199"


def test_a_sync_tells_its_counts_first_and_by_kind(office: Office) -> None:
    told = office.sync(SCHOOL).as_json()

    assert list(told)[:4] == ["rows", "students", "contacts", "relationships"]
    assert (told["rows"], told["students"], told["contacts"], told["relationships"]) == (
        24, 12, 24, 24,
    )  # fmt: skip
    assert (told["version"], told["state"]) == (1, "published")
    assert told["created"] == {"school": 1, "student": 12, "contact": 24, "relationship": 24}
    assert told["updated"] == told["deleted"]


# -- previews ------------------------------------------------------------------------------------


def test_a_preview_saves_the_changes_and_publishes_nothing(office: Office) -> None:
    office.sync(SCHOOL)
    before = office.published()

    preview = office.sync(without(uncle(3)), is_preview=True)

    assert preview.sync.state == "previewed"
    assert totals(preview.changes)["deleted"] == 2
    assert office.version == 1
    assert is_same(office.published(), before)
    folder = Storage(office.home).sync(office.district.public_id, preview.sync.id)
    assert preview.changes is not None
    assert storage.load_changes(folder).counts() == preview.changes.counts()


def test_what_was_previewed_is_published_by_the_sync_after_it(office: Office) -> None:
    preview = office.sync(SCHOOL, is_preview=True)
    outcome = office.sync(SCHOOL)

    assert totals(preview.changes) == totals(outcome.changes)
    assert (preview.sync.version, outcome.sync.version) == (None, 1)


def test_a_preview_of_what_is_published_shows_that_nothing_would_change(office: Office) -> None:
    office.sync(SCHOOL)

    preview = office.sync(SCHOOL, is_preview=True)

    assert totals(preview.changes) == {"created": 0, "updated": 0, "deleted": 0}
    assert preview.report is not None


# -- held rows delete nobody ---------------------------------------------------------------------

HELD = {
    "contact-type-missing": {"type": ""},
    "contact-name-missing": {"name": ""},
}


@pytest.mark.parametrize("code", HELD)
def test_a_held_row_keeps_its_contact_as_published(office: Office, code: str) -> None:
    office.sync(SCHOOL)
    before = office.row(mother(0))

    outcome = office.sync(instead(mother(0), replace(mother(0), **HELD[code])))

    assert code in codes(office, outcome.sync.id)
    assert office.row(mother(0)) == before
    assert totals(outcome.changes)["deleted"] == 0


def test_a_held_row_keeps_only_whom_it_speaks_of(office: Office) -> None:
    office.sync(SCHOOL)
    night = [replace(line, type="") if line == mother(0) else line for line in without(uncle(0))]

    office.sync(night)

    assert office.names("S000") == {mother(0).name}


def test_a_held_row_keeps_its_student_when_it_is_the_only_one(office: Office) -> None:
    office.sync(SCHOOL)

    outcome = office.sync(
        [replace(line, type="") if line == mother(0) else line for line in without(uncle(0))]
    )

    assert "S000" in office.students()
    assert outcome.report is not None
    assert outcome.report.counts.held == 1


@pytest.mark.parametrize("damage", ["", "2.05E+04"])
def test_a_row_whose_student_cannot_be_read_defers_all_deletions_and_says_so(
    office: Office, damage: str
) -> None:
    office.sync(SCHOOL)
    night = [
        replace(line, student=damage) if line == mother(0) else line
        for line in without(uncle(4), mother(5), uncle(5))
    ]

    outcome = office.sync(night)

    assert "deletions-deferred" in codes(office, outcome.sync.id)
    assert totals(outcome.changes)["deleted"] == 0
    assert office.names("S004") == {mother(4).name, uncle(4).name}
    assert "S005" in office.students()


def test_deferred_deletions_are_made_by_the_next_clean_sync(office: Office) -> None:
    office.sync(SCHOOL)
    office.sync([*without(uncle(4)), replace(mother(0), student="")])

    outcome = office.sync(without(uncle(4)))

    assert "deletions-deferred" not in codes(office, outcome.sync.id)
    assert office.names("S004") == {mother(4).name}


def test_an_unreadable_student_still_lets_others_change(office: Office) -> None:
    office.sync(SCHOOL)
    changed = replace(mother(1), phone="4255550199")

    office.sync([*instead(mother(1), changed), replace(mother(0), student="")])

    assert office.row(mother(1))["phone"] == "4255550199"


def ragged(line: Line) -> bytes:
    """The line with a comma too many in front of the contact's type."""
    cells = as_csv([line]).split(b"\r\n")[1].split(b",")
    return b",".join([*cells[:4], b"oops", *cells[4:]]) + b"\r\n"


def test_a_ragged_row_protects_the_contacts_of_its_student_alone(office: Office) -> None:
    office.sync(SCHOOL)

    outcome = office.sync(as_csv(without(mother(0), uncle(1))) + ragged(mother(0)))

    assert codes(office, outcome.sync.id) >= {"row-shape"}
    assert "deletions-deferred" not in codes(office, outcome.sync.id)
    assert office.names("S000") == {mother(0).name, uncle(0).name}
    assert office.names("S001") == {mother(1).name}


def test_a_ragged_row_of_nobody_known_may_speak_of_anybody(office: Office) -> None:
    office.sync(SCHOOL)
    stranger = replace(mother(0), student="no such student")

    outcome = office.sync(as_csv(without(uncle(1))) + ragged(stranger))

    assert "deletions-deferred" in codes(office, outcome.sync.id)
    assert office.names("S001") == {mother(1).name, uncle(1).name}
