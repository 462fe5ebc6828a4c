"""What requests of people pass through: sessions, CSRF, sign-in. Applications pass by.

An application's request goes straight to the API, which knows neither cookies nor forms.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string

PLACES = frozenset(
    ("", "accounts", "sync", "data-browser", "sources", "applications", "team", "audit", "district")
)
"""First parts of the addresses of pages."""

Answer = Callable[[HttpRequest], HttpResponseBase]


def is_for_people(request: HttpRequest) -> bool:
    """Whether a page was asked for, and not something that applications or machines ask."""
    return request.path_info[1:].partition("/")[0] in PLACES


class for_people:  # noqa: N801 - a middleware is named like a function
    """Middleware: the whole chain of ``MIDDLEWARE_FOR_PEOPLE``, for pages alone."""

    def __init__(self, get_response: Answer) -> None:
        self._straight = answer = get_response
        self._view_hooks: list[Callable[..., Any]] = []
        self._exception_hooks: list[Callable[..., Any]] = []
        for name in reversed(settings.MIDDLEWARE_FOR_PEOPLE):
            one = import_string(name)(answer)
            if hasattr(one, "process_view"):
                self._view_hooks.insert(0, one.process_view)
            if hasattr(one, "process_exception"):
                self._exception_hooks.append(one.process_exception)
            answer = convert_exception_to_response(one)
        self._through = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return (self._through if is_for_people(request) else self._straight)(request)

    def process_view(self, request: HttpRequest, *view: Any) -> Any:
        """What the chain has to say once the view is known; the first answer counts."""
        if not is_for_people(request):
            return None
        return next(filter(None, (hook(request, *view) for hook in self._view_hooks)), None)

    def process_exception(self, request: HttpRequest, error: Exception) -> Any:
        """What the chain makes of an exception of the view."""
        if not is_for_people(request):
            return None
        return next(filter(None, (hook(request, error) for hook in self._exception_hooks)), None)
