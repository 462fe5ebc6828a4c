"""Several sources of one district: whose values stand, which source each is of, and pauses."""

import django.db.models.deletion
from django.db import migrations, models

WALL = """
    ALTER TABLE source_priority ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_district ON source_priority TO kinsync_web USING (
        district_id = NULLIF(current_setting('kinsync.district', true), '')::int
    );
"""
RECORDS = ("student", "contact", "relationship", "samepersonpart")


class Migration(migrations.Migration):
    dependencies = [("store", "0041_changes_alone")]

    operations = [
        *(
            migrations.AddField(model_name=model, name="sources", field=models.TextField(null=True))
            for model in RECORDS
        ),
        migrations.AddField(
            model_name="source", name="paused_at", field=models.DateTimeField(null=True)
        ),
        migrations.CreateModel(
            name="SourcePriority",
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
                ("order", models.JSONField(default=list)),
                ("fields", models.JSONField(default=dict)),
                ("saved_at", models.DateTimeField()),
                ("saved_by", models.TextField()),
                (
                    "district",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.district",
                    ),
                ),
            ],
            options={"db_table": "source_priority"},
        ),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
    ]
