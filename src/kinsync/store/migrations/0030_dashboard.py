"""People who sign in, what they do, and by what the Data Browser finds people."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_district ON {table} TO kinsync_web
    USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
"""

RIGHTS = """
GRANT SELECT, UPDATE (password, last_login) ON dashboard_user TO kinsync_web;
GRANT SELECT ON dashboard_role, search_key, search_state, reach, dashboard_act TO kinsync_web;
ALTER TABLE dashboard_act ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
GRANT INSERT (district_id, user_id, email, what, about, version, records, subjects)
    ON dashboard_act TO kinsync_web;
"""
"""Whoever signs in changes the own password, and puts on record what is done: no row of the record
is changed or taken away. Who may do what is changed by the owner of the tables alone."""


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0021_addresses_and_flags"),
    ]
    run_before = [  # their tables point to the people of this one
        ("account", "0001_initial"),
        ("mfa", "0001_initial"),
        ("socialaccount", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchState",
            fields=[
                (
                    "district",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="store.district",
                    ),
                ),
                ("version", models.IntegerField()),
            ],
            options={
                "db_table": "search_state",
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                ("is_active", models.BooleanField(default=True)),
                ("is_operator", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "dashboard_user",
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"), name="dashboard_user_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Role",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "user_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("role", models.TextField()),
                (
                    "district",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.district",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "dashboard_role",
            },
        ),
        migrations.CreateModel(
            name="SearchKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "kind",
                        "key",
                        "id",
                        "since",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.SmallIntegerField()),
                ("key", models.TextField(db_collation="C")),
                ("id", models.CharField(db_collation="C", max_length=24)),
                ("since", models.IntegerField()),
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
                "db_table": "search_key",
            },
        ),
        migrations.CreateModel(
            name="Act",
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
                ("id", models.BigIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("user_id", models.BigIntegerField()),
                ("email", models.TextField()),
                ("what", models.TextField()),
                ("about", models.TextField()),
                ("version", models.IntegerField(null=True)),
                ("records", models.IntegerField(default=0)),
                ("subjects", models.TextField(default="")),
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
                "db_table": "dashboard_act",
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True, fields=["district", "at"], name="dashboard_act_at"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Reach",
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
                ("schools", models.JSONField(default=list)),
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
                "db_table": "reach",
            },
        ),
        migrations.RunSQL(
            "".join(
                WALL.format(table=t)
                for t in ("search_key", "search_state", "reach", "dashboard_act")
            )
            + RIGHTS
        ),
    ]
