"""Which backups there are of this database, on record."""

from datetime import datetime

from kinsync.store import models
from kinsync.store.database import outages


def record_backup(backup: str, *, made_at: datetime, size: int, is_sealed: bool) -> None:
    """Remember that a backup was made."""
    with outages(doing="recording a backup"):
        models.Backup.objects.create(id=backup, made_at=made_at, size=size, is_sealed=is_sealed)


def is_restored_from(backup: str) -> bool:
    """Whether this database came from that backup, whole; there have to be tables."""
    with outages(doing="looking for a backup"):
        return models.Backup.objects.filter(id=backup).exclude(restored_at=None).exists()


def last_backup_at() -> datetime | None:
    """The moment whose data the latest backup holds; None where there is none."""
    with outages(doing="looking for a backup"):
        return models.Backup.objects.order_by("-made_at").values_list("made_at", flat=True).first()
