"""Headers that every page has: nothing inline, nothing from elsewhere, nothing kept."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

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


def safe(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: put the headers on."""
    forms = f"'self' {settings.SETTINGS.oidc_issuer}".strip()
    headers = HEADERS | {"content-security-policy": CONTENT_SECURITY_POLICY.format(forms=forms)}
    if settings.IS_SECURE:
        headers["strict-transport-security"] = "max-age=31536000"

    def put(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("cache-control", "no-store")
        return response

    return put
