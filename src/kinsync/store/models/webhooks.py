"""Webhook endpoints and the messages that go to them. No message holds anything of a person."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from kinsync.store.models.access import Connection
from kinsync.store.models.fields import id_field
from kinsync.store.models.records import District


class WebhookEndpoint(models.Model):
    """One row is one address that is told about a connection's new events.

    ``secret`` and ``old_secret`` are sealed (``store.sealing``); the old one signs too until
    ``old_ends_at``. While an attempt is made, the endpoint is leased: attempt number ``lease`` has
    it until ``leased_until``.
    """

    pk = models.CompositePrimaryKey("district_id", "id")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    id = id_field()
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, db_index=False)
    url = models.TextField()
    secret = models.TextField()
    old_secret = models.TextField(default="")
    old_ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.TextField(default="")
    attempted_at = models.DateTimeField(null=True)
    wait_until = models.DateTimeField(null=True)  # it asked to be left alone
    lease = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_endpoint"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["district", "connection", "url"], name="webhook_endpoint_once"
            )
        ]


class WebhookMessage(models.Model):
    """One row is one message to one endpoint. ``id`` is the order of creation, ``webhook_id`` what
    the receiver knows it by; ``status`` and ``reason`` are of the last attempt."""

    pk = models.CompositePrimaryKey("district_id", "id")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    id = models.BigIntegerField()  # numbered by the database
    endpoint_id = id_field()
    webhook_id = models.TextField()
    type = models.TextField()
    occurred_at = models.DateTimeField()
    first_event = models.CharField(max_length=24, null=True, db_collation="C")
    last_event = models.CharField(max_length=24, null=True, db_collation="C")
    count = models.IntegerField(default=0)
    state = models.TextField()  # waiting, delivered, failed
    due_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    attempted_at = models.DateTimeField(null=True)
    status = models.IntegerField(null=True)
    reason = models.TextField(default="")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_message"
        indexes: ClassVar = [
            models.Index(
                fields=["district", "endpoint_id", "id"],
                condition=Q(state="waiting"),
                name="webhook_message_waiting",
            ),
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="webhook_due"),
            models.Index(fields=["district", "endpoint_id", "-id"], name="webhook_message_recent"),
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="webhook_message_finished",
            ),
        ]
