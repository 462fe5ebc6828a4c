"""Text as people and office software write it, made plain and made comparable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import laws, series

from kinsync.domain import vocabulary
from kinsync.pipeline.text import amend, fold, tidy, word_key

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cn", "Co"]), max_size=12)
"""Anything that a decoded file can hold."""
INVISIBLE = ["\u200b", "\ufeff", "\u202e", "\u200f", "\u00ad", "\u2060", "\u0085\u200e", "\u061c"]
SPACES = ["\t", "\n", "\r\n", "\u00a0", "\u2003", "\u2028", "\u3000", "  ", " \u00a0 ", "\x0b"]


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u200b", "\ufeff \u200b", "\t\r\n", "\x00"])
def test_what_shows_nothing_is_blank(blank: str) -> None:
    assert tidy(series([blank, None])).to_list() == [None, None]


@pytest.mark.parametrize("space", SPACES)
def test_white_space_within_is_one_space_and_around_is_none(space: str) -> None:
    assert tidy(series([f"{space}Ana{space}Ruiz{space}"])).item() == "Ana Ruiz"


@pytest.mark.parametrize("mark", INVISIBLE)
def test_invisible_characters_are_gone(mark: str) -> None:
    assert tidy(series([f"{mark}Ana{mark} Ruiz{mark}"])).item() == "Ana Ruiz"


def test_an_accent_that_was_typed_apart_is_composed() -> None:
    assert tidy(series(["Jose\u0301"])).item() == "Jos\u00e9"


def test_a_cell_that_looks_like_a_formula_stays_as_it_is() -> None:
    assert tidy(series(['=HYPERLINK("x")', "+1", "@a", "-"])).to_list() == [
        '=HYPERLINK("x")', "+1", "@a", "-",
    ]  # fmt: skip


@laws
@given(st.lists(TEXT))
def test_tidy_text_is_left_alone(cells: list[str]) -> None:
    once = tidy(series(cells))

    assert tidy(once).to_list() == once.to_list()
    assert not (once == "").any()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("García", "GARCIA"),
        ("Nguyễn Thị", "nguyen thi"),
        ("ĐẶNG", "dang"),
        ("Łukasz", "lukasz"),
        ("Straße", "STRASSE"),
        ("İbrahim", "ibrahim"),
        ("Ｊｏｈｎ", "john"),
        ("ИВА́НОВ", "иванов"),
        ("مُحَمَّد", "محمد"),
        ("דָּוִד", "דוד"),
    ],
)
def test_case_and_accents_make_no_other_name(one: str, other: str) -> None:
    assert fold(series([one])).item() == fold(series([other])).item()


@pytest.mark.parametrize(
    ("one", "other"),
    [("राम", "रमा"), ("かな", "がな"), ("김", "금"), ("สมชาย", "สมชัย"), ("王", "玉")],
)
def test_signs_that_spell_another_sound_make_another_name(one: str, other: str) -> None:
    assert fold(series([one])).item() != fold(series([other])).item()


@laws
@given(st.lists(TEXT))
def test_words_of_the_vocabulary_and_of_columns_are_compared_alike(cells: list[str]) -> None:
    assert word_key(series(cells)).to_list() == [vocabulary.word_key(cell) for cell in cells]


def test_only_the_cells_that_need_it_are_changed_and_the_original_stays() -> None:
    cells = series(["a", "b", None, "c"])

    changed = amend(cells, cells == "b", lambda some: some + "!")

    assert changed.to_list() == ["a", "b!", None, "c"]
    assert cells.to_list() == ["a", "b", None, "c"]
