"""The addresses of the description."""

from django.urls import re_path

from kinsync.web.docs import views

urlpatterns = [
    re_path(r"^docs/?$", views.page),
    re_path(r"^docs/openapi\.json$", views.openapi),
    re_path(r"^docs/style\.css$", views.style),
    re_path(r"^docs/(?P<version>v[0-9.]+)/?$", views.page),
]
