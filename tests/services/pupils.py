"""Files of an invented district: lines that a test changes one cell at a time."""

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

_HEADERS = {
    "student": "Student_id",
    "school": "School_id",
    "last_name": "Last_name",
    "first_name": "First_name",
    "type": "Contact_type",
    "name": "Contact_name",
    "relationship": "Contact_relationship",
    "phone": "Contact_phone",
    "phone_type": "Contact_phone_type",
    "email": "Contact_email",
    "sis_id": "Contact_sis_id",
}
COLUMNS = tuple(_HEADERS.values())

_SURNAMES = (
    "Abbott", "Baptiste", "Castellanos", "Dlamini", "Eriksen", "Fontaine", "Grünwald", "Haddad",
    "Ivanova", "Jankowski", "Kealoha", "Lindqvist", "Moreau", "Nakamura", "Okonkwo", "Petrov",
    "Quispe", "Rahman", "Sorensen", "Takahashi", "Ueda", "Villanueva", "Whitfield", "Xiong",
    "Yilmaz", "Zielinski",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of students.csv; ``replace`` makes another night of it."""

    student: str
    school: str = "101"
    last_name: str
    first_name: str = "Robin"
    type: str = ""
    name: str = ""
    relationship: str = ""
    phone: str = ""
    phone_type: str = ""
    email: str = ""
    sis_id: str = ""


def mother(number: int) -> Line:
    """The mother of student ``number``: nobody else in the district is like her."""
    surname = _surname(number)
    return Line(
        student=f"S{number:03}",
        last_name=surname,
        type="Primary",
        name=f"Dolores {surname}",
        relationship="Parent",
        phone=f"206555{number:04}",
        phone_type="Cell",
        email=f"dolores{number}@example.org",
    )


def uncle(number: int) -> Line:
    """An uncle of student ``number``, with a phone of his own and no mailbox."""
    surname = _surname(number)
    return Line(
        student=f"S{number:03}",
        last_name=surname,
        type="Emergency",
        name=f"Bartholomew {surname}",
        relationship="Aunt/Uncle",
        phone=f"360555{number:04}",
        phone_type="Home",
    )


def school_of(students: int) -> list[Line]:
    """Mother and uncle of each of that many students (``S000`` …)."""
    return [line for number in range(students) for line in (mother(number), uncle(number))]


def as_csv(lines: Iterable[Line]) -> bytes:
    """The file that a district sends."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(asdict(line).values() for line in lines)
    return out.getvalue().encode()


def without_contacts(lines: Iterable[Line]) -> bytes:
    """The file of a district whose export lost its contact columns."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS[:4])
    writer.writerows(list(asdict(line).values())[:4] for line in lines)
    return out.getvalue().encode()


def write(path: Path, content: bytes | Iterable[Line]) -> Path:
    """The file at ``path``, its folder made where missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else as_csv(content))
    return path


def _surname(number: int) -> str:
    """Unlike any other of the first 676."""
    first, second = divmod(number, len(_SURNAMES))
    return _SURNAMES[second] if not first else f"{_SURNAMES[first]}-{_SURNAMES[second]}"


assert tuple(field.name for field in fields(Line)) == tuple(_HEADERS)
