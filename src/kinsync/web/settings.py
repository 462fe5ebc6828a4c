"""Django's settings. ``bootstrap`` says in the environment where the database is."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from kinsync.domain.settings import SIGNING_KEYS, Settings
from kinsync.store.database import ENVIRONMENT, django_database

SETTINGS = Settings.read(os.environ, {})
"""Whoever serves puts what stands in ``kinsync.toml`` into the environment: ``web.server``."""
HERE = Path(__file__).parent
PUBLIC = urlsplit(SETTINGS.public_url)
IS_SECURE = PUBLIC.scheme == "https"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "django_htmx",
    "procrastinate.contrib.django",
    "kinsync.store",
]
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""  # its tables are wanted here; ``jobs`` has the tasks
DATABASES = {"default": django_database(os.environ.get(ENVIRONMENT, "dbname=kinsync"))}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False  # a request repeats itself instead: web.api
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5  # a page's statements are always the same
MIDDLEWARE = [
    "kinsync.web.health.counted",
    "kinsync.web.accounts.safety.Safe",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
"""What pages pass through; requests of applications do not: ``web.wsgi``."""
ROOT_URLCONF = "kinsync.web.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
RATE_LIMIT = SETTINGS.rate_limit

# -- people who sign in ---------------------------------------------------------------------------

_keys = os.environ.get(SIGNING_KEYS, "").split() or [secrets.token_hex()]
SECRET_KEY, SECRET_KEY_FALLBACKS = _keys[0], _keys[1:]
AUTH_USER_MODEL = "store.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("UserAttributeSimilarityValidator", {"user_attributes": ("email",)}),
    )
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *filter(None, [PUBLIC.hostname])]
CSRF_TRUSTED_ORIGINS = [f"{PUBLIC.scheme}://{PUBLIC.netloc}"] if PUBLIC.hostname else []
CSRF_FAILURE_VIEW = "kinsync.web.accounts.views.not_from_here"
_prefix = "__Host-" if IS_SECURE else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_prefix}kinsync_session", f"{_prefix}kinsync_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
if IS_SECURE:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

ACCOUNT_ADAPTER = "kinsync.web.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_RATE_LIMITS = {"login_failed": False}  # axes counts these, in the database
USERSESSIONS_TRACK_ACTIVITY = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nothing is ever mailed to who is not known
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Kinsync"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_SECURE  # browsers themselves allow this machine alone
SOCIALACCOUNT_ADAPTER = "kinsync.web.accounts.adapter.SingleSignOn"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": SETTINGS.oidc_name,
                "client_id": SETTINGS.oidc_client_id,
                "secret": SETTINGS.oidc_client_secret,
                "settings": {"server_url": SETTINGS.oidc_issuer},
            }
        ]
        if SETTINGS.oidc_issuer
        else [],
        "EMAIL_AUTHENTICATION": True,
    }
}

AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "kinsync.web.accounts.views.locked_out"
AXES_SENSITIVE_PARAMETERS = ["password", "login", "credential", "code"]

# -- how pages are made ---------------------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "dashboard" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["kinsync.web.dashboard.words", "kinsync.web.dashboard.charts"],
        },
    }
]
STATIC_URL = "/assets/"
STATICFILES_DIRS = [HERE / "dashboard" / "assets"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
