"""The web application, for granian or any other WSGI server: two doors behind one address.

Pages of people pass through sessions, CSRF and sign-in, which are Django's usual middleware. What
an application or a machine asks goes straight to its view: it knows neither cookies nor forms, and
is not held up by them.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kinsync.web.settings")
django.setup(set_prefix=False)

from kinsync.web.health import counted  # noqa: E402 - needs Django to be set up

PLACES = frozenset(
    (
        *("", "accounts", "sync", "data-browser", "quality", "same-person", "sources"),
        *("applications", "team", "audit", "district"),
    )
)
"""First parts of the addresses of pages."""


class _Straight(WSGIHandler):
    """Requests of applications and machines, with nothing before the view but a count."""

    def load_middleware(self, is_async: bool = False) -> None:
        """The chain, which is one link long."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        inner: Any = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        self._middleware_chain = convert_exception_to_response(counted(inner))


_people, _applications = WSGIHandler(), _Straight()


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    first = environ.get("PATH_INFO", "/")[1:].partition("/")[0]
    return (_people if first in PLACES else _applications)(environ, start)
