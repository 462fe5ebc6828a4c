"""The versions of the API. Paths are matched without regard to case, as clients write both.

v2.0 and v2.1 take their place between the two, as ``v2.py``.
"""

from django.urls import include, re_path

from kinsync.web.api import oauth, v1, v3
from kinsync.web.api.answers import unrouted

urlpatterns = [
    *oauth.urlpatterns,
    re_path(r"(?i)^v1\.2/", include(v1.urlpatterns), {"version": "v1.2"}),
    re_path(r"(?i)^v3\.0/", include(v3.urlpatterns), {"version": "v3.0"}),
    re_path(r"(?i)^v3\.1/", include(v3.urlpatterns), {"version": "v3.1"}),
    re_path("", unrouted),
]
