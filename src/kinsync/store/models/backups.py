"""Backups that were made of this database, and the one that it came from."""

from django.db import models


class Backup(models.Model):
    """One row is one backup: made here, or what this database was restored from."""

    id = models.CharField(primary_key=True, max_length=32, db_collation="C")
    made_at = models.DateTimeField(db_index=True)  # the moment whose data it holds
    size = models.BigIntegerField()  # bytes of its file
    is_sealed = models.BooleanField()
    restored_at = models.DateTimeField(null=True)  # null: it was made here

    class Meta:
        db_table = "backup"
