"""Addresses of contacts, flags of relationships, and a wall before restricted people."""

from django.db import migrations, models

from kinsync.store.intervals import STILL

# ruff: noqa: S608 - statements are put together from this module's own words

DISTRICT = "NULLIF(current_setting('kinsync.district', true), '')::int"
CONNECTION = "NULLIF(current_setting('kinsync.connection', true), '')::int"
EDITION = "NULLIF(current_setting('kinsync.edition', true), '')::int"
SEES = "current_setting('kinsync.sees', true)"
KINDS = {
    "school": f"{SEES} IN ('everything', 'unrestricted')",
    "student": f"{SEES} IN ('everything', 'unrestricted')",
    "contact": f"{SEES} = 'unrestricted' AND contact.restricted IS NULL OR {SEES} = 'everything'",
    "relationship": (
        f"{SEES} = 'unrestricted' AND relationship.restricted IS NULL OR {SEES} = 'everything'"
    ),
}
"""What is seen of a kind without a list of what a limited share shows: the usual case first."""
HISTORY = dict.fromkeys(KINDS, "") | {"relationship": f" OR relationship.until < {STILL}"}
"""As in 0002_sharing."""

OWN_SHARE = "".join(
    f"""
    DROP POLICY own_share ON {kind};
    CREATE POLICY own_share ON {kind} TO kinsync_web USING (
        district_id = {DISTRICT}
        AND (
            {is_seen}
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
    for kind, is_seen in KINDS.items()
)


def _text(model: str, name: str) -> migrations.AddField:
    return migrations.AddField(model_name=model, name=name, field=models.TextField(null=True))


class Migration(migrations.Migration):
    dependencies = [("store", "0020_sources")]

    operations = [
        _text("contact", "address"),
        _text("contact", "restricted"),
        _text("relationship", "flags"),
        _text("relationship", "restricted"),
        migrations.RunSQL(OWN_SHARE, migrations.RunSQL.noop),
    ]
