"""Applications that one district added for itself, and invitations to a district's team."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

WALL = """
ALTER TABLE dashboard_invitation ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_district ON dashboard_invitation TO kinsync_web
    USING (district_id = NULLIF(current_setting('kinsync.district', true), '')::int);
"""
"""The web role gets no right to invitations at all: who may do what is read and changed by the
owner of the tables alone, as roles are. The policy stands there for whoever grants one later."""


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0032_quality"),
    ]

    operations = [
        migrations.AddField(
            model_name="application",
            name="only_for",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="store.district",
            ),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "district_id",
                        "hash",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hash", models.TextField(db_collation="C")),
                ("email", models.EmailField(max_length=254)),
                ("role", models.TextField()),
                ("invited_by", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
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
                "db_table": "dashboard_invitation",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("district"),
                        django.db.models.functions.text.Lower("email"),
                        name="dashboard_invitation_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(WALL),
    ]
