"""Up to which version people are found by what was wrong with their rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0042_several_sources")]

    operations = [
        migrations.AddField(
            model_name="searchstate",
            name="found",
            field=models.IntegerField(db_default=0),
        ),
    ]
