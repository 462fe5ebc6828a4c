"""Every address of the web door."""

from django.urls import include, path

urlpatterns = [
    path("", include("kinsync.web.docs.urls")),
    path("", include("kinsync.web.health")),
    path("", include("kinsync.web.dashboard.urls")),
    path("", include("kinsync.web.api.urls")),
]
