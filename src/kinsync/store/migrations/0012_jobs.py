"""The queue's own tables, workers, timetables, and the people who are told."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

WALLED = ("schedule", "team_member")

WALL = "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_district ON {table} TO kinsync_web
        USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
    """
    for table in WALLED
)
"""As in the first migration; no door reads these tables yet, so none is given the right to."""


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0011_uploads"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [
        migrations.AddField(
            model_name="sync",
            name="turn",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="sync",
            name="reported_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="sync",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["started_at"], name="sync_started", pages_per_range=8
            ),
        ),
        migrations.RunSQL("UPDATE sync SET reported_at = finished_at"),  # nobody waits for those
        migrations.CreateModel(
            name="Worker",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("session", models.TextField()),
                ("started_at", models.DateTimeField()),
            ],
            options={
                "db_table": "worker",
            },
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "what",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("what", models.TextField(db_collation="C")),
                ("timetable", models.TextField()),
                ("jitter_seconds", models.IntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("last_at", models.DateTimeField(null=True)),
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
                "db_table": "schedule",
                "indexes": [models.Index(fields=["next_at"], name="schedule_next")],
            },
        ),
        migrations.CreateModel(
            name="TeamMember",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "email",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("email", models.TextField(db_collation="C")),
                ("reports", models.TextField()),
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
                "db_table": "team_member",
            },
        ),
        migrations.RunSQL(WALL),
    ]
