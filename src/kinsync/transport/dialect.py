"""How a delimited file is written: its encoding and its delimiter, found or configured."""

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
    """Encoding (a Python codec) and delimiter (one character); None is found out from the file."""

    encoding: str | None = None
    delimiter: str | None = None


def guess_delimiter(text: bytes) -> str:
    """The delimiter that stands most often in the header line, outside quotation marks.

    ``text`` is UTF-8 and begins at the header. A header without any is a single column: a comma.
    """
    header = _HEADER.match(text)
    bare = _QUOTED.sub(b"", header[0] if header else b"")
    return max(DELIMITERS, key=lambda delimiter: bare.count(delimiter.encode()))
