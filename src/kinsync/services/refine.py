"""Refine: map → clean → check for one block of a file, and the keys of what is kept.

What takes more than one block to see is left to ``services.intake``.
"""

from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from kinsync.domain.frames import (
    CLEAN,
    CONTACT_FIELDS,
    FINDINGS,
    HELD,
    STUDENT_DETAILS,
    STUDENTS,
    TELLING_FIELDS,
    empty,
)
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.check import (
    Header,
    check_contacts,
    check_flags,
    check_repeated_details,
    check_students,
    findings_of,
    student_checks,
)
from kinsync.pipeline.clean import clean_contacts, clean_students
from kinsync.pipeline.evidence import keys_of
from kinsync.pipeline.map import Columns
from kinsync.pipeline.text import tidy
from kinsync.transport.delimited import Block

FIRSTS = pl.Schema({"row": pl.UInt32(), "student": pl.UInt64()})
"""One row is the first row of a student in its block; ``student`` is the hash of its SIS id."""

LONE = FIRSTS
"""One row is a row without a contact, published as its student."""

_SAYS_SOMETHING = ("name", "type_source", "relationship_source", "phone_source",
                   "phone_type_source", "email_source", "sis_id")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refined:
    """One block. Rows are numbered through the delivery, but for ``findings``."""

    contacts: pl.DataFrame  # frames.CLEAN, kept
    students: pl.DataFrame  # row and frames.STUDENTS, the first of each student
    keys: pl.DataFrame  # frames.KEYS, beside contacts
    lone: pl.DataFrame  # LONE
    firsts: pl.DataFrame  # FIRSTS, beside students
    held: pl.DataFrame  # frames.HELD
    ragged: pl.Series  # rows of those held that have another shape than the header
    findings: pl.DataFrame  # frames.FINDINGS
    rows: int
    excluded: int
    last_row: int

    def without_frames(self) -> "Refined":
        """What stays in memory once the rest waits on disk."""
        return replace(
            self,
            contacts=empty(CLEAN),
            students=empty(STUDENTS),
            findings=empty(FINDINGS),
        )


@dataclass(frozen=True, slots=True)
class _Slot:
    """One contact of each row of a block: ``rows`` and ``told`` by the file's own row numbers.

    ``told`` are the rows that say something about it, ``count`` how many of them are not excluded.
    """

    rows: pl.DataFrame  # frames.ROWS
    told: pl.Series
    excluded: int
    count: int
    kept: pl.DataFrame  # frames.CLEAN
    held: pl.DataFrame  # frames.HELD
    findings: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Refinery:
    """How the blocks of one file are refined: ``start`` is added to their row numbers.

    Where a row may have several contacts, each of them is a row of its own from here on: the
    ``slot``-th of row ``row`` has the number ``row * slots + slot``. Findings go by ``row``.
    """

    file: str
    columns: Columns
    vocabulary: Vocabulary
    has_students: bool
    start: int

    def refine(self, block: Block) -> Refined:
        table = self.columns.chosen(block.rows)
        slots = [self._slot(table, number) for number in range(self.columns.slots)]
        told = pl.concat([slot.told for slot in slots])
        rows = slots[0].rows
        lone, lone_held, lone_findings = self._lone(rows, told)
        is_whole = rows.height == table.height  # no row has further parts
        students, student_findings = self._students(
            rows if is_whole else rows.filter(pl.col("part") == 0)
        )
        students = self._numbered(students)
        ragged = self._numbered(self._ragged(block.ragged))
        excluded = block.rows.height - table.height + sum(slot.excluded for slot in slots)
        return Refined(
            contacts=pl.concat([slot.kept for slot in slots]),
            students=students,
            keys=pl.concat([keys_of(slot.kept, self.vocabulary) for slot in slots]),
            lone=lone,
            firsts=students.select("row", student=pl.col("sis_id").hash()),
            held=pl.concat([*(slot.held for slot in slots), lone_held, ragged]),
            ragged=ragged["row"],
            findings=pl.concat(
                [
                    block.findings,
                    *(slot.findings for slot in slots),
                    lone_findings,
                    *student_findings,
                ]
            ),
            rows=sum(slot.count for slot in slots)
            + lone.height
            + lone_held.height
            + block.ragged.height
            + excluded,
            excluded=excluded,
            last_row=self.start + (_last_row(block) + 1) * self.columns.slots - 1,
        )

    @property
    def header(self) -> Header:
        return self.columns.header

    def _numbered(self, frame: pl.DataFrame, slot: int = 0) -> pl.DataFrame:
        """Rows of the file, as rows of the delivery."""
        slots = self.columns.slots
        if not self.start and slots == 1:
            return frame
        number = pl.col("row") * slots + (self.start + slot)
        return frame.with_columns(number.cast(pl.UInt32))

    def _slot(self, table: pl.DataFrame, number: int) -> "_Slot":
        """The contacts of one slot."""
        rows = self.columns.rows(table, number)
        rows = rows.with_columns(tidy(rows["student_sis_id"]))
        with_contact = _with_contact(rows)
        contacts = clean_contacts(with_contact, self.vocabulary)
        says_something = pl.any_horizontal(pl.col(_SAYS_SOMETHING).is_not_null())
        told = contacts.filter(says_something)["row"].unique()
        if told.len() < contacts.height:
            contacts = contacts.filter(pl.col("row").is_in(told.implode()))
        left_out = self.columns.left_out(table)
        excluded = told.filter(told.is_in(left_out.implode()))
        if excluded.len():
            contacts = contacts.filter(~pl.col("row").is_in(excluded.implode()))
        header = partial(self.columns.header, slot=number)
        checked = check_contacts(contacts, self.vocabulary, file=self.file, header=header)
        flags = check_flags(with_contact, self.vocabulary, file=self.file, header=header)
        if flags.height:
            flags = flags.filter(pl.col("row").is_in(contacts["row"].unique().implode()))
        return _Slot(
            rows=rows,
            told=told,
            excluded=excluded.len(),
            count=told.len() - excluded.len(),
            kept=self._numbered(checked.kept, number),
            held=self._numbered(checked.held, number),
            findings=pl.concat([checked.findings, flags]),
        )

    def _lone(
        self, rows: pl.DataFrame, with_contact: pl.Series
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Rows without a contact: kept (LONE), held, and their findings."""
        lone = rows.select("row", "student_sis_id").filter(
            ~pl.col("row").is_in(with_contact.implode())
        )
        checks = student_checks()
        met = lone.select(check.is_met.alias(check.code) for check in checks)
        findings = findings_of(lone, checks, met, file=self.file, header=self.header)
        is_held = met.select(pl.any_horizontal(pl.all())).to_series()
        held = lone.filter(is_held).select(
            "row", *(pl.lit(None, kind).alias(name) for name, kind in list(HELD.items())[1:])
        )
        kept = lone.filter(~is_held).select("row", student=pl.col("student_sis_id").hash())
        return self._numbered(kept), self._numbered(held), findings

    def _students(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        """The students of the block, each from its first row, and findings about them."""
        if not self.has_students:
            return empty(pl.Schema({"row": pl.UInt32(), **STUDENTS})), []
        damaged = student_checks()[1].is_met
        named = rows.select("row", "student_sis_id", *STUDENT_DETAILS).filter(
            pl.col("student_sis_id").is_not_null() & ~damaged
        )
        is_first = named["student_sis_id"].is_first_distinct()
        students, sources = clean_students(named.filter(is_first), self.vocabulary)
        return students, [
            check_students(students, sources, file=self.file, header=self.header),
            self._differing(named, is_first),
        ]

    def _differing(self, named: pl.DataFrame, is_first: pl.Series) -> pl.DataFrame:
        """Findings for rows that say something else about their student than its first row."""
        details = named.select(
            "row", "student_sis_id", details=named.select(STUDENT_DETAILS).hash_rows()
        )
        first = details.filter(is_first)
        suspects = details.join(first, on=["student_sis_id", "details"], how="anti")
        if suspects.is_empty():
            return empty(FINDINGS)
        rows = named.join(suspects.select("row"), on="row", how="semi")
        firsts = named.filter(is_first).join(
            suspects.select("student_sis_id"), on="student_sis_id", how="semi"
        )
        return check_repeated_details(
            _tidied(rows), _tidied(firsts), file=self.file, header=self.header
        )

    def _ragged(self, ragged: pl.DataFrame) -> pl.DataFrame:
        """Held rows of the wrong shape: of these only the student can be guessed at."""
        rows = self.columns.rows(ragged)
        rows = rows.filter(pl.col("part") == 0)
        return rows.select(
            "row",
            tidy(rows["student_sis_id"]).alias("student_sis_id"),
            *(pl.lit(None, kind).alias(name) for name, kind in list(HELD.items())[2:]),
        )


def _with_contact(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with anything that makes a contact, without what they say about the student."""
    contacts = rows.select("row", "part", "student_sis_id", *CONTACT_FIELDS)
    return contacts.filter(pl.any_horizontal((pl.col(TELLING_FIELDS) != "").fill_null(value=False)))


def _tidied(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "row", "student_sis_id", *(tidy(rows[field]).alias(field) for field in STUDENT_DETAILS)
    )


def _last_row(block: Block) -> int:
    rows = [frame["row"].max() for frame in (block.rows, block.ragged) if frame.height]
    return max((int(row) for row in rows if isinstance(row, int)), default=0)
