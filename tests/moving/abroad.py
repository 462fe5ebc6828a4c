"""What people of ``tests.services.pupils`` are called in another service."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from tests.services.pupils import Line

HEADER = ("kind", "id", "legacy_id", "v1_id", "sis_id", "name", "phone", "email",
          "student_sis_id")  # fmt: skip


def their_id(number: int, *, second: int = 0x5F000000) -> str:
    """An id of the other service: the second in which it was made, and what tells it apart."""
    return f"{second:08x}5eafca{number:010x}"


def contact(line: Line, id_: str, *, legacy: str = "", v1: str = "") -> tuple[str, ...]:
    """One person as the other service has it, by its ids there."""
    return ("contact", id_, legacy, v1, line.sis_id, line.name, line.phone, line.email,
            line.student)  # fmt: skip


def student(line: Line, id_: str) -> tuple[str, ...]:
    return ("student", id_, "", "", line.student, "", "", "", "")


def school(line: Line, id_: str) -> tuple[str, ...]:
    return ("school", id_, "", "", line.school, "", "", "", "")


def table(path: Path, rows: Iterable[tuple[str, ...]]) -> Path:
    """A CSV of ids; the header is row 1."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEADER, *rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(out.getvalue(), "utf-8")
    return path
