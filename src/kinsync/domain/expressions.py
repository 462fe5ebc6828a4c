"""Expressions of a mapping: SQL over the columns of one row, and nothing else.

The engine's SQL knows far more: sub-queries that open files while they are read, aggregates and
windows that look at other rows, functions whose result has no bounds. So the text is looked at
before the engine sees it, and what the engine makes of it is walked node by node: only what is
listed here may stand in it, and the longest text that it can give is known beforehand.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

LONGEST_TEXT = 2_000
"""Characters of an expression."""
LONGEST_CELL = 1_000
"""Characters of a cell that an expression sees, and of the text that it gives."""
ROWS_AT_ONCE = 10_000
LONGEST_RESULT = 20_000
"""Characters of the longest text that an expression may come to, at any step."""

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_BEYOND = ("select", "from", "with", "values", "table", "unnest", "over", "exists", "columns")
_SIGNS = ("--", "/*", ";", "$", "`", "[", "]", "{", "}", "'", '"', "->", "::")
"""What would begin a sub-query, a comment or another way to quote, outside of quotation marks."""

_COMPARED = {"Eq", "NotEq", "Lt", "LtEq", "Gt", "GtEq", "And", "Or", "EqValidity", "NotEqValidity"}
_COUNTED = {"Minus", "Multiply"}
_TRUTHS = {"IsNull", "IsNotNull", "Not", "IsIn"}
_TEXT_TESTS = {"StartsWith", "EndsWith", "Contains"}
_SAME_LENGTH = {"StripChars", "StripCharsStart", "StripCharsEnd", "Slice", "Reverse"}
_CASES = {"Uppercase", "Lowercase", "Titlecase", "Normalize"}
_LONGER_CASE = 3  # ß is SS in capitals, and some ligatures are three letters
_ONE_OF = {"Coalesce", "FillNull", "MaxHorizontal", "MinHorizontal"}
_LITERALS = {"String", "Boolean", "Null", "Int", "UInt32", "Float", "Decimal", "Int64", "Int32"}
_NUMBER_LENGTH = 40
_SAMPLE = ("", "1", "x", "Ana, B")

CAN_DO = (
    "CASE, COALESCE, NULLIF, IN, LIKE, BETWEEN, AND, OR, NOT, ||, CONCAT, CONCAT_WS, UPPER, LOWER, "
    "INITCAP, TRIM, LEFT, RIGHT, SUBSTR, SPLIT_PART, REPLACE, REGEXP_LIKE, REGEXP_REPLACE, STRPOS, "
    "LENGTH, LPAD, RPAD, STARTS_WITH, ENDS_WITH, TRY_CAST, GREATEST, LEAST, OUR_TYPE, "
    "OUR_RELATIONSHIP, OUR_PHONE_TYPE, OUR_FLAG"
)
"""What an expression may use, for messages and pages."""


_OUR = re.compile(
    rf"({_QUOTED.pattern})|\bOUR_(\w+)\s*\(\s*(\"(?:[^\"]|\"\")*\"|\w+)\s*\)", re.IGNORECASE
)
"""``OUR_TYPE("Relation")``: what the vocabulary makes of a column; between quotation marks none."""
_LISTS = ("type", "relationship", "phone_type", "flag")


class Unusable(Exception):
    """Why an expression cannot stand in a mapping; the text goes on after 'the expression'."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. ``columns`` are those that it names, as it spells them.

    ``words`` has each column that it wants in our words: its name in the cells → list and column.
    """

    text: str
    columns: tuple[str, ...]
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)

    @staticmethod
    def checked(text: str, *, is_condition: bool = False) -> "Expression":
        """The expression, if it reaches nothing but its row and ends.

        Raises:
            Unusable: it could do more, or is no expression.
        """
        _look_at(text)
        statement, words = _in_our_words(text)
        try:
            expression = pl.sql_expr(statement)
            tree = json.loads(expression.meta.serialize(format="json"))
            _longest(tree)
            named = expression.meta.root_names()
        except RecursionError as error:
            raise Unusable("is nested too deeply") from error
        except (pl.exceptions.PolarsError, ValueError) as error:
            raise Unusable(f"cannot be read: {_first_line(error)}") from error
        if not named:
            raise Unusable("names no column; for one text in every row use 'constant'")
        _try(expression, list(dict.fromkeys(named)), is_condition=is_condition)
        columns = dict.fromkeys(words[name][1] if name in words else name for name in named)
        return Expression(text, tuple(columns), words)

    def over(self, cells: pl.DataFrame) -> pl.Series:
        """Its value in each row of ``cells``: text, or true and false.

        They hold ``columns``, and ``words`` as the vocabulary has them, blank where it does not.
        Blank cells are to be empty text, and no longer than ``LONGEST_CELL``; no text that it gives
        is longer. Few rows are looked at at once, so that what grows in between stays small.
        """
        value = pl.sql_expr(_in_our_words(self.text)[0]).alias("value")
        starts = range(0, max(cells.height, 1), ROWS_AT_ONCE)
        return pl.concat(
            [_cut(cells.slice(n, ROWS_AT_ONCE).select(value)["value"]) for n in starts]
        )


def _in_our_words(text: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """The text with a column for each word of ours that it asks for, and what these are."""
    found: dict[str, tuple[str, str]] = {}

    def column(match: re.Match[str]) -> str:
        quoted, words, named = match.groups()
        if quoted:
            return quoted
        if words.lower() not in _LISTS:
            known = ", ".join(f"OUR_{one.upper()}" for one in _LISTS)
            raise Unusable(f"uses OUR_{words}; there are {known}")
        meant = named[1:-1].replace('""', '"') if named.startswith('"') else named
        name = f"our {words.lower()} for {meant}"
        found[name] = (words.lower(), meant)
        return '"' + name.replace('"', '""') + '"'

    return _OUR.sub(column, text), found


def _cut(value: pl.Series) -> pl.Series:
    return value if value.dtype == pl.Boolean else value.cast(pl.String).str.head(LONGEST_CELL)


def cell(column: pl.Expr) -> pl.Expr:
    """A column as an expression sees it: trimmed, blank as empty text, cut where it is endless."""
    return column.fill_null("").str.strip_chars().str.head(LONGEST_CELL)


def _look_at(text: str) -> None:
    """Stop what must not even be parsed: parsing a sub-query opens its files."""
    if len(text) > LONGEST_TEXT:
        raise Unusable(f"has {len(text):,} characters; at most {LONGEST_TEXT:,} are read")
    bare = _QUOTED.sub(" ", text)
    for sign in _SIGNS:
        if sign in bare:
            raise Unusable(f"holds {sign} outside of quotation marks")
    words = {word.lower() for word in re.findall(r"\w+", bare)}
    for word in _BEYOND:
        if word in words:
            raise Unusable(f"uses {word.upper()}; an expression sees one row and nothing else")
    if "." in re.sub(r"\b\d+\.\d+\b", "", bare):
        raise Unusable('holds a bare dot; put a column with a dot in double quotes: "a.b"')


def _try(expression: pl.Expr, columns: Sequence[str], *, is_condition: bool) -> None:
    """Run it once over invented cells: what fits no type or pattern shows here."""
    sample = pl.DataFrame({column: list(_SAMPLE) for column in columns})
    try:
        value = sample.select(expression.alias("value"))["value"]
    except pl.exceptions.PolarsError as error:
        raise Unusable(f"cannot be computed: {_first_line(error)}") from error
    if value.len() != len(_SAMPLE):
        raise Unusable("does not give one value for each row")
    if is_condition and value.dtype != pl.Boolean:
        raise Unusable("is neither true nor false; compare something, as in \"Type\" = 'Self'")
    if value.dtype.is_nested():
        raise Unusable("gives a list; a field holds one text")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]


# -- the longest text that a node can come to ----------------------------------------------------


def _longest(node: Any) -> int:
    """The most characters that a node of the engine's tree can give.

    Raises:
        Unusable: the node is none that may stand in an expression, or could grow too long.
    """
    if not isinstance(node, dict) or len(node) != 1:
        raise Unusable("counts rows; an expression sees one row and nothing else")
    (kind, inside), *_ = node.items()
    walk = _NODES.get(kind)
    if walk is None:
        raise Unusable(f"looks beyond its row ({kind}); it may use {CAN_DO}")
    length = walk(inside)
    if length > LONGEST_RESULT:
        raise Unusable(
            f"could grow to {length:,} characters; at most {LONGEST_RESULT:,} are allowed"
        )
    return length


def _of_literal(inside: dict[str, Any]) -> int:
    (_, value), *_ = inside.items()
    if not isinstance(value, dict):
        raise Unusable("holds a list outside of IN")
    (kind, what), *_ = value.items()
    if kind not in _LITERALS:
        raise Unusable(f"holds a {kind.lower()}, which changes or cannot be compared with text")
    return len(what) if kind == "String" else _NUMBER_LENGTH


def _of_binary(inside: dict[str, Any]) -> int:
    left, right = _longest(inside["left"]), _longest(inside["right"])
    if inside["op"] == "Plus":
        return left + right
    if inside["op"] in _COMPARED | _COUNTED:
        return _NUMBER_LENGTH
    raise Unusable(f"computes {inside['op']}; it may use {CAN_DO}")


def _of_cast(inside: dict[str, Any]) -> int:
    length = _longest(inside["expr"])
    if inside["options"] != "NonStrict" and not _is_truth(inside["expr"]):
        raise Unusable("uses CAST, which stops at what does not fit; use TRY_CAST")
    return max(length, _NUMBER_LENGTH)


def _is_truth(node: dict[str, Any]) -> bool:
    (kind, inside), *_ = node.items()
    if kind == "BinaryExpr":
        return inside["op"] in _COMPARED
    if kind != "Function":
        return False
    family, name, _ = _named(inside["function"])
    return family == "Boolean" or name in {*_TEXT_TESTS, "IsIn"}


def _of_ternary(inside: dict[str, Any]) -> int:
    return max(_longest(inside[part]) for part in ("predicate", "truthy", "falsy"))


def _of_function(inside: dict[str, Any]) -> int:
    family, name, options = _named(inside["function"])
    given = inside["input"]
    if name == "IsIn" and "Literal" in given[1]:
        return _longest(given[0])
    if family == "ListExpr" and name == "Get":
        return _of_split(given)
    lengths = [_longest(one) for one in given]
    if family == "StringExpr" and name in _BY_NAME:
        return _BY_NAME[name](given, lengths, options)
    if (family == "" and name in _ONE_OF) or (family == "Boolean" and name in _TRUTHS):
        return max(lengths)
    raise Unusable(f"uses {name}, which is not known here; it may use {CAN_DO}")


def _named(function: Any) -> tuple[str, str, Any]:
    """Family, name and options of a function."""
    if isinstance(function, str):
        return "", function, None
    (family, inside), *_ = function.items()
    if isinstance(inside, dict) and len(inside) == 1:
        (name, options), *_ = inside.items()
        return family, name, options
    return family, inside if isinstance(inside, str) else family, inside


def _of_split(given: Sequence[Any]) -> int:
    """``SPLIT_PART``: an element of the parts of a text, and nothing else that gives a list."""
    (kind, inside), *_ = given[0].items()
    if kind != "Function" or _named(inside["function"])[:2] != ("StringExpr", "Split"):
        raise Unusable(f"takes a list apart; it may use {CAN_DO}")
    _longest(given[1])
    _text(inside["input"][1], "separator")
    return _longest(inside["input"][0])


Lengths = Sequence[int]


def _same(given: Sequence[Any], lengths: Lengths, options: Any) -> int:
    return lengths[0]


def _in_case(given: Sequence[Any], lengths: Lengths, options: Any) -> int:
    return lengths[0] * _LONGER_CASE


def _tested(given: Sequence[Any], lengths: Lengths, options: Any) -> int:
    if isinstance(options, dict) and not options.get("literal"):
        _check_pattern(_text(given[1], "pattern"))
    return _NUMBER_LENGTH


def _put_together(given: Sequence[Any], lengths: Lengths, options: Any) -> int:
    return sum(lengths) + len(options["delimiter"]) * len(lengths)


def _padded(given: Sequence[Any], lengths: Lengths, options: Any) -> int:
    (kind, value), *_ = given[1].items()
    width = value.get("Dyn", {}).get("Int") if kind == "Literal" else None
    if width is None:
        raise Unusable("pads to a length that it computes; give the length as a number")
    return max(lengths[0], int(width))


def _replaced(given: Sequence[Any], lengths: Lengths, options: Any) -> int:
    """Every place may be one character long, or none; ``\\1`` (``$`` here) brings it back."""
    pattern, new = _text(given[1], "pattern"), _text(given[2], "replacement")
    if options["literal"]:
        return lengths[0] + (lengths[0] // max(len(pattern), 1) + 1) * len(new)
    _check_pattern(pattern)
    return lengths[0] + (lengths[0] + 1) * len(new) + new.count("$") * lengths[0]


def _check_pattern(pattern: str) -> None:
    """The engine matches in linear time; only counted repetition can make a pattern grow."""
    if "{" in pattern:
        raise Unusable("counts repetitions with {…} in a pattern; write them out")


def _text(node: dict[str, Any], what: str) -> str:
    (kind, value), *_ = node.items()
    text = value.get("Scalar", {}).get("String") if kind == "Literal" else None
    if not isinstance(text, str):
        raise Unusable(f"computes a {what}; give it as a text")
    return text


_NODES: dict[str, Callable[[Any], int]] = {
    "Column": lambda _name: LONGEST_CELL,
    "Literal": _of_literal,
    "BinaryExpr": _of_binary,
    "Cast": _of_cast,
    "Ternary": _of_ternary,
    "Function": _of_function,
}

_BY_NAME: dict[str, Callable[[Sequence[Any], Lengths, Any], int]] = {
    **dict.fromkeys(_SAME_LENGTH, _same),
    **dict.fromkeys(_CASES, _in_case),
    **dict.fromkeys((*_TEXT_TESTS, "Find", "LenChars", "LenBytes"), _tested),
    "ConcatHorizontal": _put_together,
    "PadStart": _padded,
    "PadEnd": _padded,
    "Replace": _replaced,
}
