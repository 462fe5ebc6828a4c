"""An expression reaches its row and nothing else, and ends."""

from pathlib import Path

import polars as pl
import pytest

from kinsync.domain.expressions import LONGEST_CELL, LONGEST_RESULT, Expression, Unusable, cell


def refusal(text: str, *, is_condition: bool = False) -> str:
    with pytest.raises(Unusable) as refused:
        Expression.checked(text, is_condition=is_condition)
    return str(refused.value)


def value(text: str, **cells: str) -> object:
    """What an expression gives for one row."""
    table = pl.DataFrame({column: [text] for column, text in cells.items()})
    return Expression.checked(text).over(table.select(cell(pl.all()))).item()


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("a || ' ' || b", "Ana, Bo 1"),
        ("CONCAT_WS('/', b, a)", "1/Ana, Bo"),
        ("CASE WHEN b = '1' THEN 'yes' ELSE a END", "yes"),
        ("CASE b WHEN '2' THEN 'two' END", None),
        ("COALESCE(NULLIF(b, '1'), a)", "Ana, Bo"),
        ("TRIM(SPLIT_PART(a, ',', 2)) || ' ' || SPLIT_PART(a, ',', 1)", "Bo Ana"),
        ("UPPER(LEFT(a, 3)) || RIGHT(a, 2)", "ANABo"),
        ("REPLACE(a, ', ', '-')", "Ana-Bo"),
        ("REGEXP_REPLACE(a, '^(\\w+), (\\w+)$', '\\2 \\1')", "Bo Ana"),
        ("SUBSTR(a, STRPOS(a, ',') + 2)", "Bo"),
        ("LPAD(b, 3, '0')", "001"),
        ("IF(TRY_CAST(b AS INT) > 0, 'more', 'none')", "more"),
        ("IF(a LIKE '%Bo' AND NOT b IN ('2', '3'), 'both', '')", "both"),
        ("'it''s ' || b || ' -- select'", "it's 1 -- select"),
        ('"a" || "b"', "Ana, Bo1"),
    ],
)
def test_a_row_is_looked_at(text: str, given: str | None) -> None:
    assert value(text, a="Ana, Bo", b="1") == given


def test_a_column_with_a_dot_stands_in_double_quotes() -> None:
    assert Expression.checked("\"contacts.seq\" || ''").columns == ("contacts.seq",)
    assert "double quotes" in refusal("contacts.seq = '1'")


def test_a_column_in_our_words_is_a_column_of_its_own() -> None:
    text = (
        "CASE WHEN OUR_TYPE(\"CON.RL\") = 'Family' AND our_flag(red) = 'Y' THEN 'OUR_TYPE(x)' END"
    )
    found = Expression.checked(text)

    assert found.columns == ("CON.RL", "red")
    assert sorted(found.words.values()) == [("flag", "red"), ("type", "CON.RL")]
    cells = {
        name: ["Family" if words == "type" else "Y"] for name, (words, _) in found.words.items()
    }
    assert found.over(pl.DataFrame(cells)).item() == "OUR_TYPE(x)"
    assert Expression.checked("\"OUR_TYPE(x)\" || 'a'").columns == ("OUR_TYPE(x)",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("OUR_COLOUR(a) = 'red'", "there are OUR_TYPE"),
        ("OUR_TYPE(UPPER(a)) = 'Family'", "cannot be read"),
        ("OUR_TYPE('a') = 'Family'", "cannot be read"),
    ],
)
def test_our_words_are_those_of_a_list_for_one_column(text: str, words: str) -> None:
    assert words in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "(SELECT MAX(a) FROM self)",
        "a IN (SELECT a FROM students)",
        "a = ANY(SELECT 'x')",
        "EXISTS (SELECT 1)",
        "(WITH x AS (SELECT 1) SELECT * FROM x)",
        "a || (sElEcT 'x')",
        "a || (/**/SELECT 'x')",
        "(VALUES ('x'))",
        "UNNEST(a)",
        "read_csv('x')",
        "COLUMNS('.*')",
        "$$x$$ || a",
    ],
)
def test_nothing_but_the_row_can_be_reached(text: str) -> None:
    assert refusal(text)


def test_a_file_that_a_sub_query_names_is_not_even_opened(tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("secret\n1\n", "utf-8")
    query = f"(SELECT secret FROM read_csv('{file}'))"
    engine = pl.sql_expr(query)  # the engine itself opens it while it reads the text

    assert "secret" in engine.meta.serialize(format="json")
    assert "SELECT" in refusal(f"a || {query}")
    assert refusal(f"a || '\" {query[1:-1]} \"'' || {query} || ''")


@pytest.mark.parametrize(
    "text",
    ["SUM(a)", "COUNT(*)", "COUNT(a)", "FIRST(a)", "MAX(a)", "ARRAY_AGG(a)", "STDDEV(a)",
     "a || MIN(a)", "ROW_NUMBER() OVER (ORDER BY a)", "LAG(a) OVER (ORDER BY a)"],
)  # fmt: skip
def test_no_other_row_can_be_seen(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "REPEAT(a, 1000000)",
        "LPAD(a, 1000000)",
        "LPAD(a, TRY_CAST(b AS INT))",
        "REPLACE(REPLACE(REPLACE(a, '', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa')",
        "REPLACE(a, b, a)",
        "REGEXP_REPLACE(a, '.', '" + r"\&" * 22 + "', 'g')",
        "||".join(["a"] * 30),
        "||".join(["a"] * 500),
        "REGEXP_LIKE(a, '(x{1000}){1000}')",
        "REGEXP_LIKE(a, b)",
        "UPPER(" * 50 + "a" + ")" * 50,
        "(" * 900 + "a" + ")" * 900,
        "a || '" + "x" * 2_000 + "'",
    ],
)
def test_nothing_grows_without_bounds_or_runs_for_ever(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize("pattern", ["(x+)+y", "(x|x)*y", "(x*)*(x*)*y", "(.*)(.*)(.*)(.*)y"])
def test_patterns_that_explode_elsewhere_end_here(pattern: str) -> None:
    assert value(f"REGEXP_LIKE(a, '^{pattern}$')", a="x" * 100_000) is False


def test_what_grows_is_cut_however_long_the_cell_is() -> None:
    longest = "||".join(["a"] * (LONGEST_RESULT // LONGEST_CELL))

    assert value(longest, a="x" * 1_000_000) == "x" * LONGEST_CELL
    assert value(f"LENGTH({longest})", a="x" * 1_000_000) == str(LONGEST_RESULT)


def test_many_rows_are_looked_at_a_few_at_once() -> None:
    cells = pl.DataFrame({"a": [str(n) for n in range(25_000)]})
    found = Expression.checked("a || '!'").over(cells)

    assert found.len() == 25_000
    assert (found[0], found[9_999], found[-1]) == ("0!", "9999!", "24999!")
    assert Expression.checked("a || '!'").over(cells.clear()).len() == 0


@pytest.mark.parametrize("text", ["NOW() || a", "CURRENT_DATE || a", "RANDOM() || a"])
def test_the_same_row_gives_the_same_value_tomorrow(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize("text", ["CAST(a AS INT)", "a::int", "DATE(a)", "STRPTIME(a, '%Y')"])
def test_nothing_can_fail_in_a_row(text: str) -> None:
    assert refusal(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a +", "cannot be read"),
        ("a AND b", "cannot be computed"),
        ("REGEXP_LIKE(a, '(')", "cannot be computed"),
        ("'x'", "names no column"),
        ("SPLIT(a, ',')", "cannot be read"),
        ("STRING_TO_ARRAY(a, ',')", "Split"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    assert said in refusal(text)


def test_a_condition_is_true_or_false() -> None:
    assert "neither true nor false" in refusal("a || b", is_condition=True)
    assert Expression.checked("a <> 'Self'", is_condition=True).columns == ("a",)
