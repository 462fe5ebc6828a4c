"""Lists as CSV for a spreadsheet: streamed, and harmless to open."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from kinsync.domain.flags import DATES, FLAGS, ORDER, read
from kinsync.services.browse import Page
from kinsync.services.dossier import emails_of, phones_of
from kinsync.web.dashboard.words import address, more, whole_name

Row = dict[str, Any]

FLAG_HEADERS = (ORDER, *FLAGS, *DATES)
HEADERS = {
    "contacts": (
        "contact_id", "legacy_id", "sis_id", "name", "phones", "phone_types", "emails", "address",
        "students", "relationships", "restricted_from", "changed_in_version",
    ),
    "student-contacts": (
        "relationship_id", "student_id", "student_sis_id", "student_name", "school_sis_id", "grade",
        "contact_id", "contact_name", "contact_sis_id", "type", "relationship", "type_source",
        "relationship_source", "phone", "phone_extension", "phone_type", "email", "more", "address",
        *FLAG_HEADERS, "restricted",
    ),
    "students": (
        "student_id", "sis_id", "student_number", "state_id", "last_name", "first_name",
        "school_sis_id", "grade", "contacts", "changed_in_version",
    ),
}  # fmt: skip
BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def lines(tab: str, pages: Iterable[Page]) -> Iterator[bytes]:
    """The sheet of a tab, a page of the list at a time."""
    yield (BOM + _csv([HEADERS[tab]])).encode()
    for page in pages:
        yield _csv(row for record in page.rows for row in ROWS[tab](record)).encode()


def harmless(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _contact(record: Row) -> Iterator[Iterable[Any]]:
    phones, emails, ties = phones_of(record), emails_of(record), record["ties"]
    yield (
        record["id"], record["legacy_id"], record["sis_id"], record["name"],
        "; ".join(one["phone"] for one in phones),
        "; ".join(one["type"] or "" for one in phones),
        "; ".join(emails),
        address(record["address"]),
        "; ".join(f"{tie['first_name'] or ''} {tie['last_name'] or ''}".strip() for tie in ties),
        "; ".join(f"{tie['type'] or ''} {tie['relationship'] or ''}".strip() for tie in ties),
        "; ".join(whole_name(tie) for tie in ties if tie["restricted"]),
        record["since"],
    )  # fmt: skip


def _student_contacts(record: Row) -> Iterator[Iterable[Any]]:
    for tie in record["ties"]:
        told = read(tie["flags"])
        yield (
            tie["id"], tie["student_id"], tie["student_sis_id"],
            f"{tie['first_name'] or ''} {tie['last_name'] or ''}".strip(),
            tie["school_sis_id"], tie["grade"], tie["contact_id"], tie["name"],
            tie["contact_sis_id"], tie["type"], tie["relationship"], tie["type_source"],
            tie["relationship_source"], tie["phone"], tie["phone_extension"], tie["phone_type"],
            tie["email"], "; ".join(more(tie)), address(tie["address"]),
            *(told.get(name) for name in FLAG_HEADERS), tie["restricted"],
        )  # fmt: skip


def _student(record: Row) -> Iterator[Iterable[Any]]:
    yield (
        record["id"], record["sis_id"], record["student_number"], record["state_id"],
        record["last_name"], record["first_name"], record["school_sis_id"], record["grade"],
        "; ".join(f"{tie['name'] or 'No name'} ({tie['type'] or ''})" for tie in record["ties"]),
        record["since"],
    )  # fmt: skip


ROWS = {"contacts": _contact, "student-contacts": _student_contacts, "students": _student}
