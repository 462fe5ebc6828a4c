"""Ids of another service, and a clock whose numbers no other home counts."""

import django.db.models.deletion
from django.db import migrations, models

WALL = """
ALTER TABLE adopted ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_district ON adopted TO kinsync_web
    USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
"""
"""No grant: who serves reads the records alone."""

CLOCK = """
UPDATE id_clock SET counter = counter + ((1 + floor(random() * 4194302))::bigint << 40)
"""
"""A beginning of one's own: ids of two homes differ, though both count by the same seconds."""


class Migration(migrations.Migration):
    dependencies = [("store", "0004_webhooks")]

    operations = [
        migrations.CreateModel(
            name="Adopted",
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
                ("kind", models.TextField(db_collation="C")),
                ("legacy_id", models.CharField(db_collation="C", max_length=24, null=True)),
                ("sis_id", models.TextField(null=True)),
                ("name", models.TextField(null=True)),
                ("phone", models.TextField(null=True)),
                ("email", models.TextField(null=True)),
                ("students", models.TextField(null=True)),
                ("type", models.TextField(null=True)),
                ("relationship", models.TextField(null=True)),
                ("is_waiting", models.BooleanField(default=True)),
                (
                    "district",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.district",
                    ),
                ),
            ],
            options={
                "db_table": "adopted",
                "indexes": [
                    models.Index(fields=["id"], name="adopted_id"),
                    models.Index(
                        condition=models.Q(("legacy_id__isnull", False)),
                        fields=["legacy_id"],
                        name="adopted_legacy",
                    ),
                    models.Index(
                        condition=models.Q(("is_waiting", True)),
                        fields=["district"],
                        name="adopted_waiting",
                    ),
                ],
            },
        ),
        migrations.RunSQL(WALL),
        migrations.RunSQL(CLOCK),
    ]
