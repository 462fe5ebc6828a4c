"""Refine: map → clean → check for one block of a file, and the keys of what is kept.

What takes more than one block to see is left to ``services.intake``.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import polars as pl

from kinsync.domain.frames import (
    CLEAN,
    CONTACT_FIELDS,
    FINDINGS,
    HELD,
    STUDENT_DETAILS,
    STUDENTS,
    empty,
)
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.check import (
    Header,
    check_contacts,
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

_WORKERS = 2

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
class Refinery:
    """How the blocks of one file are refined: ``start`` is added to their row numbers."""

    file: str
    columns: Columns
    vocabulary: Vocabulary
    has_students: bool
    start: int

    def refine(self, block: Block) -> Refined:
        rows = self.columns.rows(block.rows)
        rows = rows.with_columns(tidy(rows["student_sis_id"]))
        contacts = clean_contacts(_with_contact(rows), self.vocabulary)
        is_blank = ~pl.any_horizontal(pl.col(_SAYS_SOMETHING).is_not_null())
        blank = contacts.filter(is_blank)
        checked = check_contacts(
            contacts if blank.is_empty() else contacts.filter(~is_blank),
            self.vocabulary,
            file=self.file,
            header=self.header,
        )
        lone, lone_held, lone_findings = self._lone(rows, contacts.filter(~is_blank)["row"])
        students, student_findings = self._students(rows)
        return Refined(
            contacts=self._numbered(checked.kept),
            students=self._numbered(students),
            keys=self._numbered(keys_of(checked.kept, self.vocabulary)),
            lone=self._numbered(lone),
            firsts=self._numbered(students).select("row", student=pl.col("sis_id").hash()),
            held=self._numbered(pl.concat([checked.held, lone_held, self._ragged(block.ragged)])),
            ragged=self._numbered(block.ragged.select("row"))["row"],
            findings=pl.concat(
                [block.findings, checked.findings, lone_findings, *student_findings]
            ),
            rows=block.rows.height + block.ragged.height,
            last_row=self.start + _last_row(block),
        )

    @property
    def header(self) -> Header:
        return self.columns.header

    def _numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        if not self.start:
            return frame
        return frame.with_columns((pl.col("row") + self.start).cast(pl.UInt32))

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
            "row", *(pl.lit(None, pl.String).alias(name) for name in HELD.names()[1:])
        )
        kept = lone.filter(~is_held).select("row", student=pl.col("student_sis_id").hash())
        return kept, held, findings

    def _students(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        """The students of the block, each from its first row, and findings about them."""
        if not self.has_students:
            return empty(pl.Schema({"row": pl.UInt32(), **STUDENTS})), []
        damaged = student_checks()[1].is_met
        named = rows.filter(pl.col("student_sis_id").is_not_null() & ~damaged)
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
        return rows.select(
            "row",
            tidy(rows["student_sis_id"]).alias("student_sis_id"),
            *(pl.lit(None, pl.String).alias(name) for name in HELD.names()[2:]),
        )


def _with_contact(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with anything in a contact column, without what they say about the student."""
    contacts = rows.select("row", "student_sis_id", *CONTACT_FIELDS)
    return contacts.filter(pl.any_horizontal((pl.col(CONTACT_FIELDS) != "").fill_null(value=False)))


def _tidied(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "row", "student_sis_id", *(tidy(rows[field]).alias(field) for field in STUDENT_DETAILS)
    )


def _last_row(block: Block) -> int:
    rows = [frame["row"].max() for frame in (block.rows, block.ragged) if frame.height]
    return max((int(row) for row in rows if isinstance(row, int)), default=0)


def side_by_side(work: Callable[[Block], Refined], blocks: Iterable[Block]) -> Iterator[Refined]:
    """The results in the order of the blocks; few blocks are under way at once."""
    waiting: deque[Future[Refined]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for block in blocks:
            waiting.append(pool.submit(work, block))
            if len(waiting) > _WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
