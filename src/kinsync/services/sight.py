"""Why an application sees nothing of somebody, or not all: in words for who decides on shares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kinsync.domain.flags import told
from kinsync.domain.share import Share
from kinsync.services.browse import Row

NOBODY = "it stands to no student in what is published"
WITHHELD = "sharing of this person was stopped"
NOT_YET = "what the application sees is being brought up to date"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A relationship that an application does not see, and why."""

    student: str
    because: str


def of_contact(share: Share, contact: Row, ties: Sequence[Row]) -> list[Hidden]:
    """What a share does not show of a contact, relationship by relationship."""
    if contact["id"] in share.withheld:
        return [Hidden(_name(tie), WITHHELD) for tie in ties]
    reasons = ((tie, next(_reasons(share, tie), "")) for tie in ties)
    return [Hidden(_name(tie), because) for tie, because in reasons if because]


def why_no_contact(share: Share, contact: Row, ties: Sequence[Row]) -> list[str]:
    """Why an application sees nothing of a contact."""
    if contact["id"] in share.withheld:
        return [WITHHELD]
    if not ties:
        return [NOBODY]
    return list(dict.fromkeys(one.because for one in of_contact(share, contact, ties))) or [NOT_YET]


def why_no_student(share: Share, student: Row) -> list[str]:
    """Why an application sees nothing of a student."""
    if student.get("is_gone"):
        return ["it is not in what is published"]
    return list(_of_student(share, student, "this student")) or [NOT_YET]


def _reasons(share: Share, tie: Row) -> Iterator[str]:
    """Whatever keeps a relationship from an application, the gravest first."""
    if tie["restricted"] and not share.restricted:
        yield f"a restricted person, to be kept from {_name(tie)}"
    yield from _of_student(share, tie, _name(tie))
    if share.types is not None and tie["type"] not in share.types:
        yield f"type {tie['type']} is not shared"
    if share.relationships is not None and (tie["relationship"] or "") not in share.relationships:
        yield f"relationship {tie['relationship'] or 'blank'} is not shared"
    if share.flags is not None and not any(
        told(one) in (tie["flags"] or "") for one in share.flags
    ):
        yield f"only who is {_or(share.flags)} is shared"


def _of_student(share: Share, student: Row, who: str) -> Iterator[str]:
    if share.schools is not None and student["school_sis_id"] not in share.schools:
        yield f"the school of {who} is not shared"
    if share.grades is not None and student["grade"] not in share.grades:
        yield f"the grade of {who} is not shared"


def _or(words: frozenset[str]) -> str:
    return " or ".join(word.replace("_", " ") for word in sorted(words)) or "nobody"


def _name(tie: Row) -> str:
    return " ".join(filter(None, (tie["first_name"], tie["last_name"]))) or "a student"
