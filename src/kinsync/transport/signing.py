"""How requests to a SIS are authenticated: each kind is an ``httpx2.Auth``.

Secrets stand in headers and token requests alone, never in an address or a message.
"""

import base64
import json
import threading
import time
from collections.abc import Collection, Generator, Mapping
from urllib.parse import quote

import httpx2
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

Flow = Generator[httpx2.Request, httpx2.Response, None]

EARLY_SECONDS = 60.0
"""A token is renewed so long before it ends."""
USUAL_SECONDS = 3600.0
"""How long a token is taken to live where its answer does not say."""


class TokenRefused(Exception):
    """No token was given. ``status`` is that of the answer; 200 where it simply held none."""

    def __init__(self, status: int) -> None:
        super().__init__(f"no token (HTTP {status})")
        self.status = status


class Unsigned(httpx2.Auth):
    """Nothing is asked for."""


class HeaderKey(httpx2.Auth):
    """A secret in a header of its own, such as a certificate that a SIS has issued."""

    def __init__(self, name: str, secret: str) -> None:
        self._name, self._secret = name, secret

    def auth_flow(self, request: httpx2.Request) -> Flow:
        request.headers[self._name] = self._secret
        yield request


class Basic(httpx2.Auth):
    """Name and password with every request."""

    def __init__(self, name: str, password: str) -> None:
        self._header = _basic(name, password)

    def auth_flow(self, request: httpx2.Request) -> Flow:
        request.headers["Authorization"] = self._header
        yield request


class ClientCredentials(httpx2.Auth):
    """OAuth 2 client credentials: a token that is fetched, renewed in time, and anew after a 401.

    Args:
        form: what the token request says beside ``grant_type``, such as ``scope``, or in its place.
        in_body: client id and secret stand in the form instead of the header.
        stale: statuses that may mean that the token has ended.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        secret: str,
        form: Mapping[str, str] | None = None,
        *,
        in_body: bool = False,
        stale: Collection[int] = (httpx2.codes.UNAUTHORIZED,),
    ) -> None:
        self._url = token_url
        self._stale = stale
        self._form = {"grant_type": "client_credentials", **(form or {})}
        self._headers = {"Accept": "application/json"}
        if in_body:
            self._form |= {"client_id": client_id, "client_secret": secret}
        else:
            self._headers["Authorization"] = _basic(client_id, secret)
        self._lock = threading.Lock()
        self._token = ""
        self._ends = 0.0

    def sync_auth_flow(self, request: httpx2.Request) -> Flow:
        token = yield from self._current(unlike="")
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code in self._stale:
            token = yield from self._current(unlike=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    def _current(self, *, unlike: str) -> Generator[httpx2.Request, httpx2.Response, str]:
        """The token, fetched anew where there is none, it ends soon, or it is ``unlike``."""
        with self._lock:
            if self._token in ("", unlike) or time.monotonic() > self._ends:
                yield from self._fetch()
            return self._token

    def token_url(self) -> Generator[httpx2.Request, httpx2.Response, str]:
        """Where tokens are fetched; a system that tells it itself is asked first."""
        yield from ()
        return self._url

    def _fetch(self) -> Flow:
        url = yield from self.token_url()
        response = yield httpx2.Request("POST", url, data=self._form, headers=self._headers)
        found = _read_token(response)
        self._token = str(found["access_token"])
        seconds = _seconds(found.get("expires_in"))
        self._ends = time.monotonic() + max(seconds - EARLY_SECONDS, seconds / 2)


class OAuth1(httpx2.Auth):
    """OAuth 1.0a without a dance: every request is signed, its query included, a JSON body not.

    Args:
        token: the access token and its secret, where the SIS has issued them beforehand.
        method: ``HMAC-SHA1`` or ``HMAC-SHA256``.
    """

    METHODS = (SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256)

    def __init__(
        self,
        key: str,
        secret: str,
        token: tuple[str, str] | None = None,
        *,
        method: str = SIGNATURE_HMAC_SHA256,
    ) -> None:
        self._client = Client(
            key,
            client_secret=secret,
            resource_owner_key=token[0] if token else None,
            resource_owner_secret=token[1] if token else None,
            signature_method=method,
        )

    def auth_flow(self, request: httpx2.Request) -> Flow:
        _, headers, _ = self._client.sign(
            str(request.url), http_method="POST" if request.method == "POST" else "GET"
        )
        request.headers["Authorization"] = headers["Authorization"]
        yield request


def _basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def _read_token(response: httpx2.Response) -> Mapping[str, object]:
    if not response.is_success:
        raise TokenRefused(response.status_code)
    try:
        found = json.loads(response.read())
    except ValueError:
        raise TokenRefused(response.status_code) from None
    if not isinstance(found, dict) or not found.get("access_token"):
        raise TokenRefused(response.status_code)
    return found


def _seconds(told: object) -> float:
    """How long a token lives: some answers say it as text, some do not say it."""
    try:
        return float(str(told))
    except ValueError:
        return USUAL_SECONDS


def quoted(part: object) -> str:
    """A part of a path, with nothing in it that would change the path."""
    return quote(str(part), safe="")
