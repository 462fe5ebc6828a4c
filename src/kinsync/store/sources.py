"""Sources of districts as small values, their credentials, and the mappings that read them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, QuerySet

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.store import models
from kinsync.store.database import outages
from kinsync.store.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Source:
    """One district's use of a connector; its credentials stay where they are."""

    id: int
    district_id: int
    name: str
    connector: str
    settings: Mapping[str, str]
    priority: int
    state: Mapping[str, Any]
    created_at: datetime
    paused_at: datetime | None = None
    """Since when nothing that arrives of it counts."""


@dataclass(frozen=True, slots=True)
class MappingVersion:
    """What a district wrote over a connector's default mapping, at one time."""

    version: int
    toml: str
    saved_at: datetime
    saved_by: str


def add_source(
    district_id: int,
    name: str,
    connector: str,
    settings: Mapping[str, str],
    credentials: Mapping[str, str],
    sealer: Sealer,
    *,
    at: datetime,
) -> Source:
    """A new source of a district, behind all others; ``credentials`` are sealed.

    Raises:
        ChangeInput: the district has a source of that name.
    """
    with outages(doing="adding a source"), connection.cursor() as cursor:
        cursor.execute("SELECT nextval('source_id')")
        number = int(cursor.fetchone()[0])
        try:
            row = models.Source.objects.create(
                district_id=district_id,
                id=number,
                name=name,
                connector=connector,
                settings=dict(settings),
                credentials=_seal(credentials, sealer, district_id, number),
                priority=_last_priority(district_id) + 1,
                created_at=at,
            )
        except IntegrityError:
            raise ChangeInput(
                f"There is a source {name!r} already. Choose another name, or remove that one first"
                " ('kinsync source remove')."
            ) from None
    return _source(row)


def _last_priority(district_id: int) -> int:
    rows = models.Source.objects.filter(district_id=district_id)
    return rows.aggregate(last=Max("priority"))["last"] or 0


def list_sources(district_id: int) -> list[Source]:
    """The sources of a district, the one whose values win first."""
    with outages(doing="listing sources"):
        rows = models.Source.objects.filter(district_id=district_id).order_by("priority", "id")
        return [_source(row) for row in rows]


def find_source(district_id: int, name: str) -> Source:
    """The source of that name, whatever its case.

    Raises:
        NotFound: the district has none.
    """
    with outages(doing="looking up a source"):
        row = models.Source.objects.filter(
            district_id=district_id, name__iexact=name.strip()
        ).first()
    if row is None:
        raise NotFound(
            f"The district has no source {name!r}. 'kinsync source list' shows its sources."
        )
    return _source(row)


def source(district_id: int, source_id: int) -> Source:
    """The source of that number, as it is now.

    Raises:
        NotFound: there is none any more.
    """
    with outages(doing="looking up a source"):
        row = _rows(district_id, source_id).first()
    if row is None:
        raise NotFound(f"The district has no source {source_id} any more.")
    return _source(row)


def remove_source(source: Source) -> None:
    """Forget a source with its credentials and mappings. What was published of it stays."""
    with outages(doing="removing a source"), transaction.atomic():
        _mappings(source).delete()
        _rows(source.district_id, source.id).delete()


def credentials(source: Source, sealer: Sealer) -> Mapping[str, str]:
    """The secrets of a source, to be used and dropped.

    Raises:
        ChangeInput: they do not open here.
    """
    with outages(doing="reading a source"):
        sealed = _rows(source.district_id, source.id).get().credentials
    if not sealed:
        return {}
    opened: dict[str, str] = json.loads(
        sealer.unseal(sealed, bound_to=_binding(source.district_id, source.id))
    )
    return opened


def sealed(source: Source) -> str:
    """The secrets of a source as they lie sealed: others whenever they are given anew."""
    with outages(doing="reading a source"):
        return _rows(source.district_id, source.id).get().credentials


def replace_credentials(source: Source, secrets: Mapping[str, str], sealer: Sealer) -> None:
    """New secrets in place of the ones before."""
    with outages(doing="changing a source"):
        sealed = _seal(secrets, sealer, source.district_id, source.id)
        _rows(source.district_id, source.id).update(credentials=sealed)


def replace_settings(source: Source, settings: Mapping[str, str]) -> None:
    """Other settings in place of the ones before."""
    with outages(doing="changing a source"):
        _rows(source.district_id, source.id).update(settings=dict(settings))


def pause(source: Source, at: datetime | None) -> None:
    """Let nothing count that arrives of a source from now on; None: let it count again."""
    with outages(doing="changing a source"):
        _rows(source.district_id, source.id).update(paused_at=at)


# -- mappings ------------------------------------------------------------------------------------


def mapping_versions(source: Source) -> list[MappingVersion]:
    """Every version of a district's own mapping, newest first; none: the default is in use."""
    with outages(doing="reading mappings"):
        return [_mapping(row) for row in _mappings(source).order_by("-version")]


def current_mapping(source: Source) -> MappingVersion | None:
    """The version that is in use; None where that is the connector's default."""
    with outages(doing="reading a mapping"):
        row = _mappings(source).order_by("-version").first()
    return None if row is None else _mapping(row)


def save_mapping(source: Source, toml: str, *, at: datetime, by: str) -> MappingVersion:
    """Use a mapping from now on, as a new version."""
    with outages(doing="saving a mapping"), transaction.atomic():
        _rows(source.district_id, source.id).select_for_update().get()  # one after another
        last = _mappings(source).aggregate(last=Max("version"))["last"] or 0
        row = models.SourceMapping.objects.create(
            district_id=source.district_id,
            source_id=source.id,
            version=last + 1,
            toml=toml,
            saved_at=at,
            saved_by=by,
        )
    return _mapping(row)


def _mappings(source: Source) -> "QuerySet[models.SourceMapping]":
    return models.SourceMapping.objects.filter(district_id=source.district_id, source_id=source.id)


def _rows(district_id: int, source_id: int) -> "QuerySet[models.Source]":
    return models.Source.objects.filter(district_id=district_id, id=source_id)


def _seal(secrets: Mapping[str, str], sealer: Sealer, district_id: int, source_id: int) -> str:
    if not secrets:
        return ""
    text = json.dumps(dict(secrets)).encode()
    return sealer.seal(text, bound_to=_binding(district_id, source_id))


def _binding(district_id: int, source_id: int) -> tuple[str | int, ...]:
    return ("source", district_id, source_id)


def _source(row: models.Source) -> Source:
    return Source(
        id=row.id,
        district_id=row.district_id,
        name=row.name,
        connector=row.connector,
        settings=row.settings,
        priority=row.priority,
        state=row.state,
        created_at=row.created_at,
        paused_at=row.paused_at,
    )


def _mapping(row: models.SourceMapping) -> MappingVersion:
    return MappingVersion(row.version, row.toml, row.saved_at, row.saved_by)
