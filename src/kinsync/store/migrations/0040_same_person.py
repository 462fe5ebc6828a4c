"""Pairs of contacts that look alike, what people decided about them, and who is behind whom."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

WALL = "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_district ON {table} TO kinsync_web USING (
        district_id = NULLIF(current_setting('kinsync.district', true), '')::int
        AND current_setting('kinsync.sees', true) = 'everything'
    );
    """
    for table in ("same_person", "same_person_part", "alike_pair")
)
VALUES = (
    "sis_id", "name", "phone", "phone_extension", "phone_type", "phone_type_source", "email",
    "more_phones", "more_emails", "address", "ties",
)  # fmt: skip
UNKNOWN_TO_PLANNER = "".join(
    f"ALTER TABLE same_person_part ALTER COLUMN {name} SET STATISTICS 0;" for name in VALUES
)
"""A table that a purge empties keeps its statistics, and with them the commonest values."""
GRANTS = "GRANT SELECT ON same_person TO kinsync_web; GRANT SELECT ON alike_pair TO kinsync_web;"
"""For the district's own people, never behind a share. Parts are the publisher's alone."""


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0033_connecting"),
    ]

    operations = [
        migrations.AddField(
            model_name="version",
            name="alike_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="SamePersonPart",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "id",
                        "since",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("id", models.CharField(db_collation="C", max_length=24)),
                ("since", models.IntegerField()),
                ("until", models.IntegerField(default=2147483647)),
                ("face_id", models.CharField(db_collation="C", max_length=24)),
                ("legacy_id", models.CharField(db_collation="C", max_length=24)),
                ("sis_id", models.TextField(null=True)),
                ("name", models.TextField(null=True)),
                ("phone", models.TextField(null=True)),
                ("phone_extension", models.TextField(null=True)),
                ("phone_type", models.TextField(null=True)),
                ("phone_type_source", models.TextField(null=True)),
                ("email", models.TextField(null=True)),
                ("more_phones", models.TextField(null=True)),
                ("more_emails", models.TextField(null=True)),
                ("address", models.TextField(null=True)),
                ("restricted", models.TextField(null=True)),
                ("ties", models.TextField()),
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
                "db_table": "same_person_part",
            },
        ),
        migrations.CreateModel(
            name="AlikePair",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "low_id",
                        "high_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("low_id", models.CharField(db_collation="C", max_length=24)),
                ("high_id", models.CharField(db_collation="C", max_length=24)),
                ("score", models.SmallIntegerField()),
                (
                    "reasons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
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
            ],
            options={
                "db_table": "alike_pair",
                "indexes": [
                    models.Index(
                        fields=["district", "-score", "low_id", "high_id"], name="alike_best"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SamePerson",
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
                ("low_id", models.CharField(db_collation="C", max_length=24)),
                ("low_legacy_id", models.CharField(db_collation="C", max_length=24)),
                ("high_id", models.CharField(db_collation="C", max_length=24)),
                ("high_legacy_id", models.CharField(db_collation="C", max_length=24)),
                ("verdict", models.TextField(db_collation="C")),
                ("decided_by", models.TextField()),
                ("decided_at", models.DateTimeField()),
                ("undone_by", models.TextField(default="")),
                ("undone_at", models.DateTimeField(null=True)),
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
                "db_table": "same_person",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("undone_at__isnull", True)),
                        fields=("district", "low_id", "high_id"),
                        name="same_person_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(WALL + GRANTS + UNKNOWN_TO_PLANNER),
    ]
