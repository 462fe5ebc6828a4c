"""Pulls say whether everything was read or what changed, and how many rows that were."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0040_same_person")]

    operations = [
        migrations.AddField("pull", "kind", models.TextField(default="")),
        migrations.AddField("pull", "read", models.BigIntegerField(default=0)),
        migrations.AddField("pull", "why", models.TextField(default="")),
        migrations.RunSQL(
            "UPDATE pull SET kind = 'whole', read = rows WHERE state = 'complete'",
            migrations.RunSQL.noop,
        ),
    ]
