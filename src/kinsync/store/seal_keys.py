"""Which seal keys the installation has had, so that a machine with another one is noticed at once.

Secrets are sealed and identities hashed under a key that is no part of the database. A machine with
a key of its own would read no secret, and give new ids to everybody who returns. So the database
knows what tells its keys apart (``sealing.key_ids``), and a machine without them does nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from kinsync.domain.errors import ChangeInput
from kinsync.store import models
from kinsync.store.database import outages


def check(held: Sequence[str], *, at: datetime, keep_days: int) -> None:
    """See that this machine holds every key that is needed, and remember its first one.

    Args:
        held: ids of its keys, the newest first.
        at: now.
        keep_days: for how long a key that was replaced is needed: hashes under it live so long.

    Raises:
        ChangeInput: a key is not held here.
        TryAgainLater: the database is away.
    """
    if absent := missing(held, at=at, keep_days=keep_days):
        raise ChangeInput(_told(absent, held))
    with outages(doing="remembering the seal key"):
        if not held or models.SealKey.objects.filter(id=held[0]).exists():
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE seal_key IN SHARE ROW EXCLUSIVE MODE")
            if absent := missing(held, at=at, keep_days=keep_days):  # another was first
                raise ChangeInput(_told(absent, held))
            models.SealKey.objects.get_or_create(id=held[0], defaults={"first_at": at})


def missing(held: Sequence[str], *, at: datetime, keep_days: int) -> list[str]:
    """Ids of keys that are needed and not held, the oldest first."""
    with outages(doing="looking for seal keys"):
        known = list(models.SealKey.objects.order_by("first_at").values_list("id", "first_at"))
    replaced_at = [first_at for _id, first_at in known[1:]] + [at]
    oldest = at - timedelta(days=keep_days)
    return [
        id_
        for (id_, _first_at), until in zip(known, replaced_at, strict=False)
        if until > oldest and id_ not in held
    ]


def forget_lost(held: Sequence[str]) -> list[str]:
    """Go on without keys that are not held here, and answer which they were."""
    with outages(doing="forgetting seal keys"), transaction.atomic():
        lost = models.SealKey.objects.exclude(id__in=held)
        ids = list(lost.order_by("first_at").values_list("id", flat=True))
        lost.delete()
    return ids


def _told(absent: Sequence[str], held: Sequence[str]) -> str:
    return (
        f"This machine does not hold seal key {', '.join(absent)} of the installation (held: "
        f"{', '.join(held) or 'none'}); without it, those who return would get new ids. Nothing "
        "was done. Give this machine the KINSYNC_SEAL_KEY or the file keys/seal.key of the machine "
        "that worked before. Only where that key is lost for good: 'kinsync migrate --lost-key'."
    )
