"""SFTP accounts, uploads, the names that accounts see, host keys, and failed logins."""

import django.db.models.deletion
from django.db import migrations, models

WALLED = ("sftp_account", "upload", "sftp_name")
CLOSED = ("sftp_host_key", "sftp_login_failure")

POLICIES = "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_district ON {table} TO kinsync_web
        USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
    """
    for table in WALLED
)
"""The web role is granted nothing here: hashes, keys and uploads are the SFTP server's alone."""

CLOSE = "".join(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;" for table in CLOSED)
"""Without a policy there are no rows for anybody but the owner."""

SEQUENCES = "CREATE SEQUENCE upload_id; CREATE SEQUENCE upload_turn;"
DROP_SEQUENCES = "DROP SEQUENCE upload_id; DROP SEQUENCE upload_turn;"


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0010_old_ids_and_schools"),
    ]

    operations = [
        migrations.CreateModel(
            name="LoginFailure",
            fields=[
                ("key", models.TextField(primary_key=True, serialize=False)),
                ("failures", models.IntegerField()),
                ("last_at", models.DateTimeField(db_index=True)),
                ("locked_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "sftp_login_failure",
            },
        ),
        migrations.CreateModel(
            name="SftpHostKey",
            fields=[
                ("algorithm", models.TextField(primary_key=True, serialize=False)),
                ("private_key", models.TextField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "sftp_host_key",
            },
        ),
        migrations.CreateModel(
            name="SftpAccount",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("username", models.TextField(unique=True)),
                ("label", models.TextField(default="")),
                ("password_hash", models.TextField(default="")),
                ("public_keys", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "district",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="store.district"
                    ),
                ),
            ],
            options={
                "db_table": "sftp_account",
            },
        ),
        migrations.CreateModel(
            name="SftpName",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "account_id",
                        "path",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("path", models.TextField(db_collation="C")),
                ("upload_id", models.BigIntegerField(null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.sftpaccount",
                    ),
                ),
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
                "db_table": "sftp_name",
            },
        ),
        migrations.CreateModel(
            name="Upload",
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
                ("path", models.TextField()),
                ("state", models.TextField()),
                ("size", models.BigIntegerField(default=0)),
                ("sha256", models.TextField(default="")),
                ("reason", models.TextField(default="")),
                ("turn", models.BigIntegerField(null=True)),
                ("started_at", models.DateTimeField()),
                ("touched_at", models.DateTimeField()),
                ("completed_at", models.DateTimeField(null=True)),
                ("discarded_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="store.sftpaccount",
                    ),
                ),
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
                "db_table": "upload",
            },
        ),
        migrations.AddIndex(
            model_name="sftpaccount",
            index=models.Index(fields=["district", "id"], name="sftp_account_district"),
        ),
        migrations.AddIndex(
            model_name="sftpname",
            index=models.Index(fields=["district", "path"], name="sftp_name_path"),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(fields=["district", "-touched_at"], name="upload_touched"),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                condition=models.Q(("state", "receiving")),
                fields=["touched_at"],
                name="upload_receiving",
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                condition=models.Q(("discarded_at", None), ("state", "incomplete")),
                fields=["district", "account", "path"],
                name="upload_partial",
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                condition=models.Q(("discarded_at", None)),
                fields=["touched_at"],
                name="upload_kept",
            ),
        ),
        migrations.RunSQL(SEQUENCES, DROP_SEQUENCES),
        migrations.RunSQL(POLICIES + CLOSE, migrations.RunSQL.noop),
    ]
