"""Seal keys of the installation, by what tells them apart."""

from django.db import models


class SealKey(models.Model):
    """One row is one key that a machine has sealed under. The key itself is nowhere here."""

    id = models.CharField(primary_key=True, max_length=32, db_collation="C")
    first_at = models.DateTimeField()  # since when it was the first of some machine

    class Meta:
        db_table = "seal_key"
