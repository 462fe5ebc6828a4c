"""Errands of pages: questions that wait for a worker, and answers until they are old."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from kinsync.domain.errors import NotFound
from kinsync.store import models
from kinsync.store.database import outages

WAITING, DONE, FAILED = "waiting", "done", "failed"
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Errand:
    """One question and, where it is ``done``, its answer; ``says`` is why it ``failed``."""

    district_id: int
    key: str
    what: str
    question: Mapping[str, Any]
    state: str
    percent: int
    answer: Mapping[str, Any]
    says: str
    changed_at: datetime


def find(district_id: int, key: str) -> Errand:
    """One errand of a district.

    Raises:
        NotFound: it has none of that key, or not any more.
    """
    with outages(doing="looking up an errand"):
        row = models.Errand.objects.filter(district_id=district_id, key=key).first()
    if row is None:
        raise NotFound("What was asked for is not kept any more. Ask for it again.")
    return _errand(row)


def put(
    district_id: int, key: str, what: str, question: Mapping[str, Any], *, at: datetime
) -> Errand:
    """Keep a question that waits to be answered, and forget those that are old."""
    with outages(doing="keeping an errand"), transaction.atomic():
        rows = models.Errand.objects.filter(district_id=district_id)
        rows.filter(changed_at__lt=at - KEPT_FOR).delete()
        row, _ = models.Errand.objects.update_or_create(
            district_id=district_id,
            key=key,
            defaults={
                "what": what, "question": dict(question), "state": WAITING, "percent": 0,
                "answer": "{}", "says": "", "asked_at": at, "changed_at": at,
            },
        )  # fmt: skip
    return _errand(row)


def note(errand: Errand, *, percent: int, at: datetime) -> None:
    """Say how far it has come."""
    _change(errand, percent=percent, changed_at=at)


def answer(errand: Errand, given: Mapping[str, Any], *, at: datetime) -> Errand:
    """Keep the answer."""
    _change(errand, state=DONE, percent=100, answer=json.dumps(given), changed_at=at)
    return find(errand.district_id, errand.key)


def fail(errand: Errand, says: str, *, at: datetime) -> None:
    """Keep why there is no answer."""
    _change(errand, state=FAILED, says=says, changed_at=at)


def forget(errand: Errand) -> None:
    """As if it had never been asked."""
    with outages(doing="forgetting an errand"):
        models.Errand.objects.filter(district_id=errand.district_id, key=errand.key).delete()


def _change(errand: Errand, **values: Any) -> None:
    with outages(doing="changing an errand"):
        rows = models.Errand.objects.filter(district_id=errand.district_id, key=errand.key)
        rows.update(**values)


def _errand(row: models.Errand) -> Errand:
    return Errand(
        row.district_id, row.key, row.what, row.question, row.state, row.percent,
        json.loads(row.answer), row.says, row.changed_at,
    )  # fmt: skip
