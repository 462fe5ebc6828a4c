"""Districts, syncs and versions as small values. Names are unique without regard to case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Q, QuerySet

from kinsync.domain.errors import ChangeInput, Conflict, NotFound
from kinsync.store import models
from kinsync.store.database import outages
from kinsync.store.ids import allocate_one
from kinsync.store.sync_states import OPEN_STATES, RUNNING


@dataclass(frozen=True, slots=True)
class District:
    """One district. ``id`` is the database's own number, ``public_id`` what others call it."""

    id: int
    public_id: str
    name: str
    published: int
    created_at: datetime
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sync:
    """One run to publish, or its preview; the states stand at ``finish_sync``."""

    id: int
    district_id: int
    state: str
    is_preview: bool
    origin: str
    file_name: str
    sha256: str
    rules: str
    base: int
    version: int | None
    counts: Mapping[str, object]
    reasons: Sequence[str]
    error: str
    started_at: datetime
    finished_at: datetime | None
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a district."""

    number: int
    published_at: datetime
    origin: str
    sync_id: int
    counts: Mapping[str, object]
    purged_at: datetime | None = None
    """Since when what it was cannot be told any more."""


STATES = (
    "published",
    "unchanged",
    "previewed",
    "held",
    "discarded",
    "replaced",
    "refused",
    "failed",
)
"""How a sync can end. *Held* is an end too: ``publish`` turns it into *published* on approval."""


def add_district(name: str, *, at: datetime) -> District:
    """A new district without data.

    Raises:
        ChangeInput: the name is blank or taken.
    """
    name = name.strip()
    if not name:
        raise ChangeInput("A district needs a name.")
    with outages(doing="adding a district"):
        try:
            row = models.District.objects.create(public_id=allocate_one(), name=name, created_at=at)
        except IntegrityError:
            raise ChangeInput(f"There is a district named {name!r} already.") from None
    return _district(row)


def list_districts() -> list[District]:
    """Every district, by name."""
    with outages(doing="listing districts"):
        return [_district(row) for row in models.District.objects.order_by("name")]


def find_district(reference: str) -> District:
    """The district of that id or name; an id wins.

    Raises:
        NotFound: there is none.
    """
    with outages(doing="looking up a district"):
        found = list(
            models.District.objects.filter(
                Q(public_id=reference) | Q(name__iexact=reference.strip())
            )
        )
    if not found:
        raise NotFound(f"There is no district {reference!r}. 'kinsync district list' shows them.")
    return _district(min(found, key=lambda row: row.public_id != reference))


def district(district_id: int) -> District:
    """The district of that number, as it is now.

    Raises:
        NotFound: there is none.
    """
    with outages(doing="looking up a district"):
        row = models.District.objects.filter(id=district_id).first()
    if row is None:
        raise NotFound(f"There is no district {district_id}.")
    return _district(row)


def change_settings(district_id: int, changes: Mapping[str, object]) -> District:
    """Change some of a district's settings; one that becomes None is as if never set."""
    with outages(doing="changing a district"), transaction.atomic():
        row = models.District.objects.select_for_update().get(id=district_id)
        merged = {**row.settings, **changes}
        row.settings = {name: value for name, value in merged.items() if value is not None}
        row.save(update_fields=["settings"])
    return _district(row)


def start_sync(
    district: District,
    *,
    at: datetime,
    file_name: str = "",
    sha256: str = "",
    rules: str = "",
    origin: str = "file",
    is_preview: bool = False,
    turn: int | None = None,
) -> Sync:
    """A sync that is running from now on, compared with what the district publishes.

    ``turn`` is that of the upload it reads, where it reads one.
    """
    with outages(doing="starting a sync"):
        row = models.Sync.objects.create(
            district_id=district.id,
            state=RUNNING,
            is_preview=is_preview,
            origin=origin,
            file_name=file_name,
            sha256=sha256,
            rules=rules,
            base=district.published,
            started_at=at,
            turn=turn,
        )
    return _sync(row)


def finish_sync(
    sync: Sync,
    state: str,
    *,
    at: datetime,
    counts: Mapping[str, object] | None = None,
    reasons: Sequence[str] = (),
    error: str = "",
    replaces_held: bool = False,
) -> Sync:
    """Say how a sync ended. One that is published stays so: only its counts may be added.

    ``error`` is the message of what stopped it, never a value of a row. With ``replaces_held`` it
    takes the place of earlier ones that wait for a person.

    Raises:
        Conflict: somebody has ended it meanwhile, because its process was given up for dead.
    """
    with outages(doing="finishing a sync"), transaction.atomic():
        rows = models.Sync.objects.select_for_update()
        row = rows.get(district_id=sync.district_id, id=sync.id)
        if row.version is None:
            if row.state not in OPEN_STATES:
                raise Conflict(f"Sync {sync.id} was ended by another process, as {row.state}.")
            row.state, row.finished_at = state, at
            row.reasons, row.error = list(reasons), error
        row.counts = dict(row.counts if counts is None else counts)
        row.save()
        if replaces_held:
            earlier = models.Sync.objects.filter(district_id=sync.district_id, id__lt=sync.id)
            earlier.filter(state="held").update(state="replaced", finished_at=at)
    return _sync(row)


def rebase_sync(sync: Sync, base: int) -> None:
    """A sync is compared with another version than the one that it began with."""
    with outages(doing="changing a sync"):
        rows = models.Sync.objects.filter(district_id=sync.district_id, id=sync.id)
        rows.update(base=base)


def find_sync(district_id: int, sync_id: int) -> Sync:
    """One sync of a district.

    Raises:
        NotFound: the district has no such sync.
    """
    return _one(models.Sync.objects.filter(id=sync_id), district_id, f"no sync {sync_id}")


def list_syncs(district_id: int, *, limit: int = 50, up_to: int | None = None) -> list[Sync]:
    """The latest syncs, newest first; of those up to one, where that is named."""
    with outages(doing="listing syncs"):
        rows = models.Sync.objects.filter(district_id=district_id).order_by("-id")
        if up_to is not None:
            rows = rows.filter(id__lte=up_to)
        return [_sync(row) for row in rows[:limit]]


def sync_starts(district_id: int) -> dict[int, datetime]:
    """When each sync began, by its number."""
    with outages(doing="listing syncs"):
        rows = models.Sync.objects.filter(district_id=district_id)
        return dict(rows.values_list("id", "started_at"))


def last_published_sync(district_id: int) -> Sync | None:
    """The sync that made the version which is published now."""
    rows = models.Sync.objects.filter(version__isnull=False).order_by("-version")
    return _first(rows, district_id)


def last_turned_sync(district_id: int) -> Sync | None:
    """The sync that dealt with the newest upload of the district, the last one that did."""
    rows = models.Sync.objects.filter(turn__isnull=False, is_preview=False)
    rows = rows.exclude(state__in=(RUNNING, "failed"))
    return _first(rows.order_by("-turn", "-id"), district_id)


def published_syncs(district_id: int, *, limit: int) -> list[Sync]:
    """The syncs that made the latest versions, the newest version first."""
    with outages(doing="listing syncs"):
        rows = models.Sync.objects.filter(district_id=district_id, version__isnull=False)
        return [_sync(row) for row in rows.order_by("-version")[:limit]]


def last_turn(district_id: int) -> int:
    """The newest upload that a sync of the district has dealt with; 0 where there is none."""
    last = last_turned_sync(district_id)
    return 0 if last is None or last.turn is None else last.turn


def held_sync(district_id: int) -> Sync | None:
    """The sync that waits for a person, the newest where there are several."""
    return _first(models.Sync.objects.filter(state="held").order_by("-id"), district_id)


def fail_abandoned(district_id: int, *, at: datetime) -> None:
    """End syncs that were running when their process died. For whoever holds the district's lock.

    What they had published stays published: a commit sets the state itself.
    """
    with outages(doing="looking for abandoned syncs"):
        models.Sync.objects.filter(district_id=district_id, state=RUNNING).update(
            state="failed", finished_at=at, error="The process stopped before the sync had ended."
        )


def unreported_syncs(district_id: int) -> list[Sync]:
    """Syncs that ended and that the team was not told of, the oldest first."""
    with outages(doing="looking for syncs"):
        rows = models.Sync.objects.filter(
            district_id=district_id, is_preview=False, reported_at__isnull=True
        )
        return [_sync(row) for row in rows.exclude(state=RUNNING).order_by("id")]


def note_reported(sync: Sync, at: datetime) -> None:
    """The team was told of a sync, or need not be."""
    with outages(doing="noting a report"):
        rows = models.Sync.objects.filter(district_id=sync.district_id, id=sync.id)
        rows.update(reported_at=at)


OLD_VERSION = """
SELECT coalesce(
    min(number) FILTER (WHERE published_at > %(moment)s AND published_at <= %(at)s) - 1,
    max(number) FILTER (WHERE published_at <= %(moment)s), 0)
FROM version WHERE district_id = %(district)s
"""
"""The last version that is as old as a moment, seen from a later one (``at``).

A clock goes wrong now and then. A version that says it is older than one before it, or of the
future, is as old as those around it: nobody is purged, or forgotten, before their time.
"""


def first_version_after(district_id: int, moment: datetime, *, at: datetime) -> int:
    """The first version published from ``moment`` on; the next one where none was. ``at``: now."""
    before = moment - timedelta(microseconds=1)
    with outages(doing="looking at versions"), connection.cursor() as cursor:
        cursor.execute(OLD_VERSION, {"district": district_id, "moment": before, "at": at})
        [last] = cursor.fetchone() or (0,)
    return 1 + int(last)


def kept_since(district_id: int) -> int:
    """The first version whose values are all there: those before it are purged."""
    with outages(doing="looking at versions"):
        rows = models.Version.objects.filter(district_id=district_id, purged_at__isnull=False)
        last = rows.aggregate(last=Max("number"))["last"]
    return 1 + (last or 0)


def list_versions(district_id: int) -> list[Version]:
    """Every version of a district, newest first."""
    with outages(doing="listing versions"):
        rows = models.Version.objects.filter(district_id=district_id).order_by("-number")
        return [
            Version(
                row.number, row.published_at, row.origin, row.sync_id, row.counts, row.purged_at
            )
            for row in rows
        ]


def _one(rows: "QuerySet[models.Sync]", district_id: int, missing: str) -> Sync:
    found = _first(rows, district_id)
    if found is None:
        raise NotFound(f"The district has {missing}.")
    return found


def _first(rows: "QuerySet[models.Sync]", district_id: int) -> Sync | None:
    with outages(doing="looking up a sync"):
        row = rows.filter(district_id=district_id).first()
    return None if row is None else _sync(row)


def _district(row: models.District) -> District:
    return District(row.id, row.public_id, row.name, row.published, row.created_at, row.settings)


def _sync(row: models.Sync) -> Sync:
    return Sync(
        id=row.id,
        district_id=row.district_id,
        state=row.state,
        is_preview=row.is_preview,
        origin=row.origin,
        file_name=row.file_name,
        sha256=row.sha256,
        rules=row.rules,
        base=row.base,
        version=row.version,
        counts=row.counts,
        reasons=row.reasons,
        error=row.error,
        started_at=row.started_at,
        finished_at=row.finished_at,
        turn=row.turn,
    )
