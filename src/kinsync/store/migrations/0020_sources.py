"""Sources, pulls, and the versions of mappings."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

WALLED = ("source", "pull", "source_mapping")

WALL = "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_district ON {table} TO kinsync_web
        USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
    """
    for table in WALLED
)
"""As in the first migration; no door reads these tables yet, so none is given the right to."""

SEQUENCE = "CREATE SEQUENCE source_id;"
DROP_SEQUENCE = "DROP SEQUENCE source_id;"


def _key(*names: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(
        *names, blank=True, editable=False, primary_key=True, serialize=False
    )


def _district() -> "models.ForeignKey[object, object]":
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="store.district"
    )


class Migration(migrations.Migration):
    dependencies = [("store", "0016_seal_keys")]

    operations = [
        migrations.CreateModel(
            name="Source",
            fields=[
                ("pk", _key("district_id", "id")),
                ("id", models.BigIntegerField()),
                ("name", models.TextField()),
                ("connector", models.TextField()),
                ("settings", models.JSONField(default=dict)),
                ("credentials", models.TextField(default="")),
                ("priority", models.IntegerField(default=1)),
                ("state", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("district", _district()),
            ],
            options={
                "db_table": "source",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("district"),
                        django.db.models.functions.text.Lower("name"),
                        name="source_name_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Pull",
            fields=[
                ("pk", _key("district_id", "id")),
                ("id", models.BigIntegerField()),
                ("source_id", models.BigIntegerField()),
                ("state", models.TextField()),
                ("reason", models.TextField(default="")),
                ("rows", models.BigIntegerField(default=0)),
                ("size", models.BigIntegerField(default=0)),
                ("sha256", models.TextField(default="")),
                ("turn", models.BigIntegerField(null=True)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("discarded_at", models.DateTimeField(null=True)),
                ("district", _district()),
            ],
            options={
                "db_table": "pull",
                "indexes": [
                    models.Index(fields=["district", "source_id", "-id"], name="pull_recent"),
                    models.Index(
                        condition=models.Q(("discarded_at", None)),
                        fields=["finished_at"],
                        name="pull_kept",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceMapping",
            fields=[
                ("pk", _key("district_id", "source_id", "version")),
                ("source_id", models.BigIntegerField()),
                ("version", models.IntegerField()),
                ("toml", models.TextField()),
                ("saved_at", models.DateTimeField()),
                ("saved_by", models.TextField()),
                ("district", _district()),
            ],
            options={"db_table": "source_mapping"},
        ),
        migrations.RunSQL(SEQUENCE, DROP_SEQUENCE),
        migrations.RunSQL(WALL, migrations.RunSQL.noop),
    ]
