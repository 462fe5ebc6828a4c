"""Sources of districts, the mappings that read them, and what was pulled from them."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from kinsync.store.models.records import District


class Source(models.Model):
    """One row is one district's use of a connector.

    ``credentials`` are sealed (``store.sealing``), bound to district and source. Where a field is
    fed by several sources, the lowest ``priority`` that has a value wins.
    """

    pk = models.CompositePrimaryKey("district_id", "id")
    id = models.BigIntegerField()  # ascends over all districts
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    name = models.TextField()
    connector = models.TextField()  # its name in connectors.CONNECTORS
    settings = models.JSONField(default=dict)  # no secrets
    credentials = models.TextField(default="")
    priority = models.IntegerField(default=1)
    state = models.JSONField(default=dict)  # services.known.Known, or nothing; no values of rows
    paused_at = models.DateTimeField(null=True)  # since when nothing that arrives of it counts
    created_at = models.DateTimeField()

    class Meta:
        db_table = "source"
        constraints: ClassVar = [
            models.UniqueConstraint("district", Lower("name"), name="source_name_once")
        ]


class Pull(models.Model):
    """One row is one attempt to read a source. Its bytes lie on the shelf of uploads."""

    pk = models.CompositePrimaryKey("district_id", "id")
    id = models.BigIntegerField()  # numbered as uploads are
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    source_id = models.BigIntegerField()
    state = models.TextField()  # running, complete, incomplete
    reason = models.TextField(default="")  # what was missing
    kind = models.TextField(default="")  # whole, changes; blank where it is not complete
    read = models.BigIntegerField(default=0)  # rows that the system gave
    why = models.TextField(default="")  # why all was read where changes might have done
    rows = models.BigIntegerField(default=0)  # rows of the source table that came of it
    size = models.BigIntegerField(default=0)
    sha256 = models.TextField(default="")
    turn = models.BigIntegerField(null=True)  # counted with the turns of uploads
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)  # since when its bytes are no longer kept

    class Meta:
        db_table = "pull"
        indexes: ClassVar = [
            models.Index(fields=["district", "source_id", "-id"], name="pull_recent"),
            models.Index(
                fields=["finished_at"], name="pull_kept", condition=models.Q(discarded_at=None)
            ),
        ]


class SourceMapping(models.Model):
    """One row is one version of a district's own mapping of a source; the highest is in use."""

    pk = models.CompositePrimaryKey("district_id", "source_id", "version")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    source_id = models.BigIntegerField()
    version = models.IntegerField()
    toml = models.TextField()  # over the connector's default; blank: the default as it is
    saved_at = models.DateTimeField()
    saved_by = models.TextField()

    class Meta:
        db_table = "source_mapping"


class SourcePriority(models.Model):
    """One row is one version of whose values stand in a district; the highest is in use."""

    pk = models.CompositePrimaryKey("district_id", "version")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    version = models.IntegerField()
    order = models.JSONField(default=list)  # numbers of sources, the one that wins first
    fields = models.JSONField(default=dict)  # field → the same, where it is another
    saved_at = models.DateTimeField()
    saved_by = models.TextField()

    class Meta:
        db_table = "source_priority"
