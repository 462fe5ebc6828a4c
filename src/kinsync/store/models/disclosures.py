"""Who received whose contacts."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from kinsync.store.models.fields import id_field
from kinsync.store.models.records import District


class Disclosure(models.Model):
    """One row is one answer that named contacts to an application. Append-only.

    Whom it named follows from the rest: the records from ``first_id`` to ``last_id`` that the
    connection's ``edition`` showed of the district's ``version`` (of one student's, where
    ``student_id`` names one).
    """

    pk = models.CompositePrimaryKey("district_id", "id")
    district = models.ForeignKey(
        District, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    connection_id = models.IntegerField()
    id = models.BigIntegerField()  # numbered by the database; nobody else can
    at = models.DateTimeField(db_default=Now())  # the same
    edition = models.IntegerField()
    version = models.IntegerField()
    records = models.IntegerField()
    api = models.TextField()  # v1.2 … v3.1: says of which kind the ids are
    endpoint = models.TextField()  # such as users/{id}/mycontacts
    first_id = id_field()
    last_id = id_field()
    student_id = models.CharField(max_length=24, db_collation="C", null=True)
    fields = models.TextField()  # those that had a value, with spaces between

    class Meta:
        db_table = "disclosure"
        indexes: ClassVar = [
            BrinIndex(fields=["district", "at"], name="disclosure_at", autosummarize=True)
        ]
