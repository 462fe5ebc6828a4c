"""Tokens that applications list themselves, requests counted by the minute, reads on record."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

LISTING = "GRANT INSERT ON token TO kinsync_web;"
"""An application that lists its tokens makes them. Ending one stays with the owner."""

COUNTING = """
ALTER TABLE token_minute SET UNLOGGED;  -- a count lost in a crash is a minute's
ALTER TABLE token_minute SET (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON token_minute TO kinsync_web;
"""

ON_RECORD = """
ALTER TABLE disclosure ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE disclosure ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_district ON disclosure TO kinsync_web
    USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
GRANT INSERT (district_id, connection_id, edition, version, records, api, endpoint,
    first_id, last_id, student_id, fields) ON disclosure TO kinsync_web;
"""
"""Append-only: number and moment are the database's own, and no row is changed or taken away."""


class Migration(migrations.Migration):
    dependencies = [("store", "0002_sharing")]

    operations = [
        migrations.CreateModel(
            name="Disclosure",
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
                (
                    "district",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.district",
                    ),
                ),
                ("connection_id", models.IntegerField()),
                ("id", models.BigIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("edition", models.IntegerField()),
                ("version", models.IntegerField()),
                ("records", models.IntegerField()),
                ("api", models.TextField()),
                ("endpoint", models.TextField()),
                ("first_id", models.CharField(db_collation="C", max_length=24)),
                ("last_id", models.CharField(db_collation="C", max_length=24)),
                ("student_id", models.CharField(db_collation="C", max_length=24, null=True)),
                ("fields", models.TextField()),
            ],
            options={
                "db_table": "disclosure",
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True, fields=["district", "at"], name="disclosure_at"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TokenMinute",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "token",
                        "slot",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("token", models.TextField(db_collation="C")),
                ("slot", models.SmallIntegerField()),
                ("minute", models.IntegerField()),
                ("used", models.IntegerField()),
            ],
            options={"db_table": "token_minute"},
        ),
        migrations.RemoveConstraint(model_name="connection", name="connection_once"),
        migrations.AddField(
            model_name="connection", name="ended_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="connection", name="generation", field=models.IntegerField(db_default=1)
        ),
        migrations.AddField(
            model_name="token", name="generation", field=models.IntegerField(null=True)
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                condition=models.Q(ended_at=None),
                fields=("district", "application"),
                name="connection_once",
            ),
        ),
        migrations.RunSQL(LISTING + COUNTING + ON_RECORD),
    ]
