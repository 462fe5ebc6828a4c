"""Every address of the web door but those of pages: ``web.dashboard.urls``."""

from django.urls import include, path

from kinsync.web.dashboard.assets import asset

urlpatterns = [
    path("", include("kinsync.web.docs.urls")),
    path("", include("kinsync.web.health")),
    path("assets/<path:path>", asset),
    path("", include("kinsync.web.api.urls")),
]
