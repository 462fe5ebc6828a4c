"""Comparable names: which spellings are one name, and which are two."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import laws, series

from kinsync.pipeline.names import comparable, given_name
from kinsync.pipeline.text import tidy


def keys(*names: str | None) -> list[tuple[str | None, str | None]]:
    return list(comparable(tidy(series(names))).iter_rows())


@pytest.mark.parametrize(
    "spelling",
    [
        "Maria Garcia",
        "María García",
        "MARIA GARCIA",
        "  maria   garcia ",
        "Garcia, Maria",
        "GARCÍA,MARIA",
        "Garcia , Maria",
        "Mrs. Maria Garcia",
        "Sra Maria Garcia",
        "Dr Maria Garcia",
        "Garcia, Dr. Maria",
        "Maria Garcia, PhD",
        "Maria Garcia M.D.",
        "Maria-Garcia",
        "Mari\u0301a Garci\u0301a",
        "Maria\u00a0Garcia",
        "\u202aMaria Garcia\u202c",
        "Ｍａｒｉａ　Ｇａｒｃｉａ",
    ],
)
def test_spelling_order_and_titles_make_no_other_name(spelling: str) -> None:
    assert keys(spelling) == [("maria garcia", None)]


@pytest.mark.parametrize("mark", "'’‘`´ʻʼ＇")
def test_an_apostrophe_of_whatever_kind_parts_no_name(mark: str) -> None:
    assert keys(f"Sean O{mark}Brien") == keys("O'Brien, Sean") == [("sean obrien", None)]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("John Smith Jr.", "jr"),
        ("John Smith, Jr", "jr"),
        ("Smith Jr., John", "jr"),
        ("Smith, Jr., John", "jr"),
        ("Smith, John, Jr.", "jr"),
        ("Dr. John Smith, Jr., MD", "jr"),
        ("JOHN SMITH JUNIOR", "jr"),
        ("John Smith Sr", "sr"),
        ("John Smith Senior", "sr"),
        ("John Smith II", "ii"),
        ("John Smith 2nd", "ii"),
        ("John Smith III", "iii"),
        ("John Smith 3rd", "iii"),
        ("John Smith IV", "iv"),
    ],
)
def test_a_generation_stands_apart_from_the_name(name: str, suffix: str) -> None:
    assert keys(name) == [("john smith", suffix)]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Senior, John", "john senior"),
        ("Sr. Juan Perez", "juan perez"),
        ("Mr. Smith", "mr smith"),
        ("Mrs. Smith", "mrs smith"),
        ("Mr. & Mrs. Smith", "mr mrs smith"),
        ("Иванов, Иван", "иван иванов"),
        ("王小明", "王小明"),
        ("Nguyễn Thị Minh Khai", "nguyen thi minh khai"),
        ("محمد علي", "محمد علي"),
        ("Smith, Anna, Marie", "smith anna marie"),
        ("राम शर्मा", "राम शर्मा"),
    ],
)
def test_what_only_looks_like_a_title_or_order_is_part_of_the_name(name: str, key: str) -> None:
    assert keys(name) == [(key, None)]


@pytest.mark.parametrize("name", ["-", "???", "...", None, "\u200b"])
def test_punctuation_alone_is_no_name(name: str | None) -> None:
    assert keys(name) == [(None, None)]


def test_the_given_name_is_the_first_word() -> None:
    frame = comparable(series(["Garcia Lopez, Ana Maria", "Cher", None]))

    assert frame.select(given_name(pl.col("name_key"))).to_series().to_list() == [
        "ana", "cher", None,
    ]  # fmt: skip


@laws
@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cn", "Co"]), max_size=15))
)
def test_how_names_stand_together_decides_nothing(names: list[str]) -> None:
    """Cells are amended where they need it: no cell may depend on its neighbours."""
    alone = [keys(name)[0] for name in names]

    assert keys(*names) == alone
