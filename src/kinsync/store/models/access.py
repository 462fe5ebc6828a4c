"""Applications, their connections to districts, and the tokens that open them."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from kinsync.store.models.fields import id_field
from kinsync.store.models.records import District


class Application(models.Model):
    """One row is one application that reads contacts."""

    id = models.AutoField(primary_key=True)
    public_id = id_field(unique=True)
    name = models.TextField()
    client_secret_hash = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "application"
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="application_name_once")
        ]


class Connection(models.Model):
    """One row ties one application to one district; ``share`` says what it may see."""

    id = models.AutoField(primary_key=True)
    district = models.ForeignKey(District, on_delete=models.PROTECT)
    application = models.ForeignKey(Application, on_delete=models.PROTECT)
    share = models.JSONField(default=dict)
    edition = models.IntegerField(db_default=0)  # the newest: what the application sees now
    created_at = models.DateTimeField()

    class Meta:
        db_table = "connection"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["district", "application"], name="connection_once")
        ]


class Token(models.Model):
    """One row is one bearer token of a connection, as a hash."""

    hash = models.TextField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "token"
