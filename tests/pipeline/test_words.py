"""Words of sources: whole words and phrases become ours, and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import WORDS, laws, series

from kinsync.pipeline.words import our_words


def ours(theirs: str | None, words: str = "relationship") -> str | None:
    value: str | None = our_words(series([theirs]), WORDS.words[words]).item()
    return value


@pytest.mark.parametrize(
    ("theirs", "word"),
    [
        ("Parent", "Parent"), ("PARENT", "Parent"), ("Mother", "Parent"), ("Dad", "Parent"),
        ("stepfather", "Parent"), ("Step-Mother", "Parent"), ("Madre", "Parent"),
        ("Mamá", "Parent"), ("Padrastro", "Parent"), ("Foster  Parent", "Parent"),
        ("Mother/Father", "Parent"), ("Mother & Father", "Parent"), ("Mom and Dad", "Parent"),
        ("Bio Mom", "Parent"), ("Parent/Guardian", "Parent"), ("Padre/Madre", "Parent"),
        ("abuela", "Grandparent"), ("ABUELITO", "Grandparent"), ("Grand-mother", "Grandparent"),
        ("Maternal Grandmother", "Grandparent"), ("Great-Grandmother", "Grandparent"),
        ("Self", "Self"), ("Emancipated minor", "Self"),
        ("tio", "Aunt/Uncle"), ("TÍA", "Aunt/Uncle"), ("Aunt / Uncle", "Aunt/Uncle"),
        ("hermana", "Sibling"), ("Half-brother", "Sibling"),
        ("Guardian", "Other"), ("Legal Guardian", "Other"), ("tutor legal", "Other"),
        ("Godmother", "Other"), ("Mother's boyfriend", "Other"), ("Mother’s Boyfriend", "Other"),
        ("brother-in-law", "Other"), ("Prima", "Other"), ("madrina", "Other"),
    ],
)  # fmt: skip
def test_a_relationship_is_understood_as_a_whole_phrase(theirs: str, word: str) -> None:
    assert ours(theirs) == word


@pytest.mark.parametrize("theirs", ["relation", "Motherboard", "M", "grandmotherly", "Mother (1)"])
def test_a_word_within_another_is_not_understood(theirs: str) -> None:
    assert ours(theirs) is None


@pytest.mark.parametrize(
    ("theirs", "word"),
    [
        ("primary", "Primary"), ("EMERGENCY", "Emergency"), ("Secondary Contact", "Secondary"),
        ("guardian", "Parent/Guardian"), ("parent / guardian", "Parent/Guardian"),
        ("Mother", "Parent/Guardian"), ("Foster Mother", "Parent/Guardian"),
        ("Padre o Tutor", "Parent/Guardian"), ("contacto de emergencia", "Emergency"),
        ("Abuela", "Family"), ("Relative", "Family"), ("Godmother", "Other"), ("Vecina", "Other"),
    ],
)  # fmt: skip
def test_a_type_is_understood(theirs: str, word: str) -> None:
    assert ours(theirs, "type") == word


@pytest.mark.parametrize(
    ("theirs", "word"),
    [
        ("MOBILE", "Cell"), ("cellular", "Cell"), ("Celular", "Cell"), ("móvil", "Cell"),
        ("Casa", "Home"), ("Landline", "Home"), ("daytime", "Work"), ("Trabajo", "Work"),
        ("Pager", "Other"), ("otro", "Other"),
    ],
)  # fmt: skip
def test_a_phone_type_is_understood(theirs: str, word: str) -> None:
    assert ours(theirs, "phone_type") == word


@pytest.mark.parametrize("words", ["type", "relationship", "phone_type"])
def test_blank_stays_blank(words: str) -> None:
    assert ours(None, words) is None


@pytest.mark.parametrize("words", ["type", "relationship", "phone_type"])
def test_our_own_words_are_understood_in_any_case(words: str) -> None:
    for word in set(WORDS.words[words].values()):
        assert ours(word.upper(), words) == ours(word.lower(), words) == word


@laws
@given(st.lists(st.sampled_from(["Mother", "tio", "???", None, "Mother"])))
def test_each_cell_is_answered_in_its_place(cells: list[str | None]) -> None:
    answers = our_words(series(cells), WORDS.words["relationship"]).to_list()

    assert answers == [ours(cell) for cell in cells]
