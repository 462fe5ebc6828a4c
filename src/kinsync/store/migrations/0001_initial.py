"""The first tables, and the second wall between districts: row-level security."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

WALLED = (
    "school",
    "student",
    "contact",
    "relationship",
    "ending",
    "contact_merge",
    "version",
    "sync",
)
READABLE = (*WALLED, "district", "application", "connection", "token")

ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kinsync_web') THEN
        CREATE ROLE kinsync_web NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- roles are shared by all databases
END
$$;
DO $$
BEGIN
    IF NOT pg_has_role(CURRENT_USER, 'kinsync_web', CASE
        WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
    THEN
        EXECUTE format('GRANT kinsync_web TO %I', CURRENT_USER);
    END IF;
END
$$;
"""
"""What the web doors act as: it owns nothing and reads what its district's setting allows."""

GRANTS = "".join(f"GRANT SELECT ON {table} TO kinsync_web;" for table in READABLE)

POLICIES = "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_district ON {table} TO kinsync_web
        USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
    """
    for table in WALLED
)
"""Without the setting there are no rows. The owner, who migrates and publishes, is not bound."""

ROOM = "".join(
    f"ALTER TABLE {table} SET (fillfactor = 90);"
    for table in ("school", "student", "contact", "relationship")
)
"""Room in each page, so that an interval can be closed in place."""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="IdClock",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("seconds", models.BigIntegerField()),
                ("counter", models.BigIntegerField()),
            ],
            options={
                "db_table": "id_clock",
            },
        ),
        migrations.CreateModel(
            name="Application",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("public_id", models.CharField(db_collation="C", max_length=24, unique=True)),
                ("name", models.TextField()),
                ("client_secret_hash", models.TextField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "application",
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"), name="application_name_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="District",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("public_id", models.CharField(db_collation="C", max_length=24, unique=True)),
                ("name", models.TextField()),
                ("published", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("settings", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "district",
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"), name="district_name_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Connection",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("share", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="store.application"
                    ),
                ),
                (
                    "district",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="store.district"
                    ),
                ),
            ],
            options={
                "db_table": "connection",
            },
        ),
        migrations.CreateModel(
            name="Ending",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "version",
                        "kind",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("version", models.IntegerField()),
                ("kind", models.TextField(db_collation="C")),
                ("id", models.CharField(db_collation="C", max_length=24)),
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
                "db_table": "ending",
            },
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "from_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("from_id", models.CharField(db_collation="C", max_length=24)),
                ("into_id", models.CharField(db_collation="C", max_length=24)),
                ("version", models.IntegerField()),
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
                "db_table": "contact_merge",
            },
        ),
        migrations.CreateModel(
            name="Relationship",
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
                ("created", models.IntegerField()),
                ("contact_id", models.CharField(db_collation="C", max_length=24)),
                ("student_id", models.CharField(db_collation="C", max_length=24)),
                ("type", models.TextField(null=True)),
                ("type_source", models.TextField(null=True)),
                ("relationship", models.TextField(null=True)),
                ("relationship_source", models.TextField(null=True)),
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
                "db_table": "relationship",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="School",
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
                ("created", models.IntegerField()),
                ("sis_id", models.TextField(null=True)),
                ("name", models.TextField(null=True)),
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
                "db_table": "school",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Student",
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
                ("created", models.IntegerField()),
                ("sis_id", models.TextField(null=True)),
                ("school_sis_id", models.TextField(null=True)),
                ("student_number", models.TextField(null=True)),
                ("state_id", models.TextField(null=True)),
                ("last_name", models.TextField(null=True)),
                ("middle_name", models.TextField(null=True)),
                ("first_name", models.TextField(null=True)),
                ("grade", models.TextField(null=True)),
                ("gender", models.TextField(null=True)),
                ("graduation_year", models.TextField(null=True)),
                ("dob", models.TextField(null=True)),
                ("race", models.TextField(null=True)),
                ("hispanic_ethnicity", models.TextField(null=True)),
                ("home_language", models.TextField(null=True)),
                ("ell_status", models.TextField(null=True)),
                ("frl_status", models.TextField(null=True)),
                ("iep_status", models.TextField(null=True)),
                ("street", models.TextField(null=True)),
                ("city", models.TextField(null=True)),
                ("state", models.TextField(null=True)),
                ("zip", models.TextField(null=True)),
                ("email", models.TextField(null=True)),
                ("username", models.TextField(null=True)),
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
                "db_table": "student",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Sync",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("state", models.TextField()),
                ("is_preview", models.BooleanField(default=False)),
                ("origin", models.TextField()),
                ("file_name", models.TextField()),
                ("sha256", models.TextField()),
                ("rules", models.TextField()),
                ("base", models.IntegerField()),
                ("version", models.IntegerField(null=True)),
                ("counts", models.JSONField(default=dict)),
                ("reasons", models.JSONField(default=list)),
                ("folder", models.TextField(default="")),
                ("error", models.TextField(default="")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "district",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="store.district"
                    ),
                ),
            ],
            options={
                "db_table": "sync",
            },
        ),
        migrations.CreateModel(
            name="Token",
            fields=[
                ("hash", models.TextField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="store.connection"
                    ),
                ),
            ],
            options={
                "db_table": "token",
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.IntegerField()),
                ("published_at", models.DateTimeField()),
                ("origin", models.TextField()),
                ("sync_id", models.BigIntegerField()),
                ("counts", models.JSONField(default=dict)),
                ("cache", models.TextField(default="")),
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
                "db_table": "version",
            },
        ),
        migrations.CreateModel(
            name="Contact",
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
                ("created", models.IntegerField()),
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
                "db_table": "contact",
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["district", "since"],
                        name="contact_since",
                        pages_per_range=32,
                    ),
                    models.Index(fields=["district", "legacy_id"], name="contact_legacy"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                fields=("district", "application"), name="connection_once"
            ),
        ),
        migrations.AddIndex(
            model_name="relationship",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True,
                fields=["district", "since"],
                name="relationship_since",
                pages_per_range=32,
            ),
        ),
        migrations.AddIndex(
            model_name="relationship",
            index=models.Index(fields=["district", "contact_id"], name="relationship_contact"),
        ),
        migrations.AddIndex(
            model_name="relationship",
            index=models.Index(fields=["district", "student_id"], name="relationship_student"),
        ),
        migrations.AddIndex(
            model_name="school",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True,
                fields=["district", "since"],
                name="school_since",
                pages_per_range=32,
            ),
        ),
        migrations.AddIndex(
            model_name="student",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True,
                fields=["district", "since"],
                name="student_since",
                pages_per_range=32,
            ),
        ),
        migrations.AddIndex(
            model_name="sync",
            index=models.Index(fields=["district", "-id"], name="sync_recent"),
        ),
        migrations.RunSQL(ROOM),
        migrations.RunSQL(ROLE + GRANTS + POLICIES),
        migrations.RunSQL("INSERT INTO id_clock (id, seconds, counter) VALUES (1, 0, 0)"),
    ]
