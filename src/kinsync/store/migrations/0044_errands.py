"""What pages ask for that takes longer than a page should."""

import django.db.models.deletion
from django.db import migrations, models

WALL = """
ALTER TABLE errand ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_district ON errand TO kinsync_web
    USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
"""
"""Pages and workers look at errands as the owner of the tables; the web role gets no sight of them,
and were it given one, only of its own district's."""


class Migration(migrations.Migration):
    dependencies = [("store", "0043_found")]

    operations = [
        migrations.CreateModel(
            name="Errand",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.CharField(db_collation="C", max_length=64)),
                ("what", models.TextField(db_collation="C")),
                ("question", models.JSONField(default=dict)),
                ("state", models.TextField(db_collation="C")),
                ("percent", models.SmallIntegerField(default=0)),
                ("answer", models.TextField(default="{}")),
                ("says", models.TextField(default="")),
                ("asked_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "district",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.district",
                    ),
                ),
            ],
            options={"db_table": "errand"},
        ),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
    ]
