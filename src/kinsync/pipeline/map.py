"""Map: the source's columns to our fields, still in the source's spelling."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from kinsync.domain.frames import FINDINGS, ROWS
from kinsync.domain.mapping import REQUIRED, REQUIRED_FOR_CONTACTS, Feed
from kinsync.domain.mapping import Mapping as SourceMapping


def header_key(header: str) -> str:
    """How headers are matched: ``Contact_type``, ``contact type`` and ``CONTACTTYPE`` are one."""
    return header.casefold().replace(" ", "").replace("_", "").strip("\ufeff\t")


class Columns:
    """A source's header, matched to a mapping: which column feeds which field.

    ``findings`` name what is missing (with the nearest header) and what is not used.
    """

    def __init__(self, headers: Sequence[str], mapping: SourceMapping, *, file: str) -> None:
        self._by_key = {header_key(header): header for header in reversed(headers)}
        self._feeds = {field: feed for field, feed in mapping.feeds.items() if self._is_there(feed)}
        self.used = tuple(
            dict.fromkeys(
                self._by_key[header_key(column)]
                for feed in self._feeds.values()
                for column in feed.columns
                if header_key(column) in self._by_key
            )
        )
        self.has_contacts = any(field.startswith("contact_") for field in self._feeds)
        self.findings = _findings(
            file,
            [
                *(("column-missing", *place) for place in self._missing(mapping, headers)),
                *(
                    ("column-unknown", header, None)
                    for header in headers
                    if header not in self.used
                ),
            ],
        )

    def header(self, field: str) -> str | None:
        """The header of the first column that feeds ``field``, for the place of a finding."""
        feed = self._feeds.get(field)
        if feed is None or not feed.columns:
            return None
        present = (self._by_key.get(header_key(column)) for column in feed.columns)
        return next((header for header in present if header), feed.columns[0])

    def rows(self, table: pl.DataFrame) -> pl.DataFrame:
        """The source table as contact rows (``frames.ROWS``); null where nothing feeds a field."""
        fields = [
            self._value(self._feeds[field]).alias(field)
            if field in self._feeds
            else pl.lit(None, pl.String).alias(field)
            for field in ROWS
            if field != "row"
        ]
        return table.select(pl.col("row").cast(pl.UInt32), *fields)

    def _is_there(self, feed: Feed) -> bool:
        return feed.form == "constant" or any(
            header_key(column) in self._by_key for column in feed.columns
        )

    def _value(self, feed: Feed) -> pl.Expr:
        if feed.form == "constant":
            return pl.lit(feed.constant, pl.String)
        present = [
            pl.col(self._by_key[header_key(column)])
            for column in feed.columns
            if header_key(column) in self._by_key
        ]
        value = _combined(feed.form, present)
        if feed.turn:
            value = value.str.replace(r"^\s*([^,]+?)\s*,\s*([^,]+?)\s*$", "$2 $1")
        return value if feed.default is None else _blank_as_null(value).fill_null(feed.default)

    def _missing(
        self, mapping: SourceMapping, headers: Sequence[str]
    ) -> Iterable[tuple[str, str | None]]:
        """Each required column that is missing, with the nearest header that is not used."""
        spare = [header for header in headers if header not in self.used]
        for feed in mapping.feeds.values():
            is_required = feed.required == REQUIRED or (
                feed.required == REQUIRED_FOR_CONTACTS and self.has_contacts
            )
            if is_required and not self._is_there(feed):
                yield feed.columns[0], _nearest(feed.columns[0], spare)


def _combined(form: str, columns: Sequence[pl.Expr]) -> pl.Expr:
    if len(columns) == 1:
        return columns[0]
    if form == "first":
        return pl.coalesce(map(_blank_as_null, columns))
    return pl.concat_str(map(_blank_as_null, columns), separator=" ", ignore_nulls=True)


def _blank_as_null(value: pl.Expr) -> pl.Expr:
    trimmed = value.str.strip_chars()
    return pl.when(trimmed != "").then(trimmed)


def _nearest(wanted: str, headers: Sequence[str]) -> str | None:
    """The header that most likely means ``wanted``, or None where none comes near."""
    keys: Mapping[str, str] = {header_key(header): header for header in headers}
    near = difflib.get_close_matches(header_key(wanted), keys, n=1, cutoff=0.7)
    return keys[near[0]] if near else None


def _findings(file: str, places: Sequence[tuple[str, str, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"file": file, "row": 1, "column": column, "code": code, "value": value}
            for code, column, value in places
        ],
        schema=FINDINGS,
    )
