"""What was purged and when, and by what those are known again whose values are gone."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

WALL = """
ALTER TABLE identity ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_district ON identity TO kinsync_web
    USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
"""
"""No grant: only the publisher asks who somebody was."""


class Migration(migrations.Migration):
    dependencies = [("store", "0012_jobs")]

    operations = [
        migrations.AddField(
            model_name="district",
            name="purge_queued_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="version",
            name="purged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="adopted",
            name="kept_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "hash",
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
                ("hash", models.CharField(db_collation="C", max_length=32)),
                ("id", models.CharField(db_collation="C", max_length=24)),
                ("kind", models.TextField(db_collation="C")),
                ("role", models.TextField(db_collation="C")),
                ("is_household", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "identity",
                "indexes": [models.Index(fields=["district", "id"], name="identity_id")],
            },
        ),
        migrations.RunSQL(WALL),
    ]
