"""What each connection sees and was told, and a wall behind each share.

The database lets the web role see of a district's records what the connection's share shows: a
query that forgot the share would read nothing more.
"""

import django.db.models.deletion
from django.db import migrations, models

from kinsync.store.intervals import STILL

# ruff: noqa: S608 - statements are put together from this module's own words

KINDS = ("school", "student", "contact", "relationship")
OF_CONNECTION = ("edition", "visible", "event")
DISTRICT = "NULLIF(current_setting('kinsync.district', true), '')::int"
CONNECTION = "NULLIF(current_setting('kinsync.connection', true), '')::int"
EDITION = "NULLIF(current_setting('kinsync.edition', true), '')::int"
HISTORY = dict.fromkeys(KINDS, "") | {"relationship": f" OR relationship.until < {STILL}"}
"""What a person was to a student, and was shown as, still says when the person last changed."""

OWN_SHARE = "".join(
    f"""
    DROP POLICY own_district ON {kind};
    CREATE POLICY own_share ON {kind} TO kinsync_web USING (
        district_id = {DISTRICT}
        AND (
            current_setting('kinsync.sees', true) = 'everything'
            OR COALESCE((
                SELECT true FROM visible
                WHERE visible.district_id = {kind}.district_id
                AND visible.connection_id = {CONNECTION}
                AND visible.kind = '{kind}' AND visible.record_id = {kind}.id
                AND visible.since <= {EDITION} AND ({EDITION} < visible.until{HISTORY[kind]})
                LIMIT 1
            ), false)
        )
    );
    """
    for kind in KINDS
)
"""A look-up for each record of a limited share: LIMIT keeps it from being read as a whole list."""

OWN_CONNECTION = "".join(
    f"""
    GRANT SELECT ON {table} TO kinsync_web;
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_connection ON {table} TO kinsync_web
        USING (district_id = {DISTRICT} AND connection_id = {CONNECTION});
    """
    for table in OF_CONNECTION
)

FIRST_EDITIONS = """
UPDATE connection SET edition = 1;
INSERT INTO edition (district_id, connection_id, number, version, share, at, cause, floor, events)
SELECT district_id, connection.id, 1, published, share, now(), 'share', repeat('0', 24), 0
FROM connection JOIN district ON district.id = district_id;
"""
"""Connections that were there before see what they saw; their feed begins here."""


class Migration(migrations.Migration):
    dependencies = [("store", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="edition",
            field=models.IntegerField(db_default=0),
        ),
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("connection_id", models.IntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "connection_id",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.IntegerField()),
                ("version", models.IntegerField()),
                ("share", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                ("cause", models.TextField()),
                ("floor", models.CharField(db_collation="C", max_length=24)),
                ("events", models.IntegerField()),
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
                "db_table": "edition",
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("connection_id", models.IntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "connection_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("id", models.CharField(db_collation="C", max_length=24)),
                ("edition", models.IntegerField()),
                ("act", models.TextField(db_collation="C")),
                ("kind", models.TextField(db_collation="C")),
                ("record_id", models.CharField(db_collation="C", max_length=24)),
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
                "db_table": "event",
            },
        ),
        migrations.CreateModel(
            name="Visible",
            fields=[
                ("connection_id", models.IntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "connection_id",
                        "kind",
                        "record_id",
                        "since",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.TextField(db_collation="C")),
                ("record_id", models.CharField(db_collation="C", max_length=24)),
                ("legacy_id", models.CharField(db_collation="C", max_length=24, null=True)),
                ("since", models.IntegerField()),
                ("until", models.IntegerField(default=2147483647)),
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
                "db_table": "visible",
                "indexes": [
                    models.Index(
                        condition=models.Q(("legacy_id__isnull", False)),
                        fields=["district", "connection_id", "legacy_id"],
                        name="visible_legacy",
                    )
                ],
            },
        ),
        migrations.RunSQL(OWN_CONNECTION + OWN_SHARE),
        migrations.RunSQL(FIRST_EDITIONS),
    ]
