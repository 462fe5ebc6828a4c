"""Seal keys that the installation has had, so that a machine with another one is noticed."""

from django.db import migrations, models

CLOSE = "ALTER TABLE seal_key ENABLE ROW LEVEL SECURITY;"
"""Without a policy there are no rows for anybody but the owner."""


class Migration(migrations.Migration):
    dependencies = [("store", "0015_backups")]

    operations = [
        migrations.CreateModel(
            name="SealKey",
            fields=[
                (
                    "id",
                    models.CharField(
                        db_collation="C", max_length=32, primary_key=True, serialize=False
                    ),
                ),
                ("first_at", models.DateTimeField()),
            ],
            options={
                "db_table": "seal_key",
            },
        ),
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
    ]
