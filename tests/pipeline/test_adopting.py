"""Laws of recognising and adopting: one to one, whatever the order, and nothing but ids changes."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.pipeline.families import families
from tests.pipeline.snapshots import WORDS, District, Person, Tie, counter

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import KINDS
from kinsync.domain.moving import GIVEN, TO_ADOPT
from kinsync.pipeline.adopt import adopt
from kinsync.pipeline.match_rules import ADOPTING
from kinsync.pipeline.recognise import Recognised, recognise

HER = Person("her", "Rukmini Salvatore", (Tie("S1"),), phone="5035550142", email="r@example.net")


def here(*people: Person) -> Snapshot:
    """The published snapshot of a district that had these people on its first night."""
    district = District()
    district.sync(people)
    return district.published


def abroad(*people: Person) -> pl.DataFrame:
    """The same as the other service has them, contacts by the v3 id and relationships."""
    district = District(new_ids=counter(1_000_000))
    district.sync(people)
    frames = district.published.frames
    students = frames["student"].select(student_id="id", students="sis_id")
    ties = frames["relationship"].join(students, on="student_id")
    lists = ties.group_by("contact_id").agg(pl.col("students").sort())
    contacts = (
        frames["contact"].drop("phone_extension").join(lists, left_on="id", right_on="contact_id")
    )
    people_of = frames["contact"].select("name", "phone", "email", contact_id="id", own="sis_id")
    v1 = ties.join(people_of, on="contact_id").with_columns(
        pl.concat_list("students"),
        sis_id="own",
        kind=pl.lit("relationship"),
        relationship=pl.coalesce("relationship_source", "relationship"),
    )
    found = [
        *(frames[kind].with_columns(kind=pl.lit(kind)) for kind in ("school", "student")),
        contacts.with_columns(kind=pl.lit("contact")),
        v1,
    ]
    return pl.concat([_as_told(frame.drop("email") if "grade" in frame.columns else frame)
                      for frame in found])  # fmt: skip


def _as_told(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in TO_ADOPT.items()
    )


def pairs(told: pl.DataFrame, found: Recognised) -> dict[str, str]:
    """Our id of each id of theirs that was recognised."""
    ids = found.pairs.select(pl.lit(told["id"]).gather(pl.col("at")).alias("id"), "ours")
    return dict(ids.rows())


def name_of(snapshot: Snapshot, id_: str) -> str | None:
    return dict(snapshot.frames["contact"].select("id", "name").rows()).get(id_)


def test_there_are_three_rules() -> None:
    assert [rule.name for rule in ADOPTING] == [
        "same sis_id", "same student and name", "same name and phone or e-mail",
    ]  # fmt: skip


@settings(max_examples=40)
@given(st.data(), families())
def test_everybody_is_recognised_as_who_they_are_whatever_the_order(
    data: st.DataObject, people: list[Person]
) -> None:
    ours, theirs = here(*people), abroad(*people)
    places = data.draw(st.permutations(range(theirs.height)))
    shuffled = theirs[list(places)]

    found = pairs(theirs, recognise(theirs, ours, WORDS))

    assert found == pairs(shuffled, recognise(shuffled, ours, WORDS))
    assert len(set(found.values())) == len(found)
    contacts = theirs.filter(kind="contact")
    names = dict(contacts.select("id", "name").rows())
    assert all(name_of(ours, found[id_]) == names[id_] for id_ in names if id_ in found)


@settings(max_examples=40)
@given(families())
def test_adopting_changes_ids_and_nothing_else_and_points_from_the_old_ones(
    people: list[Person],
) -> None:
    ours, theirs = here(*people), abroad(*people)
    found = recognise(theirs, ours, WORDS)
    given_ids = found.pairs.join(theirs.with_row_index("at").select("at", "id"), on="at")

    matched = adopt(ours, given_ids.select(GIVEN.names()))

    into = dict(matched.merged.rows())
    for kind in KINDS:
        was, now = ours.frames[kind], matched.snapshot.frames[kind]
        ids = [name for name in was.columns if name == "id" or name.endswith("t_id")]
        renamed = was.with_columns(pl.col(ids).replace(into))
        assert_frame_equal(renamed.sort("id"), now.sort("id"))
        assert now["id"].n_unique() == now.height
    assert set(matched.merged["into_id"]) <= set(theirs["id"])


CHANGED = {
    "another phone": replace(HER, phone="5035550199"),
    "no phone and another address": replace(HER, phone=None, email="new@example.net"),
    "another student, the same phone": replace(HER, ties=(Tie("S2"),)),
    "spelt otherwise": replace(HER, name="SALVATORE, Mrs. Rukmini"),
    "a SIS id on one side": replace(HER, sis_id="G1"),
}
OTHERS = {
    "another name": replace(HER, name="Rosalind Salvatore"),
    "another student and no phone": replace(HER, ties=(Tie("S2"),), phone=None, email=None),
    "another generation": replace(HER, name="Rukmini Salvatore Jr"),
}


@pytest.mark.parametrize("how", CHANGED)
def test_a_person_is_recognised_with(how: str) -> None:
    ours, theirs = here(HER), abroad(CHANGED[how])
    her = theirs.filter(kind="contact")["id"].item()

    assert name_of(ours, pairs(theirs, recognise(theirs, ours, WORDS))[her]) == HER.name


@pytest.mark.parametrize("how", OTHERS)
def test_a_person_is_not_recognised_with(how: str) -> None:
    first = replace(HER, name="Rukmini Salvatore Sr") if "generation" in how else HER
    ours, theirs = here(first), abroad(OTHERS[how])
    other = theirs.filter(kind="contact")["id"].item()

    assert other not in pairs(theirs, recognise(theirs, ours, WORDS))


def test_one_sis_id_is_enough_where_a_student_agrees() -> None:
    numbered = replace(HER, sis_id="G1")
    ours, theirs = here(numbered), abroad(replace(numbered, name="Rukmini Ostrander", phone=None))

    assert len(pairs(theirs, recognise(theirs, ours, WORDS))) == 4


def test_each_way_in_which_a_contact_stands_to_a_student_has_its_own_v1_id() -> None:
    twice = replace(HER, ties=(Tie("S1", "Primary"), Tie("S1", "Emergency"), Tie("S2", "Primary")))
    ours, theirs = here(twice), abroad(twice)

    found = pairs(theirs, recognise(theirs, ours, WORDS))

    def ties(frame: pl.DataFrame) -> set[tuple[str, str]]:
        return set(frame.select("id", "type").rows())

    types = dict(ties(theirs.filter(kind="relationship")))
    here_types = dict(ties(ours.frames["relationship"]))
    assert {id_: here_types[found[id_]] for id_ in types} == types
