"""Webhook endpoints and their messages. The web role has no right to them at all."""

import django.db.models.deletion
from django.db import migrations, models

WALLED = ("webhook_endpoint", "webhook_message")

POLICIES = "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_district ON {table} TO kinsync_web
        USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
    """
    for table in WALLED
)

NUMBERS = """
ALTER TABLE webhook_message ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE webhook_message ADD CONSTRAINT webhook_message_endpoint
    FOREIGN KEY (district_id, endpoint_id) REFERENCES webhook_endpoint (district_id, id)
    ON DELETE CASCADE;
"""
"""Messages are numbered in the order of creation, and go with their endpoint."""


class Migration(migrations.Migration):
    dependencies = [("store", "0003_tokens")]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("id", models.CharField(db_collation="C", max_length=24)),
                ("url", models.TextField()),
                ("secret", models.TextField()),
                ("old_secret", models.TextField(default="")),
                ("old_ends_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_reason", models.TextField(default="")),
                ("attempted_at", models.DateTimeField(null=True)),
                ("wait_until", models.DateTimeField(null=True)),
                ("lease", models.BigIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="store.connection",
                    ),
                ),
                (
                    "district",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.district",
                    ),
                ),
            ],
            options={
                "db_table": "webhook_endpoint",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("district", "connection", "url"), name="webhook_endpoint_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookMessage",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("id", models.BigIntegerField()),
                ("endpoint_id", models.CharField(db_collation="C", max_length=24)),
                ("webhook_id", models.TextField()),
                ("type", models.TextField()),
                ("occurred_at", models.DateTimeField()),
                ("first_event", models.CharField(db_collation="C", max_length=24, null=True)),
                ("last_event", models.CharField(db_collation="C", max_length=24, null=True)),
                ("count", models.IntegerField(default=0)),
                ("state", models.TextField()),
                ("due_at", models.DateTimeField()),
                ("attempts", models.IntegerField(default=0)),
                ("attempted_at", models.DateTimeField(null=True)),
                ("status", models.IntegerField(null=True)),
                ("reason", models.TextField(default="")),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "district",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.district",
                    ),
                ),
            ],
            options={
                "db_table": "webhook_message",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["district", "endpoint_id", "id"],
                        name="webhook_message_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["due_at"],
                        name="webhook_due",
                    ),
                    models.Index(
                        fields=["district", "endpoint_id", "-id"], name="webhook_message_recent"
                    ),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", False)),
                        fields=["finished_at"],
                        name="webhook_message_finished",
                    ),
                ],
            },
        ),
        migrations.RunSQL(NUMBERS),
        migrations.RunSQL(POLICIES),
    ]
