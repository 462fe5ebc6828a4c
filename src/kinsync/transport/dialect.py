"""How a delimited file is written: its encoding, delimiter and header, found or configured."""

import codecs
import re
from dataclasses import dataclass

DELIMITERS = (",", ";", "\t", "|")
"""What may stand between fields, the likeliest first."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_HEADER = re.compile(rb'(?:"[^"]*"|[^"\r\n\0])*')
_QUOTED = re.compile(rb'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is known about a file; what is not is found out from it.

    ``encoding`` is a Python codec, ``delimiter`` one character. ``columns`` name the fields of a
    file without a header; ``widths`` are those of its fields, in characters, where nothing stands
    between them.
    """

    encoding: str | None = None
    delimiter: str | None = None
    columns: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()


def guess_delimiter(text: bytes) -> str:
    """The delimiter that stands most often in the header line, outside quotation marks.

    ``text`` is UTF-8 and begins at the header. A header without any is a single column: a comma.
    """
    header = _HEADER.match(text)
    bare = _QUOTED.sub(b"", header[0] if header else b"")
    return max(DELIMITERS, key=lambda delimiter: bare.count(delimiter.encode()))
