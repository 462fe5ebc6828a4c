"""The vocabulary file holds together, and a mapping may add to it."""

import tomllib

import pytest

from kinsync.domain.vocabulary import (
    PHONE_TYPES,
    RELATIONSHIPS,
    TYPES,
    default_vocabulary,
    vocabulary_text,
    word_key,
)

DATA = tomllib.loads(vocabulary_text())
OURS = {"type": TYPES, "relationship": RELATIONSHIPS, "phone_type": PHONE_TYPES}


@pytest.mark.parametrize("name", OURS)
def test_every_word_becomes_one_of_the_applications_words(name: str) -> None:
    assert set(default_vocabulary().words[name].values()) == set(OURS[name])


@pytest.mark.parametrize("name", [*OURS, "grade", "gender", "race", "flag", "frl_status"])
def test_no_word_stands_in_two_lists_or_twice(name: str) -> None:
    words = [word_key(word) for known in DATA[name].values() for word in known]

    assert [word for word in words if words.count(word) > 1] == []


@pytest.mark.parametrize("name", OURS)
def test_words_are_written_as_they_are_compared(name: str) -> None:
    words = [word for known in DATA[name].values() for word in known]

    assert [word for word in words if word_key(word) != word] == []


def test_a_mappings_own_words_win_and_leave_the_shared_table_alone() -> None:
    shared = default_vocabulary()
    own = shared.with_words({"relationship": {"Tata": "Parent", "Guardian": "Parent"}})

    assert own.words["relationship"]["tata"] == "Parent"
    assert own.words["relationship"]["guardian"] == "Parent"
    assert shared.words["relationship"]["guardian"] == "Other"
    assert "tata" not in shared.words["relationship"]


def test_whoever_a_mapping_calls_a_relation_has_its_type_unless_it_says_otherwise() -> None:
    own = default_vocabulary().with_words(
        {"relationship": {"Tata": "Parent", "Oma": "Grandparent"}, "type": {"Oma": "Emergency"}}
    )

    assert own.words["type"]["tata"] == "Parent/Guardian"
    assert own.words["type"]["oma"] == "Emergency"
