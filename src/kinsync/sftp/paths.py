"""Paths as clients write them, made into names below the root of one account.

There is no file system behind them, so there is no way out of it: a path is a key in a table.
What could be mistaken by a person or a program for another name is refused all the same.
"""

import posixpath
import unicodedata

import asyncssh

LONGEST_PATH_BYTES = 512
LONGEST_NAME_BYTES = 128
MOST_FOLDERS = 3
"""Folders that a file may lie in, one in the other."""
MISLEADING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of what is not seen: controls, marks of direction, unassigned characters."""


def name_below_root(path: bytes) -> str:
    """A path without a slash before it; '' is the root. ``..`` ends at the root.

    Raises:
        SFTPInvalidFilename: it is too long, not UTF-8, or holds what cannot be seen.
    """
    if len(path) > LONGEST_PATH_BYTES:
        raise asyncssh.SFTPInvalidFilename("The path is too long.")
    try:
        text = unicodedata.normalize("NFC", path.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise asyncssh.SFTPInvalidFilename("The path is not UTF-8.") from error
    if "\\" in text or any(unicodedata.category(letter) in MISLEADING for letter in text):
        raise asyncssh.SFTPInvalidFilename("The path holds characters that are not allowed.")
    name = posixpath.normpath(posixpath.join("/", text)).lstrip("/")
    _check_parts(name)
    return name


def _check_parts(name: str) -> None:
    parts = name.split("/")
    if len(parts) > MOST_FOLDERS + 1:
        raise asyncssh.SFTPInvalidFilename("The folders are too deep.")
    for part in parts:
        if part != part.strip() or len(part.encode()) > LONGEST_NAME_BYTES:
            raise asyncssh.SFTPInvalidFilename(
                "A name is too long, or begins or ends with a space."
            )
