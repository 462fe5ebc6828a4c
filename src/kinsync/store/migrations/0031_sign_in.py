"""What the web role may do with the tables of sessions, second factors and wrong passwords."""

from django.db import migrations

KEPT_BY_THE_WEB = (
    "django_session",
    "usersessions_usersession",
    "mfa_authenticator",
    "account_emailaddress",
    "socialaccount_socialaccount",
    "axes_accessattempt",
    "axes_accessattemptexpiration",
    "axes_accessfailurelog",
    "axes_accesslog",
)
"""Read, written and taken away by whoever signs in and out; no district and no contact in them."""

READ_BY_THE_WEB = ("socialaccount_socialapp",)


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0030_dashboard"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("axes", "0010_accessattemptexpiration"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("sessions", "0001_initial"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(KEPT_BY_THE_WEB)} TO kinsync_web;"
            f"GRANT SELECT ON {', '.join(READ_BY_THE_WEB)} TO kinsync_web;"
        )
    ]
