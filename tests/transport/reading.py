"""How the tests of this package write a file and read it whole."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kinsync.transport.delimited import BLOCK_BYTES, DelimitedFile, open_delimited
from kinsync.transport.dialect import Dialect


@dataclass(frozen=True)
class Whole:
    """All blocks of a file, one after another."""

    file: DelimitedFile
    rows: pl.DataFrame
    ragged: pl.DataFrame
    findings: pl.DataFrame

    @property
    def cells(self) -> list[list[str]]:
        """The good records, blank cells as ''."""
        return [list(row) for row in self.rows.drop("row").fill_null("").iter_rows()]

    @property
    def numbers(self) -> list[int]:
        return self.rows["row"].to_list()

    @property
    def found(self) -> list[tuple[str, int | None]]:
        """Code and row of every finding, of the file and of its blocks."""
        both = pl.concat([self.file.findings, self.findings])
        return list(both.select("code", "row").iter_rows())


def read_bytes(
    folder: Path,
    content: bytes,
    *,
    block_bytes: int = BLOCK_BYTES,
    columns: list[str] | None = None,
    dialect: Dialect | None = None,
) -> Whole:
    path = folder / "students.csv"
    path.write_bytes(content)
    file = open_delimited(path, dialect=dialect)
    blocks = list(file.blocks(columns, block_bytes=block_bytes))
    names = file.columns if columns is None else tuple(columns)
    none = pl.DataFrame(schema={"row": pl.UInt32, **dict.fromkeys(names, pl.String)})
    return Whole(
        file=file,
        rows=pl.concat([none, *(block.rows for block in blocks)]),
        ragged=pl.concat([none, *(block.ragged for block in blocks)]),
        findings=pl.concat([file.findings.clear(), *(block.findings for block in blocks)]),
    )
