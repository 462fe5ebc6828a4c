"""Somebody of the demo's district at a browser, without one: signs in, and finds a contact."""

import re
import urllib.request
from http.cookiejar import CookieJar
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visit:
    """One person's session with the dashboard at ``base``."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def sign_in(self, email: str, password: str) -> bool:
        """Whether the sign-in let the person in."""
        page = self._send("/accounts/login/", {"login": email, "password": password})
        return 'action="/accounts/logout/"' in page

    def find(self, text: str) -> str:
        """The page of the Data Browser that shows whom a text finds."""
        return self._send("/data-browser/contacts", {"q": text})

    def _send(self, path: str, form: dict[str, str]) -> str:
        """Fill in the form of a page; the page that comes then."""
        token = TOKEN.search(self._open(path))
        given = {**form, "csrfmiddlewaretoken": token[1] if token else ""}
        return self._open(path, urlencode(given).encode())

    def _open(self, path: str, content: bytes | None = None) -> str:
        with self._opener.open(self._base + path, content, timeout=30) as answer:
            return str(answer.read().decode())
