"""Match: who keeps which id."""

from dataclasses import replace

import pytest
from tests.pipeline.snapshots import District, Person, Tie

ANNA = Person("anna", "Anna Smith", phone="5035550101", email="anna@example.org")
BOB = Person("bob", "Bob Smith", (Tie("S1", "Secondary"),), phone="5035550102")
NINE = ("Ada", "Bob", "Cyd", "Dan", "Eve", "Fay", "Gil", "Hal", "Ian")
CAROL = Person("carol", "Carol Jones", (Tie("S2"),), phone="5035550103")


def edited(**changes: object) -> tuple[Person, Person]:
    """Anna, and Anna after an edit."""
    return ANNA, replace(ANNA, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(*edited(phone="5035550999"), id="phone"),
        pytest.param(*edited(email="other@example.org"), id="e-mail"),
        pytest.param(*edited(phone="5035550999", email="x@example.org"), id="phone and e-mail"),
        pytest.param(*edited(ties=(Tie("S1", "Emergency"),)), id="type"),
        pytest.param(*edited(ties=(Tie("S1", "Primary", "Aunt/Uncle"),)), id="relationship"),
        pytest.param(*edited(name="Anna Garcia"), id="surname"),
        pytest.param(*edited(name="SMITH, Anna"), id="spelling"),
        pytest.param(*edited(sis_id="C1"), id="gains a SIS id"),
        pytest.param(*edited(ties=(Tie("S1"), Tie("S2"))), id="a sibling"),
        pytest.param(*edited(ties=(Tie("S1"), Tie("S1", "Emergency"))), id="a second type"),
    ],
)
def test_an_edit_is_an_update_of_the_same_contact(before: Person, after: Person) -> None:
    district = District()
    district.sync([before, BOB, CAROL])
    was = district.ids()[before.name], district.legacy_ids()[before.name]
    relationships = district.relationship_ids()

    changes = district.sync([BOB, CAROL, after])

    assert (district.ids()[after.name], district.legacy_ids()[after.name]) == was
    assert changes.kinds["contact"].created.is_empty()
    assert changes.kinds["contact"].deleted.is_empty()
    assert relationships <= district.relationship_ids()


def test_the_same_rows_again_change_nothing() -> None:
    district = District()
    district.sync([ANNA, BOB, CAROL])

    assert district.sync([CAROL, ANNA, BOB]).is_empty


def test_a_stepmother_on_the_same_landline_is_not_the_mother() -> None:
    home = {"phone_type": "Home"}
    mother = Person("m", "Anna Smith", phone="5035550101", details=home)
    stepmother = replace(mother, truth="s", name="Beth Smith")
    district = District()
    district.sync([mother])
    was = district.ids()["Anna Smith"]

    changes = district.sync([stepmother])

    assert district.ids()["Beth Smith"] != was
    assert changes.kinds["contact"].counts() == {"created": 1, "updated": 0, "deleted": 1}


def test_a_new_name_on_a_phone_that_father_shares_is_a_new_person() -> None:
    father = replace(BOB, phone=ANNA.phone)
    district = District()
    district.sync([ANNA, father])
    was = district.ids()["Anna Smith"]

    district.sync([replace(ANNA, name="Beth Smith", email=None), father])

    assert district.ids()["Beth Smith"] != was


def test_a_new_name_on_a_phone_of_ones_own_is_the_same_person() -> None:
    district = District()
    district.sync([ANNA, BOB])
    was = district.ids()["Anna Smith"]

    district.sync([replace(ANNA, name="Anita Schmidt", email=None), BOB])

    assert district.ids()["Anita Schmidt"] == was


def test_father_and_son_of_one_name_are_two_people() -> None:
    senior = Person("sr", "John Smith Sr", phone="5035550101")
    junior = Person("jr", "John Smith Jr", phone="5035550101")
    district = District()
    district.sync([senior])
    was = district.ids()["John Smith Sr"]

    district.sync([junior])

    assert district.ids()["John Smith Jr"] != was


def test_two_people_with_different_sis_ids_stay_two() -> None:
    first = Person("a", "John Smith", phone="5035550101", sis_id="C1")
    second = Person("b", "John Smith", phone="5035550101", sis_id="C2")
    district = District()
    district.sync([first, second])

    changes = district.sync([second])

    assert changes.kinds["contact"].counts() == {"created": 0, "updated": 0, "deleted": 1}


def test_a_sis_that_renumbers_everybody_keeps_everybody() -> None:
    people = [replace(one, sis_id=f"A{one.truth}") for one in (ANNA, BOB, CAROL)]
    district = District()
    district.sync(people)
    was = district.ids()

    changes = district.sync([replace(one, sis_id=f"B{one.truth}") for one in people])

    assert district.ids() == was
    assert changes.kinds["contact"].counts() == {"created": 0, "updated": 3, "deleted": 0}


def test_a_sis_id_that_comes_back_under_a_stranger_is_a_new_person() -> None:
    district = District()
    district.sync([replace(ANNA, sis_id="C1")])
    was = district.ids()["Anna Smith"]

    district.sync([Person("x", "Zoltan Nagy", (Tie("S9"),), phone="5035550777", sis_id="C1")])

    assert district.ids()["Zoltan Nagy"] != was


def test_absence_of_a_night_and_return_gives_the_old_ids_back() -> None:
    district = District()
    district.sync([ANNA, BOB, CAROL])
    was = district.published

    gone = district.sync([ANNA])
    back = district.sync([BOB, ANNA, CAROL])

    assert gone.counts()["student"]["deleted"] == 1
    assert back.counts()["contact"]["created"] == 2
    for kind, frame in was.frames.items():
        assert district.published.frames[kind].sort("id").equals(frame.sort("id"))


def test_who_returns_with_another_phone_gets_the_old_id_back() -> None:
    district = District()
    district.sync([ANNA, BOB])
    was = district.ids()["Bob Smith"]

    district.sync([ANNA])
    district.sync([ANNA, replace(BOB, phone="5035550888")])

    assert district.ids()["Bob Smith"] == was


def test_two_who_turn_out_to_be_one_go_on_under_the_older_id() -> None:
    with_one = replace(ANNA, email=None)
    with_other = replace(ANNA, ties=(Tie("S2"),), phone=None)
    district = District()
    district.sync([with_one, with_other])
    older, younger = sorted(district.published.frames["contact"]["id"])
    relationships = district.relationship_ids()

    changes = district.sync([replace(ANNA, ties=(Tie("S1"), Tie("S2")))])

    assert changes.merged.rows() == [(younger, older)]
    assert changes.kinds["contact"].counts() == {"created": 0, "updated": 1, "deleted": 1}
    assert district.relationship_ids() == relationships


def test_one_who_turns_out_to_be_two_leaves_the_id_with_one_of_them() -> None:
    district = District()
    district.sync([replace(ANNA, ties=(Tie("S1"), Tie("S2")))])
    was = district.ids()["Anna Smith"]

    changes = district.sync(
        [replace(ANNA, ties=(Tie(s),), phone=None, email=None) for s in ("S1", "S2")]
    )

    assert was in set(district.published.frames["contact"]["id"])
    assert changes.kinds["contact"].counts() == {"created": 1, "updated": 1, "deleted": 0}


def test_a_placeholder_keeps_its_id_under_a_new_phone() -> None:
    district = District()
    district.sync([Person("m", "Mom", phone="5035550101"), BOB])
    was = district.ids()["Mom"]

    district.sync([BOB, Person("m", "Mom", phone="5035550999")])

    assert district.ids()["Mom"] == was


def test_who_was_merged_stays_one_person_the_night_after() -> None:
    district = District()
    district.sync([replace(ANNA, email=None), replace(ANNA, ties=(Tie("S2"),), phone=None)])
    joined = replace(ANNA, ties=(Tie("S1"), Tie("S2")))
    district.sync([joined])

    assert district.sync([joined]).is_empty
    assert district.sync([replace(joined, phone="5035550999")]).counts()["contact"]["updated"] == 1


def test_a_phone_of_the_school_office_joins_nobody() -> None:
    office = "5035550000"
    people = [
        Person(f"p{n}", f"{name} Smith", (Tie(f"S{n}"),), office) for n, name in enumerate(NINE)
    ]
    district = District()
    district.sync(people)
    was = district.ids()["Ada Smith"]

    district.sync([Person("x", "Ada Smith", (Tie("S99"),), office), *people[1:]])

    assert district.ids()["Ada Smith"] != was
