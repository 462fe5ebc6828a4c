"""How a file is written: what the person who sets up an export can choose, or get wrong."""

from collections.abc import Collection
from dataclasses import dataclass
from io import BytesIO

import polars as pl

LAYOUTS = {
    "tab": "tabs between fields",
    "semicolon": "semicolons between fields",
    "all-quoted": "quotation marks around every field",
    "no-header": "no header",
    "fixed-width": "fields of fixed widths, and nothing between them",
    "reordered": "columns in another order",
    "renamed": "columns that the district calls otherwise",
    "bom": "a byte-order mark",
    "cp1252": "Windows-1252",
    "utf-16": "UTF-16",
    "crlf": "lines that end in CR LF",
    "header-only": "a header, and nothing behind it: the export after the year's change",
    "half-written": "a file of which the second half is still to come",
    "empty": "a file of no bytes",
}
"""Quirks that any export may have, and what each writes."""

_DELIMITERS = {"tab": "\t", "semicolon": ";"}
_ENCODINGS = {"cp1252": "cp1252", "utf-16": "utf-16", "bom": "utf-8-sig"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What has to be told to whoever reads the file: names and widths of its columns."""

    columns: tuple[str, ...]
    widths: tuple[int, ...]

    @staticmethod
    def of(table: pl.DataFrame, quirks: Collection[str]) -> "Layout":
        """The layout of a table under these quirks."""
        names = tuple(reversed(table.columns) if "reordered" in quirks else table.columns)
        cells = table.select(pl.col(names).cast(pl.String))
        longest = cells.select(pl.all().str.len_chars().max().fill_null(0)).row(0)
        return Layout(
            names, tuple(1 + max(len(name), n) for name, n in zip(names, longest, strict=True))
        )


def laid_out(table: pl.DataFrame, layout: Layout, quirks: Collection[str]) -> bytes:
    """The bytes of the file."""
    if "empty" in quirks:
        return b""
    shown = table.select(layout.columns).cast(pl.String)
    shown = shown.clear() if "header-only" in quirks else shown
    has_header = "no-header" not in quirks
    if "fixed-width" in quirks:
        text = _of_fixed_widths(shown, layout, has_header=has_header)
    else:
        text = _delimited(shown, quirks, has_header=has_header)
    if "half-written" in quirks:
        text = text[: len(text) // 2].rstrip("\n")
    if "crlf" in quirks:
        text = text.replace("\n", "\r\n")
    encoding = next((_ENCODINGS[name] for name in quirks if name in _ENCODINGS), "utf-8")
    return text.encode(encoding, errors="replace" if encoding == "cp1252" else "strict")


def _delimited(table: pl.DataFrame, quirks: Collection[str], *, has_header: bool) -> str:
    out = BytesIO()
    table.write_csv(
        out,
        include_header=has_header,
        separator=next((_DELIMITERS[name] for name in quirks if name in _DELIMITERS), ","),
        quote_style="always" if "all-quoted" in quirks else "necessary",
    )
    return out.getvalue().decode()


def _of_fixed_widths(table: pl.DataFrame, layout: Layout, *, has_header: bool) -> str:
    lines = [layout.columns] if has_header else []
    padded = [
        "".join(cell.ljust(width) for cell, width in zip(row, layout.widths, strict=True))
        for row in [*lines, *table.iter_rows()]
    ]
    return "".join(f"{line.rstrip()}\n" for line in padded)
