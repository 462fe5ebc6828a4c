"""One id under several names: a spelling to mend, or two people."""

import polars as pl
import pytest
from tests.pipeline.tables import WORDS, kept

from kinsync.pipeline.evidence import keys_of
from kinsync.pipeline.sis_ids import judge_sis_ids, rows_to_judge


def judged(*names: str, sis_id: str = "C1") -> list[tuple[int, str]]:
    """Verdicts on rows of that one id under these names, the first in row 2."""
    rows = kept(*({"name": name, "sis_id": sis_id} for name in names))
    doubtful = rows.filter(pl.col("row").is_in(rows_to_judge(keys_of(rows, WORDS)).implode()))
    return list(judge_sis_ids(doubtful, WORDS.nicknames).iter_rows())


@pytest.mark.parametrize(
    "names",
    [
        ("Ana Ruiz", "RUIZ, ANA", "Mrs. Ana Ruíz"),
        ("Ana Ruiz", "Mom"),
        ("Mom", "Dad"),
        ("Ana Ruiz",),
    ],
)
def test_one_name_however_it_is_spelled_is_no_matter(names: tuple[str, ...]) -> None:
    assert judged(*names) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Philippa Rae Stonehurst", "Philippa Stonehurst"),
        ("Robert Smith", "Bob Smith"),
        ("Bill Jones", "William Jones"),
        ("Francisco Díaz", "Paco Diaz"),
        ("Kathryn Smith", "Katherine Smith"),
        ("J Smith", "John Smith"),
        ("Jon Smith", "John Smith"),
        ("Ana Ruiz", "Ana Marlowe"),
        ("Ana Ruiz", "Ana Ruiz de Marlowe"),
        ("Nguyễn Thị Hoa", "Hoa Nguyen Thi"),
        ("John Smith", "John Smith Jr."),
    ],
)
def test_related_names_are_one_person_and_said_to_differ(one: str, other: str) -> None:
    assert [code for _, code in judged(one, one, other)] == ["sis-id-names-differ"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hilda Brackenbury", "Tomasz Wierzbicki"),
        ("John Smith", "Mary Smith"),
        ("John Smith Jr.", "John Smith Sr."),
        ("Ana Ruiz", "Bo Ruiz"),
        ("Иван Петров", "Мария Петрова"),
        ("王小明", "李小红"),
        ("J Smith", "Mary Jones"),
    ],
)
def test_unrelated_names_are_two_people_and_every_row_is_held(one: str, other: str) -> None:
    assert judged(one, other, one) == [(row, "sis-id-reused") for row in (2, 3, 4)]


def test_one_stranger_among_several_spellings_holds_them_all() -> None:
    assert {code for _, code in judged("Ana Ruiz", "Ana M Ruiz", "Zoltan Nagy")} == {
        "sis-id-reused"
    }


def test_the_order_of_rows_decides_nothing() -> None:
    names = ["Ana Ruiz", "Ana Marlowe", "Anna Ruiz", "Ana Ruiz"]
    one, other = judged(*names), judged(*reversed(names))

    assert sorted(code for _, code in one) == sorted(code for _, code in other)
    assert {names[row - 2] for row, _ in one} == {names[::-1][row - 2] for row, _ in other}


def test_ids_do_not_mix() -> None:
    rows = kept(
        {"name": "Ana Ruiz", "sis_id": "C1"},
        {"name": "Bo Ek", "sis_id": "C2"},
        {"name": "Cy Lund", "sis_id": ""},
    )

    assert rows_to_judge(keys_of(rows, WORDS)).is_empty()
