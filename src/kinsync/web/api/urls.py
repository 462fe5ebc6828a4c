"""The versions of the API. Paths are matched without regard to case, as clients write both."""

from collections.abc import Mapping

from django.urls import include, re_path

from kinsync.web.api import oauth, v1, v2, v3
from kinsync.web.api.answers import unrouted
from kinsync.web.api.table import Endpoint, patterns

TABLES: Mapping[str, tuple[Endpoint, ...]] = {
    "v1.2": v1.ENDPOINTS,
    "v2.0": v2.ENDPOINTS,
    "v2.1": v2.ENDPOINTS,
    "v3.0": v3.ENDPOINTS,
    "v3.1": v3.ENDPOINTS,
}
"""Every address of every version."""

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
