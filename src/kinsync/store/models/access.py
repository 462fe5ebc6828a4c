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
    only_for = models.ForeignKey(
        District, null=True, on_delete=models.PROTECT, db_constraint=False, related_name="+"
    )  # the district that added it for itself; blank: every district may connect it

    class Meta:
        db_table = "application"
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="application_name_once")
        ]


class Connection(models.Model):
    """One row ties one application to one district; ``share`` says what it may see.

    A connection that was ended stays for what is on record of it; tied again, the two have a new
    one.
    """

    id = models.AutoField(primary_key=True)
    district = models.ForeignKey(District, on_delete=models.PROTECT)
    application = models.ForeignKey(Application, on_delete=models.PROTECT)
    share = models.JSONField(default=dict)
    edition = models.IntegerField(db_default=0)  # the newest: what the application sees now
    created_at = models.DateTimeField()
    generation = models.IntegerField(db_default=1)  # of its listed token; a step ends the last one
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "connection"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["district", "application"],
                condition=models.Q(ended_at=None),
                name="connection_once",
            )
        ]


class Token(models.Model):
    """One row is one bearer token of a connection, as a hash.

    One that the application lists by its client secret is of a generation of its connection, and
    opens while the connection is of that generation. One that was issued at random has none.
    """

    hash = models.TextField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    generation = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "token"


class TokenMinute(models.Model):
    """One row counts the requests of one token in one minute: unlogged, and used over and over.

    ``slot`` is the minute within the hour. A row of its own for each bounds how many versions of
    it a long transaction can keep alive, and how many a request has to step over.
    """

    pk = models.CompositePrimaryKey("token", "slot")
    token = models.TextField(db_collation="C")  # its hash
    slot = models.SmallIntegerField()
    minute = models.IntegerField()  # since 1970
    used = models.IntegerField()

    class Meta:
        db_table = "token_minute"
