"""How complete contacts are, counted once for each version."""

import django.db.models.deletion
from django.db import migrations, models

WALL = """
ALTER TABLE quality ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_district ON quality TO kinsync_web
    USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
GRANT SELECT ON quality TO kinsync_web;
"""
"""Pages read what was counted behind the gate; who counts is the owner of the tables, as of
``reach``. There are counts in it alone, by school and type."""


class Migration(migrations.Migration):
    dependencies = [("store", "0031_sign_in")]

    operations = [
        migrations.CreateModel(
            name="Quality",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "version",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("version", models.IntegerField()),
                ("figures", models.JSONField(default=dict)),
                (
                    "district",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.district",
                    ),
                ),
            ],
            options={"db_table": "quality"},
        ),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
    ]
