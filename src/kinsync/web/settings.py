"""Django's settings. ``bootstrap`` says in the environment where the database is."""

import os

from kinsync.domain.settings import Settings
from kinsync.store.database import ENVIRONMENT, django_database

INSTALLED_APPS = ["procrastinate.contrib.django", "kinsync.store"]
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""  # its tables are wanted here; ``jobs`` has the tasks
DATABASES = {"default": django_database(os.environ.get(ENVIRONMENT, "dbname=kinsync"))}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False  # a request repeats itself instead: web.api
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5  # a page's statements are always the same
MIDDLEWARE = ["kinsync.web.health.counted"]
ROOT_URLCONF = "kinsync.web.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECRET_KEY = "nothing is signed yet"  # noqa: S105
RATE_LIMIT = Settings.read(os.environ, {}).rate_limit
"""Whoever serves puts what stands in ``kinsync.toml`` into the environment: ``web.server``."""
