"""Backups on record: when one was made, and what a restored database came from."""

from django.db import migrations, models

CLOSE = "ALTER TABLE backup ENABLE ROW LEVEL SECURITY;"
"""Without a policy there are no rows for anybody but the owner."""


class Migration(migrations.Migration):
    dependencies = [("store", "0014_retention")]

    operations = [
        migrations.CreateModel(
            name="Backup",
            fields=[
                (
                    "id",
                    models.CharField(
                        db_collation="C", max_length=32, primary_key=True, serialize=False
                    ),
                ),
                ("made_at", models.DateTimeField(db_index=True)),
                ("size", models.BigIntegerField()),
                ("is_sealed", models.BooleanField()),
                ("restored_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "backup",
            },
        ),
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
    ]
