"""Ids of another service: whose they become, when, and which are left."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.services.holds import approve
from kinsync.services.moving import Moved, import_ids, write_unmatched
from kinsync.services.restore import restore
from kinsync.store import adopted
from kinsync.store.database import connect
from kinsync.store.ids import allocate
from tests.moving.abroad import contact, school, student, table, their_id
from tests.moving.saving import token_of
from tests.services.office import Ids, Office, is_same
from tests.services.pupils import mother, school_of, uncle

SCHOOL = school_of(12)
HERS = contact(mother(0), their_id(1), legacy=their_id(2), v1=their_id(3))
ALL_OF_HERS = Ids(contact=their_id(1), legacy=their_id(2), relationship=their_id(3))


def bring(office: Office, *rows: tuple[str, ...], **options: bool) -> Moved:
    path = table(office.home / "saved" / "ids.csv", rows)
    return import_ids(office.district, [path], office.tools, **options)


def outcomes(moved: Moved) -> dict[str, dict[str, int]]:
    """What was said, without noughts."""
    return {
        kind: {outcome: number for outcome, number in counts.items() if number}
        for kind, counts in moved.told.counts.items()
        if any(counts.values())
    }


def reasons(moved: Moved) -> list[tuple[int, str, str]]:
    return moved.told.left.select("place", "outcome", "reason").rows()


def pointers(office: Office) -> dict[str, str]:
    with connect(autocommit=True) as owner:
        found = owner.execute(
            "SELECT from_id, into_id FROM contact_merge WHERE district_id = %s", (office.id,)
        )
        return dict(found.fetchall())


# -- before and after the first sync -------------------------------------------------------------


def test_ids_wait_for_the_first_sync(office: Office) -> None:
    moved = bring(office, HERS, student(mother(0), their_id(4)), school(mother(0), their_id(5)))

    office.sync(SCHOOL)

    assert moved.state == "waiting"
    assert outcomes(moved) == {
        "school": {"waiting": 1}, "student": {"waiting": 1}, "contact": {"waiting": 1},
        "relationship": {"waiting": 1},
    }  # fmt: skip
    assert office.ids(mother(0)) == ALL_OF_HERS
    frames = office.published().frames
    assert frames["student"].filter(sis_id="S000")["id"].to_list() == [their_id(4)]
    assert frames["school"]["id"].to_list() == [their_id(5)]
    assert frames["relationship"].filter(student_id=their_id(4)).height == 2


def test_ids_wait_for_a_contact_who_comes_on_a_later_night(office: Office) -> None:
    office.sync(school_of(11))
    late = contact(uncle(11), their_id(1), legacy=their_id(2), v1=their_id(3))

    moved = bring(office, late, student(uncle(11), their_id(4)))
    office.sync(SCHOOL)

    assert (moved.state, office.version) == ("waiting", 2)
    assert office.ids(uncle(11)) == ALL_OF_HERS


def test_a_contact_whose_id_came_into_force_keeps_it_through_later_nights(office: Office) -> None:
    bring(office, HERS)
    office.sync(SCHOOL)

    changed = replace(mother(0), phone="4255550199", email="")
    office.sync([changed, *SCHOOL[1:]])

    assert office.version == 2
    assert office.ids(changed) == ALL_OF_HERS


def test_published_records_change_their_ids_in_a_version_of_its_own(office: Office) -> None:
    office.sync(SCHOOL)
    was, others = office.ids(mother(0)), office.ids(uncle(0))

    moved = bring(office, HERS)

    assert (moved.state, moved.version) == ("published", 2)
    assert moved.changes is not None
    assert moved.changes.counts()["contact"] == {"created": 1, "updated": 0, "deleted": 1}
    assert office.ids(mother(0)) == ALL_OF_HERS
    assert office.ids(uncle(0)) == others
    assert pointers(office) == {was.contact: their_id(1), was.relationship: their_id(3)}
    assert office.sync(SCHOOL).sync.state == "unchanged"


def test_a_v2_id_alone_changes_nothing_but_the_v2_id(office: Office) -> None:
    office.sync(SCHOOL)
    was = office.ids(mother(0))

    bring(office, contact(mother(0), "", legacy=their_id(2)))

    assert office.ids(mother(0)) == replace(was, legacy=their_id(2))
    assert pointers(office) == {}


@pytest.mark.parametrize("is_synced", [False, True])
def test_the_same_file_twice_changes_nothing(office: Office, *, is_synced: bool) -> None:
    if is_synced:
        office.sync(SCHOOL)
    rows = [contact(line, their_id(n + 1)) for n, line in enumerate(SCHOOL)]
    first = bring(office, *rows)
    before, waiting = office.published(), adopted.waiting(office.id)

    again = bring(office, *rows)

    assert first.state == ("published" if is_synced else "waiting")
    assert again.state == ("unchanged" if is_synced else "waiting")
    assert outcomes(again) == {"contact": {"adopted" if is_synced else "waiting": 24}}
    assert is_same(office.published(), before)
    assert adopted.waiting(office.id).sort("id").equals(waiting.sort("id"))


def test_an_id_in_force_is_adopted_still_when_the_person_reads_differently(office: Office) -> None:
    bring(office, HERS)
    office.sync(SCHOOL)
    office.sync([replace(mother(0), name="Dolores Newlywed"), *SCHOOL[1:]])
    office.sync([replace(mother(0), name="Dolores Newlywed", phone="", email=""), *SCHOOL[1:]])

    again = bring(office, HERS)

    assert again.state == "unchanged"
    assert outcomes(again) == {"contact": {"adopted": 1}, "relationship": {"adopted": 1}}


def test_a_preview_says_it_all_and_does_nothing(office: Office) -> None:
    office.sync(SCHOOL)
    before = office.published()

    moved = bring(office, HERS, contact(uncle(99), their_id(9)), is_preview=True)

    assert moved.state == "previewed"
    assert outcomes(moved)["contact"] == {"adopted": 1, "waiting": 1}
    assert moved.changes is not None
    assert not moved.changes.is_empty
    assert is_same(office.published(), before)
    assert adopted.waiting(office.id).is_empty()


# -- applications that have read already -----------------------------------------------------------


def test_ids_that_an_application_may_have_read_change_only_when_that_is_meant(
    office: Office,
) -> None:
    office.sync(SCHOOL)
    token_of(office, "Bright Messages")

    with pytest.raises(ChangeInput, match=r"Bright Messages may have read them.*--yes"):
        bring(office, HERS)

    assert office.version == 1
    assert adopted.waiting(office.id).is_empty()
    assert bring(office, HERS, is_preview=True).readers == ("Bright Messages",)
    assert bring(office, HERS, is_confirmed=True).version == 2


def test_ids_that_only_wait_ask_nobody(office: Office) -> None:
    office.sync(SCHOOL)
    token_of(office)

    assert bring(office, contact(uncle(99), their_id(9))).state == "waiting"


# -- undoing ---------------------------------------------------------------------------------------


def test_restoring_brings_the_old_ids_back_and_turns_the_pointers(office: Office) -> None:
    office.sync(SCHOOL)
    was, before = office.ids(mother(0)), office.published()
    bring(office, HERS)

    restore(office.district, 1, office.tools)

    assert is_same(office.published(), before)
    assert pointers(office) == {their_id(1): was.contact, their_id(3): was.relationship}
    assert office.sync(SCHOOL).sync.state == "unchanged"
    assert bring(office, HERS).state == "published"
    assert office.ids(mother(0)) == ALL_OF_HERS
    assert pointers(office) == {was.contact: their_id(1), was.relationship: their_id(3)}


def test_a_pointer_follows_when_the_id_changes_once_more(office: Office) -> None:
    office.sync(SCHOOL)
    was = office.ids(mother(0))
    bring(office, contact(mother(0), their_id(1)))

    bring(office, contact(mother(0), their_id(7)))

    assert pointers(office) == {was.contact: their_id(7), their_id(1): their_id(7)}


# -- ids that are somebody else's ------------------------------------------------------------------

HELD = "the id is another record's, here or elsewhere on this server"


def test_an_id_of_another_record_here_is_refused(office: Office) -> None:
    office.sync(SCHOOL)
    his = office.ids(uncle(0))

    for taken in (his.contact, his.legacy, his.relationship, office.district.public_id):
        moved = bring(office, contact(mother(0), taken))

        assert reasons(moved) == [(2, "refused", HELD)]
    assert office.version == 1


def test_an_id_of_another_district_is_refused_whether_published_or_waiting(
    office: Office, tmp_path: Path
) -> None:
    other = Office("Hillside", tmp_path / "hillside")
    bring(other, HERS, contact(uncle(99), their_id(8)))
    other.sync(SCHOOL)

    moved = bring(office, HERS, contact(uncle(0), their_id(8)), contact(mother(1), their_id(9)))

    assert [outcome for _, outcome, _ in reasons(moved)] == ["refused"] * 3
    assert outcomes(moved)["contact"] == {"waiting": 1, "refused": 2}


def test_an_id_that_was_adopted_here_is_not_given_to_another_record(office: Office) -> None:
    office.sync(SCHOOL)
    bring(office, HERS)

    moved = bring(office, contact(uncle(5), their_id(1)), student(uncle(5), their_id(2)))

    assert [outcome for _, outcome, _ in reasons(moved)] == ["refused", "refused"]


def test_one_id_for_two_records_of_a_file_goes_to_the_first(office: Office) -> None:
    moved = bring(
        office, student(mother(0), their_id(1)), contact(mother(0), their_id(1)),
        contact(uncle(1), their_id(2), legacy=their_id(3)), contact(uncle(2), their_id(3)),
    )  # fmt: skip

    assert [(place, outcome) for place, outcome, _ in reasons(moved)] == [
        (3, "refused"), (5, "refused"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "id_", ["66B0000000000000000001C1", "4.4E+23", "66b00000", "", "66b0000000000000000001cg"]
)
def test_what_is_no_id_is_refused_with_its_place(office: Office, id_: str) -> None:
    moved = bring(office, contact(uncle(0), their_id(1)), student(mother(0), id_))

    assert [(place, outcome) for place, outcome, _ in reasons(moved)] == [(3, "refused")]


# -- nobody is guessed -----------------------------------------------------------------------------


def test_of_two_who_could_be_meant_neither_is_taken(office: Office) -> None:
    twins = [replace(uncle(0), sis_id=sis_id, phone=phone)
             for sis_id, phone in (("P1", "3605551111"), ("P2", "3605552222"))]  # fmt: skip
    office.sync([*SCHOOL, *twins])
    nameless = replace(uncle(0), phone="")

    moved = bring(office, contact(replace(nameless, phone="3605559999"), their_id(1)))

    assert outcomes(moved) == {"contact": {"ambiguous": 1}}
    assert office.version == 1


def test_two_ids_for_one_person_are_ambiguous(office: Office) -> None:
    office.sync(SCHOOL)

    moved = bring(office, contact(mother(0), their_id(1)), contact(mother(0), their_id(2)))

    assert outcomes(moved) == {"contact": {"ambiguous": 2}}


def test_a_placeholder_is_nobody(office: Office) -> None:
    mom = replace(mother(0), name="Mom")
    moved = bring(office, contact(mom, their_id(1)))

    office.sync([mom, *SCHOOL[1:]])

    assert outcomes(moved) == {"contact": {"unknown": 1}}
    assert office.ids(mom).contact != their_id(1)


def test_a_phone_under_another_name_proves_nothing(office: Office) -> None:
    office.sync(SCHOOL)

    moved = bring(office, contact(replace(mother(0), name="Wilhelmina Abbott"), their_id(1)))

    assert outcomes(moved) == {"contact": {"waiting": 1}}


def test_father_and_son_of_one_name_are_two(office: Office) -> None:
    father = replace(uncle(0), name="Bartholomew Abbott Sr", phone="3605551111")
    son = replace(father, name="Bartholomew Abbott Jr")
    bring(office, contact(son, their_id(1)), contact(father, their_id(2)))

    office.sync([*SCHOOL[2:], father, son])

    named = office.named().select("name", "contact_id").unique()
    assert dict(named.filter(pl.col("name").str.contains("[SJ]r$")).rows()) == {
        father.name: their_id(2), son.name: their_id(1),
    }  # fmt: skip


# -- the clock, and ids ahead of it ---------------------------------------------------------------


def test_the_clock_leaves_out_an_id_that_is_spoken_for(office: Office) -> None:
    last = str(allocate(1, now=4_200_000_000)[0])
    ahead = [f"{last[:8]}{int(last[8:], 16) + step:016x}" for step in (2, 6)]
    bring(office, contact(uncle(0), ahead[0]), contact(uncle(1), their_id(1), legacy=ahead[1]))

    given = pl.concat([allocate(2), allocate(2), allocate(2), allocate(1)])

    assert given.is_sorted()
    assert given.n_unique() == 7
    assert given[0] > last
    assert set(given).isdisjoint(ahead)


# -- holds and files ------------------------------------------------------------------------------


def test_a_held_sync_that_is_approved_brings_waiting_ids_into_force(office: Office) -> None:
    office.sync(SCHOOL)
    newcomer = replace(mother(0), name="Wilhelmina Overbeck", phone="4255550177", email="")
    bring(office, contact(newcomer, their_id(1)))
    held = office.sync([*SCHOOL[:12], newcomer])

    approve(office.district, office.tools, sync_id=held.sync.id)

    assert office.ids(newcomer).contact == their_id(1)
    assert office.sync([*SCHOOL[:12], newcomer]).sync.state == "unchanged"
    assert adopted.waiting(office.id).is_empty()


def test_evidence_is_forgotten_once_the_id_is_in_force(office: Office) -> None:
    bring(office, HERS)
    office.sync(SCHOOL)

    with connect(autocommit=True) as owner:
        kept = owner.execute("SELECT is_waiting, name, phone, email, students FROM adopted")
        assert set(kept.fetchall()) == {(False, None, None, None, None)}


def test_what_was_left_can_be_opened_in_a_spreadsheet(office: Office, tmp_path: Path) -> None:
    moved = bring(office, student(mother(0), "=cmd|' /C calc'!A0"), contact(mother(0), their_id(1)))

    write_unmatched(tmp_path / "left.csv", moved.told.left)

    text = (tmp_path / "left.csv").read_text("utf-8-sig")
    assert text.splitlines()[0] == "file,place,kind,id,legacy_id,sis_id,outcome,reason"
    assert "ids.csv,2,student,'=cmd|" in text
    assert "Dolores" not in text
