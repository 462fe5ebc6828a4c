"""The versions of the API. Paths are matched without regard to case, as clients write both."""

from django.urls import include, re_path

from kinsync.web.api import oauth
from kinsync.web.api.answers import unrouted
from kinsync.web.api.table import patterns
from kinsync.web.api.tables import TABLES

urlpatterns = [
    *oauth.urlpatterns,
    *(
        re_path(
            rf"(?i)^{version.replace('.', '[.]')}/", include(patterns(table)), {"version": version}
        )
        for version, table in TABLES.items()
    ),
    re_path("", unrouted),
]
