"""Pages beside sign-in itself, which is allauth's."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(
    request: HttpRequest,
    _response: HttpResponse | None = None,
    _credentials: dict[str, Any] | None = None,
    *_more: Any,
) -> HttpResponse:
    """Too many wrong passwords for this account from this address."""
    return render(request, "account/locked.html", {"wait": timedelta(minutes=15)}, status=429)


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from one of our pages, or whose session has ended."""
    return render(request, "account/not_from_here.html", status=403)
