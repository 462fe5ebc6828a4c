"""Pairs of contacts that look alike, what people decided, and who stands behind whom."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kinsync.store.intervals import STILL
from kinsync.store.models.fields import id_field, text_field


class SamePerson(models.Model):
    """One row is one decision about a pair; one that was undone stays on record."""

    pk = models.CompositePrimaryKey("district_id", "id")
    district = models.ForeignKey("store.District", on_delete=models.PROTECT, db_index=False)
    id = id_field()
    low_id = id_field()
    low_legacy_id = id_field()
    high_id = id_field()
    high_legacy_id = id_field()
    verdict = models.TextField(db_collation="C")  # one of domain.deciding.VERDICTS
    decided_by = models.TextField()
    decided_at = models.DateTimeField()
    undone_by = models.TextField(default="")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "same_person"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["district", "low_id", "high_id"],
                condition=Q(undone_at__isnull=True),
                name="same_person_once",
            )
        ]


class SamePersonPart(models.Model):
    """One row is one contact behind a face, as it was delivered for the versions ``since`` …
    ``until``."""

    pk = models.CompositePrimaryKey("district_id", "id", "since")
    district = models.ForeignKey(
        "store.District", on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    id = id_field()
    since = models.IntegerField()
    until = models.IntegerField(default=STILL)
    face_id = id_field()
    legacy_id = id_field()
    sis_id = text_field()
    name = text_field()
    phone = text_field()
    phone_extension = text_field()
    phone_type = text_field()
    phone_type_source = text_field()
    email = text_field()
    more_phones = text_field()
    more_emails = text_field()
    address = text_field()
    restricted = text_field()
    sources = text_field()
    ties = models.TextField()  # JSON, see domain.deciding

    class Meta:
        db_table = "same_person_part"


class AlikePair(models.Model):
    """One row is one pair of contacts of a version that look alike."""

    pk = models.CompositePrimaryKey("district_id", "low_id", "high_id")
    district = models.ForeignKey(
        "store.District", on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    low_id = id_field()
    high_id = id_field()
    score = models.SmallIntegerField()  # 1 to 99
    reasons = ArrayField(models.TextField())  # keys of pipeline.alike.REASONS

    class Meta:
        db_table = "alike_pair"
        indexes: ClassVar = [
            models.Index(fields=["district", "-score", "low_id", "high_id"], name="alike_best")
        ]
