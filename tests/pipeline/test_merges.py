"""Who went into whom, and who is only gone."""

from dataclasses import replace

import pytest
from tests.pipeline.snapshots import District, Person, Tie

ANA = Person("ana", "Ana Ruiz", phone="5035550101")
TWIN = replace(ANA, ties=(Tie("S2"),), phone="5035550102")
"""The same name, at another student, by another phone: somebody else, as far as is known."""
JOINED = replace(ANA, ties=(Tie("S1"), Tie("S2")))


def merged(before: list[Person], after: list[Person]) -> int:
    district = District()
    district.sync(before)
    return district.sync(after).merged.height


def test_who_is_found_to_be_another_with_student_and_name_is_merged() -> None:
    assert merged([ANA, TWIN], [JOINED]) == 1


@pytest.mark.parametrize(
    "twin",
    [
        pytest.param(replace(TWIN, name="Bo Ek"), id="another name"),
        pytest.param(replace(TWIN, ties=(Tie("S9"),)), id="another student"),
    ],
)
def test_who_is_only_gone_is_not_merged(twin: Person) -> None:
    assert merged([ANA, twin], [JOINED]) == 0


def test_generations_are_never_merged() -> None:
    senior, junior = replace(ANA, name="Ana Ruiz Sr."), replace(TWIN, name="Ana Ruiz Jr.")

    assert merged([senior, junior], [replace(JOINED, name="Ana Ruiz Sr.")]) == 0


def test_two_ids_are_never_merged() -> None:
    numbered = [replace(ANA, sis_id="C1"), replace(TWIN, sis_id="C2")]

    assert merged(numbered, [replace(JOINED, sis_id="C1")]) == 0
