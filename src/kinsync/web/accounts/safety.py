"""Headers that every page has: nothing inline, nothing from elsewhere, nothing kept."""

import traceback
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

log = structlog.get_logger()

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; form-action {forms}; base-uri 'none';"
    " frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Safe:
    """Middleware: put the headers on, and note what broke.

    Pages have addresses of their own (``web.dashboard.urls``).
    """

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._answer = answer
        forms = f"'self' {settings.SETTINGS.oidc_issuer}".strip()
        self._headers = {
            **HEADERS,
            "content-security-policy": CONTENT_SECURITY_POLICY.format(forms=forms),
        }
        if settings.IS_SECURE:
            self._headers["strict-transport-security"] = "max-age=31536000"

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.get_host()  # one that is not ours is refused here
        request.urlconf = "kinsync.web.dashboard.urls"
        response = self._answer(request)
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("cache-control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Say on record where a page broke, without the error's text: it may name a person."""
        if not isinstance(error, Http404 | PermissionDenied):
            places = [f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
            log.error("page_defect", kind=type(error).__name__, at=places[-3:])
