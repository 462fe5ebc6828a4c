"""The people of a district's team, and when each of them is told of a sync."""

from dataclasses import dataclass

from kinsync.domain.errors import NotFound
from kinsync.store import models
from kinsync.store.database import outages

ALWAYS, PROBLEMS, NEVER = "always", "problems", "never"


@dataclass(frozen=True, slots=True)
class Member:
    """One person, by a mailbox."""

    email: str
    reports: str  # always, problems, never


def put_member(district_id: int, email: str, reports: str) -> Member:
    """Add a person, or change when they are told."""
    with outages(doing="changing a team"):
        row, _is_new = models.TeamMember.objects.update_or_create(
            district_id=district_id, email=email.lower(), defaults={"reports": reports}
        )
    return Member(row.email, row.reports)


def list_members(district_id: int) -> list[Member]:
    """Everybody on the team, by mailbox."""
    with outages(doing="listing a team"):
        rows = models.TeamMember.objects.filter(district_id=district_id).order_by("email")
        return [Member(row.email, row.reports) for row in rows]


def remove_member(district_id: int, email: str) -> None:
    """Take a person off the team.

    Raises:
        NotFound: they are not on it.
    """
    with outages(doing="changing a team"):
        rows = models.TeamMember.objects.filter(district_id=district_id, email=email.lower())
        count, _ = rows.delete()
    if not count:
        raise NotFound("Nobody with that mailbox is on the team. 'kinsync team list' shows it.")
