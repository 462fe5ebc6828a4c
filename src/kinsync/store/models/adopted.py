"""Ids of another service that records of a district have, or are to have."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from kinsync.store.models.fields import id_field, text_field


class Adopted(models.Model):
    """One row is one id to adopt, with the evidence by which its record is recognised.

    The row stays when the id is in force, without the evidence: the id is spoken for.
    """

    pk = models.CompositePrimaryKey("district_id", "id")
    district = models.ForeignKey(
        "store.District", on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    id = id_field()
    kind = models.TextField(db_collation="C")  # one of domain.moving.MOVING
    legacy_id = models.CharField(max_length=24, db_collation="C", null=True)
    sis_id = text_field()
    name = text_field()
    phone = text_field()
    email = text_field()
    students = text_field()  # JSON list of SIS ids, or null
    type = text_field()
    relationship = text_field()
    is_waiting = models.BooleanField(default=True)
    kept_at = models.DateTimeField(db_default=Now())  # since when the evidence is here

    class Meta:
        db_table = "adopted"
        indexes: ClassVar = [  # over all districts: the clock asks whether an id is spoken for
            models.Index(fields=["id"], name="adopted_id"),
            models.Index(
                fields=["legacy_id"],
                name="adopted_legacy",
                condition=models.Q(legacy_id__isnull=False),
            ),
            models.Index(
                fields=["district"], name="adopted_waiting", condition=models.Q(is_waiting=True)
            ),
        ]
