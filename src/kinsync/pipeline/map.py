"""Map: the source's columns to our fields, still in the source's spelling."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import polars as pl

from kinsync.domain.expressions import Expression, cell
from kinsync.domain.frames import CONTACT_FIELDS, FINDINGS, PART_STEP, ROWS
from kinsync.domain.mapping import (
    MANY_FIELDS,
    MOST_OF_MANY,
    REQUIRED,
    REQUIRED_FOR_CONTACTS,
    Feed,
    Feeds,
    columns_of,
)
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.domain.vocabulary import Vocabulary, default_vocabulary
from kinsync.pipeline.words import our_words


def header_key(header: str) -> str:
    """How headers are matched: ``Contact_type``, ``contact type`` and ``CONTACTTYPE`` are one."""
    return header.casefold().replace(" ", "").replace("_", "").strip("\ufeff\t")


class Columns:
    """A source's header, matched to a mapping: which column feeds which field.

    ``findings`` name what is missing (with the nearest header) and what is not used. A row may
    have several contacts: ``slots`` counts them, and what is asked is asked of one of them.
    """

    def __init__(self, headers: Sequence[str], mapping: SourceMapping, *, file: str) -> None:
        self._mapping = mapping
        self._by_key = {header_key(header): header for header in reversed(headers)}
        self.slots = mapping.contacts_per_row
        self._feeds = [self._there(mapping.feeds_of(slot)) for slot in range(self.slots)]
        self.used = tuple(
            dict.fromkeys(
                self._by_key[header_key(column)]
                for column in mapping.columns
                if header_key(column) in self._by_key
            )
        )
        self.has_contacts = any(
            name in CONTACT_FIELDS and any(columns_of(feed))
            for feeds in self._feeds
            for name, feed in feeds.items()
        )
        self.findings = _findings(
            file,
            [
                *(("column-missing", *place) for place in self._missing(headers)),
                *(
                    ("column-unknown", header, None)
                    for header in headers
                    if header not in self.used
                ),
            ],
        )

    def header(self, field: str, slot: int = 0) -> str | None:
        """The header of the column that feeds ``field``, for the place of a finding.

        Of several columns it is the first; of a list of many values, all of them.
        """
        feed = self._feeds[slot].get(field)
        if feed is None or not any(columns_of(feed)):
            return None
        named = list(columns_of(feed))
        present = dict.fromkeys(found for column in named if (found := self._found(column)))
        if feed.many:
            return ", ".join(present) or named[0]
        return next(iter(present), named[0])

    # -- rows ----------------------------------------------------------------------------------

    def chosen(self, table: pl.DataFrame) -> pl.DataFrame:
        """The rows of a source table that are read at all; the others are excluded."""
        is_chosen = self._holds(self._mapping.where, table)
        return table if is_chosen is None else table.filter(is_chosen)

    def left_out(self, table: pl.DataFrame) -> pl.Series:
        """The rows (``row``) of a source table of which only the student is read."""
        holds = self._holds(self._mapping.contact_where, table)
        rows = table["row"].cast(pl.UInt32)
        return rows.clear() if holds is None else rows.filter(~holds)

    def rows(self, table: pl.DataFrame, slot: int = 0) -> pl.DataFrame:
        """The source table as contact rows (``frames.ROWS``); null where nothing feeds a field.

        Each row has one contact of this slot, and further parts where that has many phones or
        addresses; a row in which nothing but constants and defaults would speak of it has none.
        """
        feeds = self._feeds[slot]
        table = self._with_expressions(table, feeds)
        plain = {
            name: self._value(feeds[name]) if name in feeds else _NOTHING
            for name in ROWS
            if name not in ("row", "part") and not (name in feeds and feeds[name].many)
        }
        many = {name: feeds[name] for name in MANY_FIELDS if name in feeds and feeds[name].many}
        table = table.with_columns(self._lists(many))
        values = {**plain, **self._of_part(many, 0)}
        if self._needs_silence(feeds):
            values = self._silenced(values, feeds)
        parts = [_as_rows(table, values, part=0)]
        sizes = [pl.col(_list_of(lead)).list.len() for lead in _LEADS if lead in many]
        while sizes and (table := table.filter(pl.max_horizontal(sizes) > len(parts))).height:
            told = {**values, **self._of_part(many, len(parts))}
            parts.append(_as_rows(table, told, part=len(parts)))
        return pl.concat(parts) if len(parts) > 1 else parts[0]

    def _lists(self, many: Mapping[str, Feed]) -> list[pl.Expr]:
        """Per field with many values a list of those that are filled: ``value`` and its ``type``.

        Values move up where one before them is blank, and a phone takes its type along.
        """
        types = many.get("contact_phone_type")
        theirs = [self._value(one) for one in types.many] if types else []
        lists = []
        for lead in _LEADS:
            if lead not in many:
                continue
            values = [_blank_as_null(self._value(one)) for one in many[lead].many]
            told = theirs if lead == "contact_phone" else []
            told = told + [_NOTHING] * (len(values) - len(told))
            pairs = [
                pl.when(value.is_not_null()).then(pl.struct(value=value, type=type_))
                for value, type_ in zip(values, told, strict=False)
            ]
            filled = pl.concat_list(pairs).list.drop_nulls().list.head(MOST_OF_MANY)
            lists.append(filled.alias(_list_of(lead)))
        return lists

    def _of_part(self, many: Mapping[str, Feed], part: int) -> dict[str, pl.Expr]:
        """The values of a part. One phone or mailbox alone is told in the first."""
        values = {} if part == 0 else {"contact_phone": _NOTHING, "contact_email": _NOTHING}
        for lead in _LEADS:
            if lead in many:
                values[lead] = _piece(lead, part, "value")
        if types := many.get("contact_phone_type"):
            is_alone = "contact_phone" not in many
            first = self._value(types.many[0]) if part == 0 else _NOTHING
            values["contact_phone_type"] = (
                first if is_alone else _piece("contact_phone", part, "type")
            )
        return values

    def _needs_silence(self, feeds: Feeds) -> bool:
        """Whether something would be said about a contact of which the row says nothing."""
        return any(
            feed.default is not None or not feed.makes_contact(name)
            for name, feed in feeds.items()
            if name in CONTACT_FIELDS
        )

    def _silenced(self, values: dict[str, pl.Expr], feeds: Feeds) -> dict[str, pl.Expr]:
        told = [
            _blank_as_null(self._value(one, with_default=False)).is_not_null()
            for name, feed in feeds.items()
            if name in CONTACT_FIELDS and feed.makes_contact(name)
            for one in (feed.many or (feed,))
            if one.makes_contact(name)
        ]
        is_told = pl.any_horizontal(told) if told else pl.lit(value=False)
        return {
            name: pl.when(is_told).then(value) if name in CONTACT_FIELDS else value
            for name, value in values.items()
        }

    # -- values --------------------------------------------------------------------------------

    def _value(self, feed: Feed, *, with_default: bool = True) -> pl.Expr:
        value = self._by_form(feed)
        if feed.turn:
            value = value.str.replace(r"^\s*([^,]+?)\s*,\s*([^,]+?)\s*$", "$2 $1")
        has_default = with_default and feed.default is not None
        return _blank_as_null(value).fill_null(feed.default) if has_default else value

    def _by_form(self, feed: Feed) -> pl.Expr:
        if feed.form == "constant":
            return pl.lit(feed.constant, pl.String)
        if feed.expression is not None:
            return pl.col(_name_of(feed.expression))
        present = [pl.col(found) for column in feed.columns if (found := self._found(column))]
        if not present:
            return _NOTHING
        if feed.form == "piece":
            parts = present[0].str.split_exact(feed.separator, MOST_OF_MANY - 1)
            return parts.struct.field(f"field_{feed.piece}")
        if len(present) == 1:
            return present[0]
        if feed.form == "first":
            return pl.coalesce(map(_blank_as_null, present))
        blankless = map(_blank_as_null, present)
        return pl.concat_str(blankless, separator=feed.separator, ignore_nulls=True)

    def _with_expressions(self, table: pl.DataFrame, feeds: Feeds) -> pl.DataFrame:
        """The table, with a column for each expression."""
        used = {
            one.expression
            for feed in feeds.values()
            for one in (feed, *feed.many)
            if one.expression is not None
        }
        return table.with_columns(
            self._computed(one, table).cast(pl.String).alias(_name_of(one)) for one in used
        )

    def _computed(self, expression: Expression, table: pl.DataFrame) -> pl.Series:
        cells = table.select(
            pl.col("row").alias("\0"),  # so that there are rows where no column is there
            *(
                (cell(pl.col(found)) if (found := self._found(column)) else pl.lit("")).alias(
                    column
                )
                for column in expression.columns
            ),
        )
        return expression.over(
            cells.with_columns(
                our_words(cells[column], self._vocabulary.words[words]).fill_null("").alias(name)
                for name, (words, column) in expression.words.items()
            )
        )

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return default_vocabulary().with_words(self._mapping.words)

    def _holds(self, condition: Expression | str | None, table: pl.DataFrame) -> pl.Series | None:
        """In which rows a condition is true; None where there is none."""
        if not isinstance(condition, Expression):
            return None
        return self._computed(condition, table).fill_null(value=False)

    # -- the header ----------------------------------------------------------------------------

    def _found(self, column: str) -> str | None:
        return self._by_key.get(header_key(column))

    def _there(self, feeds: Feeds) -> Feeds:
        return {name: feed for name, feed in feeds.items() if self._is_there(feed)}

    def _is_there(self, feed: Feed) -> bool:
        if feed.many:
            return any(self._is_there(one) for one in feed.many)
        return feed.form == "constant" or any(map(self._found, feed.columns))

    def _missing(self, headers: Sequence[str]) -> Iterable[tuple[str, str | None]]:
        """Each required column that is missing, with the nearest header that is not used."""
        spare = [header for header in headers if header not in self.used]
        mapping = self._mapping
        feeds = [*mapping.feeds.values(), *(f for slot in mapping.slots for f in slot.values())]
        for feed in feeds:
            is_required = feed.required == REQUIRED or (
                feed.required == REQUIRED_FOR_CONTACTS and self.has_contacts
            )
            if is_required and not self._is_there(feed):
                first = next(columns_of(feed))
                yield first, _nearest(first, spare)


_NOTHING = pl.lit(None, pl.String)
_LEADS = ("contact_phone", "contact_email")
"""Fields of which a row may tell many."""


def _name_of(expression: Expression) -> str:
    """The name of an expression's column in a table: no file can hold it."""
    return f"\0{expression.text}"


def _as_rows(table: pl.DataFrame, values: Mapping[str, pl.Expr], *, part: int) -> pl.DataFrame:
    return table.select(
        pl.col("row").cast(pl.UInt32),
        pl.lit(part * PART_STEP, ROWS["part"]).alias("part"),
        *(values[name].alias(name) for name in ROWS if name not in ("row", "part")),
    )


def _list_of(lead: str) -> str:
    """The name of a column with all phones or all mailboxes of a row: no file can hold it."""
    return f"\0{lead}"


def _piece(lead: str, part: int, what: str) -> pl.Expr:
    return pl.col(_list_of(lead)).list.get(part, null_on_oob=True).struct.field(what)


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
