"""The columns of the Data Browser's lists: which there are, which come first, which sort."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "contacts": {
        "students": "Students",
        "phone": "Phone",
        "email": "E-mail",
        "more": "More phones and e-mails",
        "address": "Address",
        "restricted": "Restricted",
        "sis_id": "SIS id",
        "since": "Last changed",
        "id": "Kinsync id",
        "legacy_id": "v2 id",
    },
    "student-contacts": {
        "student": "Student",
        "type": "Type",
        "relationship": "Relationship",
        "phone": "Phone",
        "email": "E-mail",
        "more": "More phones and e-mails",
        "address": "Address",
        "flags": "Flags",
        "restricted": "Restricted",
        "school": "School",
        "grade": "Grade",
        "words": "In the source's words",
        "contact_sis_id": "SIS id",
        "id": "v1.2 id",
    },
    "students": {
        "student_number": "Student number",
        "sis_id": "SIS id",
        "state_id": "State id",
        "school": "School",
        "grade": "Grade",
        "contacts": "Contacts",
        "since": "Last changed",
        "id": "Kinsync id",
    },
}
FIRST_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("students", "phone", "email"),
    "student-contacts": ("student", "type", "relationship", "phone", "email"),
    "students": ("sis_id", "school", "grade", "contacts"),
}
ORDERS: Mapping[str, Mapping[str, str]] = {
    "contacts": {"name": "name", "email": "email", "sis_id": "sis_id", "since": "-since"},
    "student-contacts": {"name": "name", "email": "email", "contact_sis_id": "sis_id"},
    "students": {"name": "name", "sis_id": "sis_id", "since": "-since"},
}
"""Columns that sort, and the order that each begins with (``services.filters.ORDERS``)."""


COOKIE_SECONDS = 365 * 24 * 60 * 60


def chosen(request: HttpRequest, tab: str) -> list[str]:
    """The columns that are shown, in their order."""
    remembered = request.COOKIES.get(_cookie(tab))
    names = FIRST_COLUMNS[tab] if remembered is None else remembered.split(".")
    return [name for name in COLUMNS[tab] if name in names]


def remember(response: HttpResponse, tab: str, names: list[str]) -> None:
    """Have the browser remember which are shown; there is nothing of anybody in it."""
    response.set_cookie(
        _cookie(tab),
        ".".join(name for name in COLUMNS[tab] if name in names),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _cookie(tab: str) -> str:
    return f"kinsync_columns_{tab}"


def other_way(order: str) -> str:
    """An order turned round."""
    return order.removeprefix("-") if order.startswith("-") else f"-{order}"
