"""Old v2 ids that lead to who it is now, and the students of one school without a search."""

from django.db import migrations, models

EARLIER = """
UPDATE contact_merge m SET from_legacy_id = c.legacy_id
FROM contact c WHERE c.district_id = m.district_id AND c.id = m.from_id
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0004_webhooks")]

    operations = [
        migrations.AddField(
            model_name="merge",
            name="from_legacy_id",
            field=models.CharField(db_collation="C", max_length=24, null=True),
        ),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="merge",
            index=models.Index(fields=["district", "from_legacy_id"], name="contact_merge_legacy"),
        ),
        migrations.AddIndex(
            model_name="student",
            index=models.Index(fields=["district", "school_sis_id", "id"], name="student_school"),
        ),
    ]
