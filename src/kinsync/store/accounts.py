"""People who sign in, their roles, and the record of what they did. Passwords are Django's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Max

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.store import models
from kinsync.store.database import outages
from kinsync.store.gate import WEB_ROLE, district_reader

OWNER, EDITOR, VIEWER = "owner", "editor", "viewer"
ROLES = (VIEWER, EDITOR, OWNER)
"""What somebody may do, each more than the one before."""
LATEST_ACTS = 2_000
"""Acts among which those are looked for that concern one person."""
WRONG_PASSWORDS_KEPT = timedelta(days=30)
"""How long it is known from where wrong passwords came."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person who signs in."""

    id: int
    email: str
    is_operator: bool


@dataclass(frozen=True, slots=True)
class Member:
    """One person's role in one district."""

    person: Person
    role: str
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did or looked at."""

    id: int
    at: datetime
    email: str
    what: str
    about: str
    version: int | None
    records: int


def add_person(email: str, password: str, *, at: datetime, is_operator: bool = False) -> Person:
    """A new person, whose mailbox counts as confirmed: whoever adds them vouches for it.

    Raises:
        ChangeInput: there is one with that mailbox.
    """
    row = models.User(email=email, created_at=at, is_operator=is_operator)
    row.set_password(password)
    with outages(doing="adding a person"):
        try:
            with transaction.atomic():
                row.save()
                EmailAddress.objects.create(user=row, email=email, verified=True, primary=True)
        except IntegrityError:
            raise ChangeInput("There is somebody with that mailbox already.") from None
    return _person(row)


def find_person(email: str) -> Person | None:
    """The person of a mailbox, whichever case it is written in."""
    with outages(doing="looking up a person"):
        row = models.User.objects.filter(email__iexact=email).first()
    return None if row is None else _person(row)


def set_password(person: Person, password: str) -> None:
    """A new password; every session of the person ends with the old one."""
    with outages(doing="changing a password"):
        row = models.User.objects.get(id=person.id)
        row.set_password(password)
        row.save(update_fields=["password"])


def set_operator(person: Person, *, is_operator: bool) -> None:
    """Whether a person sees counts and states of every district."""
    with outages(doing="changing a person"):
        models.User.objects.filter(id=person.id).update(is_operator=is_operator)


def put_role(district_id: int, person: Person, role: str) -> None:
    """Give a person a role in a district, or another one.

    Raises:
        ChangeInput: that would leave the district without an owner.
    """
    with outages(doing="changing a role"), transaction.atomic():
        if role != OWNER:
            _keep_an_owner(district_id, person)
        models.Role.objects.update_or_create(
            district_id=district_id, user_id=person.id, defaults={"role": role}
        )


def remove_role(district_id: int, person: Person) -> None:
    """Take a person out of a district.

    Raises:
        ChangeInput: that would leave the district without an owner.
        NotFound: they have no role there.
    """
    with outages(doing="changing a role"), transaction.atomic():
        _keep_an_owner(district_id, person)
        rows = models.Role.objects.filter(district_id=district_id, user_id=person.id)
        if not rows.delete()[0]:
            raise NotFound("That person has no role in the district.")


def remove_people_of(district_id: int) -> None:
    """Remove whoever signs in to this district alone, with second factors and sessions."""
    with outages(doing="removing people"):
        elsewhere = models.Role.objects.exclude(district_id=district_id).values("user_id")
        here = models.Role.objects.filter(district_id=district_id).values("user_id")
        alone = models.User.objects.filter(is_operator=False, id__in=here).exclude(id__in=elsewhere)
        alone.delete()


def end_sessions(person: Person) -> int:
    """Sign a person out everywhere; answers how many sessions ended."""
    with outages(doing="ending sessions"), transaction.atomic():
        rows = UserSession.objects.filter(user_id=person.id)
        keys = list(rows.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        rows.delete()
    return len(keys)


def sessions(district_id: int) -> dict[int, tuple[int, datetime]]:
    """Of everybody on a team who is signed in: in how many browsers, and seen when last."""
    with outages(doing="listing sessions"):
        users = models.Role.objects.filter(district_id=district_id).values("user_id")
        rows = UserSession.objects.filter(
            user_id__in=users, session_key__in=Session.objects.values("session_key")
        )
        found = rows.values("user_id").annotate(count=Count("id"), last=Max("last_seen_at"))
        return {one["user_id"]: (one["count"], one["last"]) for one in found}


def sweep(at: datetime) -> None:
    """Forget sessions and invitations that have ended, and wrong passwords that lock nobody."""
    with outages(doing="forgetting sessions"):
        Session.objects.filter(expire_date__lte=at).delete()
        ended = UserSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
        ended.delete()
        models.Invitation.objects.filter(ends_at__lte=at).delete()
        AccessAttempt.objects.filter(attempt_time__lte=at - WRONG_PASSWORDS_KEPT).delete()


def _keep_an_owner(district_id: int, person: Person) -> None:
    owners = set(
        models.Role.objects.select_for_update()
        .filter(district_id=district_id, role=OWNER)
        .values_list("user_id", flat=True)
    )
    if owners == {person.id}:
        raise ChangeInput("A district needs an owner. Make somebody else one first.")


def roles_of(user_id: int) -> dict[int, str]:
    """What a person may do, by district."""
    with outages(doing="looking up roles"):
        return dict(models.Role.objects.filter(user_id=user_id).values_list("district_id", "role"))


def members(district_id: int) -> list[Member]:
    """Everybody with a role in a district, by mailbox."""
    with outages(doing="listing a team"):
        rows = models.Role.objects.filter(district_id=district_id).select_related("user")
        found = [Member(_person(row.user), row.role, row.user.last_login) for row in rows]
    return sorted(found, key=lambda member: member.person.email)


PUT = (
    "INSERT INTO dashboard_act (district_id, user_id, email, what, about, version, records,"
    " subjects) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)


def put_on_record(
    district_id: int,
    person: Person,
    what: str,
    about: str,
    *,
    version: int | None = None,
    subjects: Sequence[str] = (),
    records: int | None = None,
) -> None:
    """Write down what somebody does, before it is done or shown. As the web role alone may.

    Raises:
        TryAgainLater: the database is away: nothing must be done or shown.
    """
    values = (
        *(district_id, person.id, person.email, what, about, version),
        *(len(subjects) if records is None else records, " ".join(subjects)),
    )
    with (
        outages(doing="putting an act on record"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT set_config('role', %s, true), set_config('kinsync.district', %s, true)",
            (WEB_ROLE, str(district_id)),
        )
        cursor.execute(PUT, values)


def acts(
    district_id: int, *, before: int | None = None, subject: str = "", limit: int = 50
) -> list[Act]:
    """What was done in a district, the latest first; ``subject`` is the id of one who was seen: of
    that the district's latest ``LATEST_ACTS`` are looked through."""
    values = {"district": district_id, "before": before, "subject": subject, "limit": limit}
    among = f" LIMIT {LATEST_ACTS}" if subject else ""
    with district_reader(district_id) as cursor:
        cursor.execute(
            "SELECT id, at, email, what, about, version, records FROM"  # noqa: S608 - own words
            " (SELECT * FROM dashboard_act WHERE district_id = %(district)s"
            f" AND id < coalesce(%(before)s, 9223372036854775807) ORDER BY id DESC{among}) act"
            " WHERE %(subject)s = '' OR position(%(subject)s IN subjects) > 0"
            " ORDER BY id DESC LIMIT %(limit)s",
            values,
        )
        return [Act(*row) for row in cursor.fetchall()]


def _person(row: models.User) -> Person:
    return Person(row.id, row.email, row.is_operator)
