"""Guard: what is held for a person to look at, and what is not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pipeline.snapshots import District, Person, Tie

from kinsync.domain.errors import ChangeInput
from kinsync.domain.guarding import GuardThresholds, HoldReason
from kinsync.pipeline.census import census
from kinsync.pipeline.guard import guard


def parent(number: int, *, student: str | None = None) -> Person:
    return Person(
        f"p{number}",
        f"Given{chr(97 + number % 26)}{chr(97 + number // 26)} Smith",
        (Tie(student or f"S{number}"),),
        phone=f"503555{number:04}",
        email=f"p{number}@example.org",
    )


HUNDRED = [parent(number) for number in range(100)]


def reasons(
    before: list[Person], after: list[Person], thresholds: GuardThresholds | None = None
) -> list[HoldReason]:
    district = District()
    district.sync(before)
    was = census(district.published.frames)
    changes = district.sync(after)
    return guard(changes, was, census(district.published.frames), thresholds)


def codes(before: list[Person], after: list[Person]) -> set[str]:
    return {reason.code for reason in reasons(before, after)}


def test_a_first_load_is_not_held() -> None:
    assert codes([], HUNDRED) == set()


def test_a_tenth_of_the_students_may_leave_and_no_more() -> None:
    assert codes(HUNDRED, HUNDRED[:90]) == set()
    assert codes(HUNDRED, HUNDRED[:89]) == {
        "students-deleted",
        "contacts-deleted",
        "relationships-deleted",
    }


def test_a_reason_names_figure_threshold_and_what_would_happen() -> None:
    reason = next(one for one in reasons(HUNDRED, HUNDRED[:80]) if one.kind == "student")

    assert (reason.figure, reason.threshold) == (0.20, 0.10)
    assert reason.sentence == "20 of 100 students would be deleted (20 %; up to 10 % goes through)."


def test_a_small_district_is_not_held_for_one_child_who_leaves() -> None:
    assert codes(HUNDRED[:6], HUNDRED[:5]) == set()


def test_a_small_district_is_held_when_most_are_gone() -> None:
    assert "students-deleted" in codes(HUNDRED[:6], HUNDRED[:1])


def test_everybody_changed_is_held() -> None:
    changed = [replace(one, email=f"new.{one.email}") for one in HUNDRED]

    assert codes(HUNDRED, changed) == {"contacts-updated"}


@pytest.mark.parametrize(("column", "code"), [("phone", "phones-lost"), ("email", "emails-lost")])
def test_a_lost_column_is_held(column: str, code: str) -> None:
    lost = [replace(one, **{column: None}) for one in HUNDRED[:30]]  # type: ignore[arg-type]

    assert codes(HUNDRED, [*lost, *HUNDRED[30:]]) == {code}
    assert codes(HUNDRED, [*lost[:20], *HUNDRED[20:]]) == set()


def test_contacts_that_change_id_are_held() -> None:
    strangers = [replace(parent(200 + n), ties=(Tie(f"S{n}"),)) for n in range(25)]

    assert "contacts-change-id" in codes(HUNDRED, [*strangers, *HUNDRED[25:]])


def test_relationships_that_vanish_are_held_while_everybody_stays() -> None:
    both = [replace(one, ties=(*one.ties, Tie("S0", "Emergency"))) for one in HUNDRED]

    assert codes(both, HUNDRED) == {"relationships-deleted"}


def test_another_student_key_is_held() -> None:
    renamed = [replace(one, ties=(Tie(f"X{n}"),)) for n, one in enumerate(HUNDRED)]

    assert "student-key-changed" in codes(HUNDRED, renamed)


def test_one_school_left_out_is_held_in_a_large_district() -> None:
    district = District()
    district.sync(HUNDRED)
    was = census(district.published.frames)
    changes = district.sync(HUNDRED[:88])
    small = replace(was, counts={**was.counts, "student": 2000}, students_by_school={"H1": 12})

    found = guard(changes, small, small)

    assert [one.code for one in found if one.kind == "school"] == ["school-left-out"]


def test_a_file_without_contact_columns_is_held_while_contacts_are_published() -> None:
    district = District()
    district.sync(HUNDRED)
    was = census(district.published.frames)

    found = guard(district.sync(HUNDRED), was, was, has_contact_columns=False)

    assert [one.code for one in found] == ["contact-columns-missing"]


def test_back_to_school_lets_a_year_leave_and_everybody_move_up() -> None:
    thresholds = GuardThresholds.from_mapping({"profile": "back-to-school"})

    assert reasons(HUNDRED, HUNDRED[:70], thresholds) == []
    assert reasons(HUNDRED, HUNDRED[:50], thresholds) != []


def test_a_student_with_sixty_contacts_is_fine() -> None:
    sixty = [parent(number, student="S0") for number in range(60)]

    assert (
        codes(HUNDRED, [*HUNDRED, *(replace(one, name=f"X{one.name}") for one in sixty)]) == set()
    )


def test_thresholds_are_a_districts_own() -> None:
    thresholds = GuardThresholds.from_mapping({"deleted_students": 0.5, "minimum_count": 3})

    assert (thresholds.deleted_students, thresholds.deleted_contacts) == (0.5, 0.10)
    assert thresholds.minimum_count == 3


@pytest.mark.parametrize(
    "given",
    [{"deleted_pupils": 0.1}, {"fill_drop": "much"}, {"fill_drop": 20}, {"profile": "summer"}],
)
def test_a_threshold_that_cannot_be_says_what_to_change(given: dict[str, object]) -> None:
    with pytest.raises(ChangeInput, match="Guard:"):
        GuardThresholds.from_mapping(given)


@settings(max_examples=15)
@given(st.integers(0, 100))
def test_exactly_more_than_a_tenth_deleted_is_held(left: int) -> None:
    is_held = "students-deleted" in codes(HUNDRED, HUNDRED[:left])

    assert is_held == (left < 90)
