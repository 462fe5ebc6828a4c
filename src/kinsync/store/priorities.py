"""Whose values stand where several sources of a district speak: versions of it, who said so."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from kinsync.domain.priority import Priority
from kinsync.store import models
from kinsync.store.database import outages


@dataclass(frozen=True, slots=True)
class Saved:
    """One version of a district's priority."""

    version: int
    priority: Priority
    saved_at: datetime
    saved_by: str


def priority(district_id: int) -> Priority:
    """The priority of the sources that the district has."""
    with outages(doing="reading priorities"):
        sources = models.Source.objects.filter(district_id=district_id).order_by("priority", "id")
        order = tuple(sources.values_list("id", flat=True))
        row = _rows(district_id).first()
    return Priority(order, _saved(row).priority.by_field if row else {})


def history(district_id: int) -> list[Saved]:
    """Every version, newest first."""
    with outages(doing="reading priorities"):
        return [_saved(row) for row in _rows(district_id)]


def save(district_id: int, told: Priority, *, at: datetime, by: str) -> None:
    """Use a priority from now on; ``told.order`` names every source."""
    with outages(doing="saving priorities"), transaction.atomic():
        models.District.objects.select_for_update().get(id=district_id)  # one after another
        last = _rows(district_id).aggregate(last=Max("version"))["last"] or 0
        for place, source in enumerate(told.order, start=1):
            models.Source.objects.filter(district_id=district_id, id=source).update(priority=place)
        models.SourcePriority.objects.create(
            district_id=district_id,
            version=last + 1,
            order=list(told.order),
            fields={name: list(order) for name, order in told.by_field.items()},
            saved_at=at,
            saved_by=by,
        )


def _rows(district_id: int) -> "QuerySet[models.SourcePriority]":
    return models.SourcePriority.objects.filter(district_id=district_id).order_by("-version")


def _saved(row: models.SourcePriority) -> Saved:
    fields = {name: tuple(order) for name, order in row.fields.items()}
    return Saved(row.version, Priority(tuple(row.order), fields), row.saved_at, row.saved_by)
