"""What each connection sees, saw and was told.

An *edition* is what a connection sees from one publish or change of its share on. Editions of a
connection are numbered from 1; what a limited share shows is kept as intervals ``[since, until)``
of editions, and events say what differs between an edition and the one before it.
"""

from typing import ClassVar

from django.db import models

from kinsync.store.intervals import STILL
from kinsync.store.models.fields import id_field
from kinsync.store.models.records import District


class OfConnection(models.Model):
    """What belongs to one connection; the connection is named by its number alone."""

    district = models.ForeignKey(
        District, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    connection_id = models.IntegerField()

    class Meta:
        abstract = True


class Edition(OfConnection):
    """One row is one edition of a connection: a version of the district, seen through a share."""

    pk = models.CompositePrimaryKey("district_id", "connection_id", "number")
    number = models.IntegerField()
    version = models.IntegerField()
    share = models.JSONField(default=dict)
    at = models.DateTimeField()
    cause = models.TextField()  # sync, restore, share
    floor = id_field()  # every event of this edition and of later ones has a greater id
    events = models.IntegerField()

    class Meta:
        db_table = "edition"


class Visible(OfConnection):
    """One row is one record that a limited share shows, in editions ``since`` until ``until``."""

    pk = models.CompositePrimaryKey("district_id", "connection_id", "kind", "record_id", "since")
    kind = models.TextField(db_collation="C")  # one of domain.frames.KINDS
    record_id = id_field()
    legacy_id = models.CharField(max_length=24, db_collation="C", null=True)  # of a contact
    since = models.IntegerField()
    until = models.IntegerField(default=STILL)

    class Meta:
        db_table = "visible"
        indexes: ClassVar = [
            models.Index(
                fields=["district", "connection_id", "legacy_id"],
                condition=models.Q(legacy_id__isnull=False),
                name="visible_legacy",
            )
        ]


class Event(OfConnection):
    """One row is one change as told to one application; what it says is read from the records."""

    pk = models.CompositePrimaryKey("district_id", "connection_id", "id")
    id = id_field()
    edition = models.IntegerField()
    act = models.TextField(db_collation="C")  # created, updated, deleted
    kind = models.TextField(db_collation="C")  # one of domain.frames.KINDS
    record_id = id_field()

    class Meta:
        db_table = "event"
