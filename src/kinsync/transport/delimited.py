"""A district's delimited file, read exactly and in bounded memory.

``open_delimited`` looks at the whole file once and reads its header; ``DelimitedFile.blocks``
then yields the records, block by block. Every record is in exactly one of ``Block.rows``,
``Block.ragged``, the blank ones that are dropped, or, where the file is refused, behind the
finding that says so.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from kinsync.domain.errors import Defect
from kinsync.domain.frames import FINDINGS, empty
from kinsync.domain.rules import FILE_CODES
from kinsync.transport.dialect import Dialect
from kinsync.transport.fixed_width import DELIMITER
from kinsync.transport.framing import Framed, Grammar, Ragged, frame_block
from kinsync.transport.header import RESERVED, Header, NoHeader, has_records, read_header
from kinsync.transport.survey import Survey, survey_file, utf8_chunks

BLOCK_BYTES = 16 << 20
"""Large enough that a block's fixed costs vanish; about a dozen times it is in memory at once."""
LONGEST_RECORD_BYTES = 16 << 20
"""A record that is longer was not meant: a quotation mark is not closed, or no line is broken."""

_BYTE_ORDER_MARK = "\ufeff".encode()


@dataclass(frozen=True, slots=True)
class Block:
    """Some consecutive records of a file.

    ``rows`` and ``ragged`` hold ``row`` and the file's own columns as text ('' or null is blank).
    ``rows`` are the records with the header's shape; ``ragged`` the others, cut or filled up to
    it, each with its ``row-shape`` finding in ``findings``. ``bytes_read`` is how far into the
    file the reader is.
    """

    rows: pl.DataFrame
    ragged: pl.DataFrame
    findings: pl.DataFrame
    bytes_read: int


@dataclass(frozen=True)
class DelimitedFile:
    """A file that has been looked at.

    ``columns`` is its header as written, without repeated, blank and reserved names; ``findings``
    (``frames.FINDINGS``) is what is wrong with the file as a whole, as far as that can be known
    before its records are read.
    """

    path: Path
    name: str
    dialect: Dialect
    survey: Survey
    header: Header | None
    findings: pl.DataFrame
    keeps: object = field(default=None, repr=False, kw_only=True)
    """What has to stay as long as the file is read, such as the folder in which it lies."""

    @property
    def size(self) -> int:
        return self.survey.size

    @property
    def sha256(self) -> str:
        return self.survey.sha256

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.header.places) if self.header else ()

    @cached_property
    def is_refused(self) -> bool:
        """Whether nothing can be read from it; ``findings`` say why."""
        return not FILE_CODES.isdisjoint(self.findings["code"])

    def only(self, columns: Collection[str]) -> "DelimitedFile":
        """The same file, as if it had these columns alone, as far as it has them."""
        if self.header is None:
            return self
        kept = {name: place for name, place in self.header.places.items() if name in columns}
        return replace(self, header=replace(self.header, places=kept))

    def blocks(
        self, columns: Sequence[str] | None = None, block_bytes: int = BLOCK_BYTES
    ) -> Iterator[Block]:
        """The records, in order, about ``block_bytes`` of the file at a time.

        Only ``columns`` are read where they are named (as the header spells them). May be called
        again. A refused file has no blocks; a fault that stops the reading further on is a
        finding of the last one.
        """
        if self.header is None or self.is_refused:
            return
        wanted = self.columns if columns is None else tuple(columns)
        yield from _Reading(self, self.header, wanted).blocks(block_bytes)


def open_delimited(
    path: Path, *, name: str | None = None, dialect: Dialect | None = None
) -> DelimitedFile:
    """Look at a file: ``name`` is what findings call it, ``dialect`` what is known about it."""
    known = dialect or Dialect()
    file_name = name or path.name
    survey = replace(survey_file(path, known.encoding), widths=known.widths)
    known = replace(known, delimiter=DELIMITER) if known.widths else known
    header: Header | None = None
    found: list[_Finding] = []
    if survey.refusal:
        found.append((None, None, survey.refusal, None))
    else:
        header, found = _look_at_header(path, survey, known)
    return DelimitedFile(
        path=path,
        name=file_name,
        dialect=Dialect(
            survey.encoding,
            header.delimiter if header else known.delimiter,
            known.columns,
            known.widths,
        ),
        survey=survey,
        header=header,
        findings=_findings(file_name, found),
    )


def refused(
    path: Path, code: str, *, name: str, row: int | None = None, column: str | None = None
) -> DelimitedFile:
    """A file of which nothing can be read, and why: the code of a file finding, and where."""
    return DelimitedFile(
        path=path,
        name=name,
        dialect=Dialect(),
        survey=survey_file(path),
        header=None,
        findings=_findings(name, [(row, column, code, None)]),
    )


_Finding = tuple[int | None, str | None, str, str | None]
"""Row, column, code and value of a finding."""


def _look_at_header(
    path: Path, survey: Survey, known: Dialect
) -> tuple[Header | None, list[_Finding]]:
    header = read_header(path, survey, known.delimiter, known.columns)
    if isinstance(header, NoHeader):
        return None, [(header.row, None, header.code, None)]
    found: list[_Finding] = []
    if survey.is_guessed:
        found.append((None, None, "encoding-guessed", None))
    found.extend((header.row, name, "column-duplicate", None) for name in header.repeated)
    if not has_records(path, survey, header):
        found.append((None, None, "file-header-only", None))
    return header, found


def _findings(name: str, found: Sequence[_Finding]) -> pl.DataFrame:
    rows = [(name, *finding) for finding in found]
    return pl.DataFrame(rows, schema=FINDINGS, orient="row") if rows else empty(FINDINGS)


class _Reading:
    """One pass over the records of a file."""

    def __init__(self, file: DelimitedFile, header: Header, columns: Sequence[str]) -> None:
        self._file = file
        self._header = header
        self._columns = columns
        self._grammar = Grammar(header.delimiter, header.width)
        self._row = header.row + 1
        self._is_empty = True

    def blocks(self, block_bytes: int) -> Iterator[Block]:
        rest, offset = b"", 0
        for chunk, offset in self._chunks_of_records(block_bytes):
            rest += chunk
            end = rest.rfind(b"\n") + 1
            framed = self._framed(rest[:end])
            rest = rest[framed.end :]
            is_endless = len(rest) > LONGEST_RECORD_BYTES
            yield self._block(framed, offset, [self._endless(rest)] if is_endless else [])
            if is_endless:
                return
        if rest or self._file.survey.cut_bytes:
            yield self._last_block(rest)
        if self._is_empty:
            nothing = self._framed(b"")
            yield self._block(nothing, self._file.size, [(None, None, "file-header-only", None)])

    def _chunks_of_records(self, block_bytes: int) -> Iterator[tuple[bytes, int]]:
        """The text behind the header."""
        skip = self._header.end
        for chunk, offset in utf8_chunks(self._file.path, self._file.survey, block_bytes):
            yield chunk[skip:], offset
            skip = max(0, skip - len(chunk))

    def _framed(self, text: bytes) -> Framed:
        has_lone_cr = self._file.survey.has_lone_cr
        framed = frame_block(text, self._grammar, self._row, has_lone_cr=has_lone_cr)
        self._row = framed.next_row
        return framed

    def _endless(self, rest: bytes) -> _Finding:
        """What is wrong with a record that does not end where any record would have."""
        code = "quote-unclosed" if b"\n" in rest else "file-no-lines"
        return (self._row, None, code, None)

    def _last_block(self, rest: bytes) -> Block:
        """What stands behind the last line end: a record without one, or an open quote."""
        text = rest + b"\n" if rest and not rest.endswith(b"\n") else rest
        framed = self._framed(text)
        ragged = framed.ragged
        found: list[_Finding] = []
        if framed.end < len(text):
            found.append(self._unclosed(text[framed.end :], is_cut=text is not rest))
        elif text is not rest and ragged and self._is_short(ragged[-1]):
            found.append((ragged.pop().row, None, "file-cut", None))
        elif self._file.survey.cut_bytes:
            found.append((self._row - 1, None, "file-cut", None))
        return self._block(framed, self._file.size, found)

    def _unclosed(self, record: bytes, *, is_cut: bool) -> _Finding:
        """A last record that is still quoted: cut where it began, or never closed."""
        fields = self._grammar.split(record.decode().rstrip("\r\n\0"))
        is_cut = is_cut and record.count(b"\n") == 1 and len(fields) < self._grammar.width
        return (self._row, None, "file-cut" if is_cut else "quote-unclosed", None)

    def _is_short(self, last: Ragged) -> bool:
        return last.row == self._row - 1 and last.fields < self._grammar.width

    def _block(self, framed: Framed, offset: int, found: list[_Finding]) -> Block:
        shapes = [(record.row, None, "row-shape", self._shape(record)) for record in framed.ragged]
        text = "\n".join(record.text for record in framed.ragged).encode()
        rows = pl.Series([record.row for record in framed.ragged], dtype=pl.UInt32)
        self._is_empty &= not (framed.text or shapes or found)
        return Block(
            rows=self._table(framed.text, framed.rows),
            ragged=self._table(text, rows),
            findings=_findings(self._file.name, [*shapes, *found]),
            bytes_read=offset,
        )

    def _shape(self, record: Ragged) -> str:
        """What is wrong with a ragged record, without what stands in it."""
        if record.is_misquoted:
            return "misplaced quotation mark"
        return f"{record.fields} fields instead of {self._grammar.width}"

    def _table(self, text: bytes, rows: pl.Series) -> pl.DataFrame:
        """The wanted columns of records that all have the header's shape."""
        numbers = rows.alias(RESERVED).to_frame()
        if not self._columns or not text:
            return numbers.with_columns(pl.lit(None, pl.String).alias(c) for c in self._columns)
        if text.startswith(_BYTE_ORDER_MARK):  # the engine would take it off the first cell
            text = _BYTE_ORDER_MARK + text
        table = pl.read_csv(
            text,
            has_header=False,
            separator=self._grammar.delimiter,
            schema={f"column_{place}": pl.String for place in range(self._header.width)},
            columns=[self._header.places[column] for column in self._columns],
        )
        if table.height != rows.len():
            raise Defect(f"{self._file.name}: the engine counts other records than the reader.")
        table.columns = list(self._columns)
        return numbers.hstack(table)
