"""What people decide about two contacts holds on every later night, and can be taken back."""

import contextlib
from dataclasses import replace

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.domain.frames import KINDS
from kinsync.domain.share import Share
from kinsync.pipeline.visible import visible
from kinsync.services.alike import find, list_pairs
from kinsync.services.restore import restore
from kinsync.services.same_person import Done, decide, effect, part, undo
from kinsync.services.share import Limits, withhold
from kinsync.services.share import connect as connect_to
from kinsync.store import access, records
from kinsync.store.database import connect
from tests.services.office import Office, is_same, totals
from tests.services.pupils import Line, mother, school_of

DOLORES = mother(1)
LOLA = replace(
    mother(1),
    student="S901",
    name="Lola Baptiste",
    phone="4155550101",
    email="",
)
"""The same woman at another school, who is called otherwise there."""
FATHER = Line(
    student="S001",
    last_name="Baptiste",
    type="Secondary",
    name="John Baptiste",
    relationship="Parent",
    phone="4255550001",
    phone_type="Home",
)
GRANDFATHER = replace(FATHER, student="S901", type="Emergency", relationship="Grandparent")
"""Of the same name, on the same landline: no rule can tell him from his son."""


def pair(office: Office, one: Line, other: Line) -> tuple[str, str]:
    return office.ids(one).contact, office.ids(other).contact


def contacts(office: Office) -> int:
    return office.published().frames["contact"].height


def says(office: Office, verdict: str, one: Line, other: Line) -> Done:
    return decide(office.district, pair(office, one, other), verdict, office.tools, by="Ada")


def test_the_same_person_goes_on_under_the_older_id(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    one, other = office.ids(DOLORES), office.ids(LOLA)
    before = contacts(office)

    done = says(office, "same", DOLORES, LOLA)

    assert done.version == office.version == 2
    assert contacts(office) == before - 1
    told = office.named().filter(pl.col("contact_id") == min(one.contact, other.contact))
    assert set(told["student"]) == {"S001", "S901"}
    assert set(told["id"]) == {one.relationship, other.relationship}
    assert '"4155550101"' in told["more_phones"][0]
    assert done.changes.merged.rows() == [
        (max(one.contact, other.contact), min(one.contact, other.contact))
    ]


def test_what_a_decision_publishes_is_what_the_next_file_publishes(office: Office) -> None:
    file = [*school_of(5), LOLA]
    office.sync(file)
    says(office, "same", DOLORES, LOLA)

    again = office.sync(file)

    assert again.sync.state == "unchanged"


@pytest.mark.parametrize("is_narrow", [False, True])
def test_the_same_person_stays_one_through_every_edit(office: Office, is_narrow: bool) -> None:
    office.sync([*school_of(5), LOLA])
    says(office, "same", DOLORES, LOLA)
    face = office.ids(DOLORES).contact
    if is_narrow:
        office.sync([*school_of(6), LOLA])  # its lines are kept for the next night

    line = LOLA
    for field, value in (
        ("phone", "4155550199"),
        ("name", "Lola Marsh"),
        ("email", "lola@example.net"),
        ("phone", "4155550202"),
        ("name", "Lola Dunne"),
    ):
        line = replace(line, **{field: value})
        night = office.sync([*school_of(6 if is_narrow else 5), line])

        assert totals(night.changes)["created"] == totals(night.changes)["deleted"] == 0
    theirs = office.named().filter(pl.col("student") == "S901")
    assert theirs["contact_id"].to_list() == [face]


def test_undoing_gives_both_their_own_ids_back(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    before = office.published()
    both = pair(office, DOLORES, LOLA)
    says(office, "same", DOLORES, LOLA)

    undone = undo(office.district, both, office.tools, by="Ada")

    assert undone.version == 3
    assert is_same(before, office.published())
    assert office.sync([*school_of(5), LOLA]).sync.state == "unchanged"


def test_undoing_after_an_edit_keeps_the_edit(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    both = pair(office, DOLORES, LOLA)
    says(office, "same", DOLORES, LOLA)
    edited = replace(LOLA, phone="4155550777")
    office.sync([*school_of(5), edited])

    undo(office.district, both, office.tools, by="Ada")

    assert {office.ids(DOLORES).contact, office.ids(edited).contact} == set(both)
    assert office.row(edited)["phone"] == "4155550777"
    assert office.row(DOLORES)["more_phones"] is None


def test_one_who_leaves_and_returns_is_still_the_same(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    says(office, "same", DOLORES, LOLA)
    office.sync(school_of(5))
    assert office.row(DOLORES)["more_phones"] is None

    office.sync([*school_of(5), LOLA])

    assert office.named().filter(pl.col("student") == "S901")["contact_id"].to_list() == [
        office.ids(DOLORES).contact
    ]


def test_the_face_stays_when_its_own_rows_leave(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    face = min(pair(office, DOLORES, LOLA))
    says(office, "same", DOLORES, LOLA)

    office.sync([line for line in [*school_of(5), LOLA] if line != DOLORES])

    assert office.ids(LOLA).contact == face


def test_a_person_joined_by_mistake_is_parted_in_one_act_and_stays_apart(office: Office) -> None:
    file = [*school_of(5), FATHER, GRANDFATHER]
    office.sync(file)
    joined = office.ids(FATHER).contact
    assert office.ids(GRANDFATHER).contact == joined

    done = part(office.district, joined, ["S901"], office.tools, by="Ada")

    assert office.ids(FATHER).contact == joined
    grandfather = office.ids(GRANDFATHER).contact
    assert grandfather != joined
    assert done.pair == (joined, grandfather)
    assert office.sync(file).sync.state == "unchanged"
    edited = [replace(line, email="john@example.org") if line == FATHER else line for line in file]
    office.sync(edited)
    assert office.row(FATHER)["email"] == "john@example.org"
    assert office.row(GRANDFATHER)["email"] is None
    assert office.ids(GRANDFATHER).contact == grandfather


def test_what_a_delivery_joined_is_parted_under_the_id_it_had(office: Office) -> None:
    apart = replace(GRANDFATHER, phone="4155550999")
    office.sync([*school_of(5), FATHER, apart])
    both = pair(office, FATHER, apart)
    office.sync([*school_of(5), FATHER, GRANDFATHER])
    assert office.ids(FATHER).contact == office.ids(GRANDFATHER).contact

    decide(office.district, both, "different", office.tools, by="Ada")

    assert sorted(office.published().frames["contact"]["id"]).count(both[1]) == 1
    office.sync([*school_of(5), FATHER, GRANDFATHER])
    assert pair(office, FATHER, GRANDFATHER) == both
    assert office.sync([*school_of(5), FATHER, GRANDFATHER]).sync.state == "unchanged"


def test_different_people_are_never_joined_later(office: Office) -> None:
    apart = replace(GRANDFATHER, phone="4155550999")
    office.sync([*school_of(5), FATHER, apart])
    both = pair(office, FATHER, apart)

    done = decide(office.district, both, "different", office.tools, by="Ada")

    assert done.version is None
    office.sync([*school_of(5), FATHER, GRANDFATHER])
    assert pair(office, FATHER, GRANDFATHER) == both


def test_an_effect_is_shown_and_nothing_is_done(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    before = office.published()

    told = effect(office.district, pair(office, DOLORES, LOLA), "same", office.tools)

    assert told.before.height == 2
    assert told.after.height == 1
    assert totals(told.changes) == {"created": 0, "updated": 2, "deleted": 1}
    assert office.version == 1
    assert is_same(before, office.published())


def test_contradictions_are_refused(office: Office) -> None:
    ivo = replace(LOLA, student="S902", name="Lolita Baptiste", phone="4155550303")
    office.sync([*school_of(5), LOLA, ivo])
    other = pair(office, LOLA, ivo)
    says(office, "different", DOLORES, ivo)
    says(office, "same", DOLORES, LOLA)

    with pytest.raises(ChangeInput, match="Undo one of them first"):
        decide(office.district, other, "same", office.tools, by="Ada")


def test_nobody_is_decided_about_who_never_was(office: Office) -> None:
    office.sync(school_of(2))

    with pytest.raises(NotFound, match="has, or had"):
        decide(
            office.district, (office.ids(DOLORES).contact, "f" * 24), "same", office.tools, by="A"
        )


def test_nothing_is_decided_over_a_held_sync(office: Office) -> None:
    office.sync([*school_of(30), LOLA])
    held = office.sync([*school_of(3), LOLA])
    assert held.sync.state == "held"

    with pytest.raises(ChangeInput, match=f"Sync {held.sync.id} .* is held"):
        says(office, "same", DOLORES, LOLA)
    assert records.held_sync(office.id) is not None


def feed(office: Office) -> dict[str, set[str]]:
    """What an application has that keeps a store by its events; each of them has to fit."""
    kept: dict[str, set[str]] = {kind: set() for kind in KINDS}
    with contextlib.closing(connect()) as own:
        told = own.execute(
            "SELECT act, kind, record_id FROM event WHERE district_id = %s ORDER BY id",
            (office.id,),
        )
        for act, kind, id_ in told:
            assert (id_ in kept[kind]) == (act != "created"), (act, kind)
            (kept[kind].discard if act == "deleted" else kept[kind].add)(id_)
    return kept


@pytest.mark.parametrize("schools", [None, ["101"], ["202"]])
def test_an_application_is_told_of_every_turn(office: Office, schools: list[str] | None) -> None:
    elsewhere = replace(LOLA, school="202")
    file = [*school_of(5), elsewhere, FATHER, replace(GRANDFATHER, school="202")]
    reader = access.add_application("Reading Room", at=office.day)[0]
    connect_to(office.district, reader, Limits(schools=schools), office.tools)
    office.sync(file)
    both, joined = pair(office, DOLORES, elsewhere), office.ids(FATHER).contact

    says(office, "same", DOLORES, elsewhere)
    part(office.district, joined, ["S901"], office.tools, by="Ada")
    office.sync([replace(line, email="") if line == elsewhere else line for line in file])
    undo(office.district, both, office.tools, by="Ada")
    office.sync(file)

    share = Share() if schools is None else Share(schools=frozenset(schools))
    shown = visible(office.published(), share).frames
    assert feed(office) == {kind: set(shown[kind]["id"]) for kind in KINDS}


def test_the_effect_foretells_what_each_application_is_told(office: Office) -> None:
    reader = access.add_application("Reading Room", at=office.day)[0]
    connect_to(office.district, reader, Limits(), office.tools)
    office.sync([*school_of(5), LOLA])

    told = effect(office.district, pair(office, DOLORES, LOLA), "same", office.tools)

    [one] = told.readers
    assert one.application == "Reading Room"
    assert one.events == {
        "contact": {"deleted": 1, "updated": 1},
        "relationship": {"updated": 2},
    }


def test_who_decided_stays_on_record(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    both = pair(office, DOLORES, LOLA)
    says(office, "later", DOLORES, LOLA)
    says(office, "same", DOLORES, LOLA)
    undo(office.district, both, office.tools, by="Bo")

    with contextlib.closing(connect()) as own:
        rows = own.execute(
            "SELECT verdict, decided_by, undone_by FROM same_person ORDER BY id"
        ).fetchall()
    assert rows == [("later", "Ada", "Ada"), ("same", "Ada", "Bo")]


def test_an_earlier_version_is_restored_with_who_was_behind_it(office: Office) -> None:
    file = [*school_of(5), LOLA]
    office.sync(file)
    both = pair(office, DOLORES, LOLA)
    says(office, "same", DOLORES, LOLA)
    undo(office.district, both, office.tools, by="Ada")

    restore(office.district, 2, office.tools)

    theirs = office.named().filter(pl.col("student") == "S901")
    assert theirs["contact_id"].to_list() == [min(both)]
    office.sync(file)
    assert pair(office, DOLORES, LOLA) == both


def test_what_stood_behind_a_face_is_purged_with_the_rest(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    says(office, "same", DOLORES, LOLA)
    office.sync(school_of(5))
    office.sync(school_of(6))

    office.purge(after_days=70)

    with contextlib.closing(connect()) as own:
        [(count,)] = own.execute("SELECT count(*) FROM same_person_part WHERE name LIKE 'Lola%'")
    assert count == 0


def test_who_is_withheld_stays_so_joined_and_parted(office: Office) -> None:
    reader = access.add_application("Reading Room", at=office.day)[0]
    connect_to(office.district, reader, Limits(), office.tools)
    office.sync([*school_of(5), LOLA])
    both = pair(office, DOLORES, LOLA)
    withhold(office.district, office.ids(LOLA).contact, office.tools)

    says(office, "same", DOLORES, LOLA)
    assert set(both).isdisjoint(feed(office)["contact"])
    undo(office.district, both, office.tools, by="Ada")

    assert set(both).isdisjoint(feed(office)["contact"])


def pointers(office: Office) -> dict[str, str]:
    with contextlib.closing(connect()) as own:
        return dict(own.execute("SELECT from_id, into_id FROM contact_merge").fetchall())


def test_an_id_leads_to_the_face_until_it_is_parted(office: Office) -> None:
    office.sync([*school_of(5), LOLA])
    both = pair(office, DOLORES, LOLA)
    says(office, "same", DOLORES, LOLA)
    assert pointers(office) == {max(both): min(both)}
    office.sync(school_of(5))

    undo(office.district, both, office.tools, by="Ada")

    assert pointers(office) == {}


RENAMED = replace(DOLORES, name="Dolores Marsh", phone="4155550404", email="dm@example.net")
"""The mother under a new surname, with a new phone and mailbox: no rule knows her again."""


def test_who_came_as_the_other_went_is_asked_about_and_joined(office: Office) -> None:
    office.sync(school_of(5))
    old = office.ids(DOLORES).contact
    office.sync([RENAMED if line == DOLORES else line for line in school_of(5)])
    new = office.ids(RENAMED).contact
    assert old != new

    find(office.district, office.tools)
    [asked] = list_pairs(office.district).pairs
    decide(office.district, (old, new), "same", office.tools, by="Ada")

    assert (asked.low_id, asked.high_id) == (old, new)
    assert "came-as-other-went" in asked.reasons
    assert pointers(office) == {old: new}
    assert office.ids(RENAMED).contact == new
    office.sync(school_of(5))
    assert office.ids(DOLORES).contact == new
