"""Every address of the web door. The dashboard's will stand before the last line."""

from django.urls import include, path

urlpatterns = [
    path("", include("kinsync.web.docs.urls")),
    path("", include("kinsync.web.health")),
    path("", include("kinsync.web.api.urls")),
]
