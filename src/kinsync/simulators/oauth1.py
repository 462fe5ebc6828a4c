"""Whether a request is signed as OAuth 1.0a wants it: the side of the one who is asked.

Source: RFC 5849, section 3.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from kinsync.simulators.serving import Request

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_HASHES: Mapping[str, Callable[..., Any]] = {
    "HMAC-SHA1": hashlib.sha1,
    "HMAC-SHA256": hashlib.sha256,
}
MOST_SECONDS = 300
"""So far a clock may be wrong."""


def is_signed(
    request: Request,
    secrets: Mapping[str, str],
    tokens: Mapping[str, str] | None = None,
    *,
    now: Callable[[], float] = time.time,
) -> bool:
    """Whether the signature in the header is right.

    Args:
        request: what was asked.
        secrets: consumer key → its secret.
        tokens: access token → its secret, where one is wanted.
        now: seconds since 1970, by the clock of the one who is asked.
    """
    kind, _, header = request.headers.get("authorization", "").partition(" ")
    if kind != "OAuth":
        return False
    told = {name: unquote(value) for name, value in _PARAMETER.findall(header)}
    signature = told.pop("oauth_signature", "")
    secret = secrets.get(told.get("oauth_consumer_key", ""))
    token = (tokens or {}).get(told.get("oauth_token", ""), None if tokens else "")
    digest = _HASHES.get(told.get("oauth_signature_method", ""))
    if secret is None or token is None or digest is None:
        return False
    if abs(now() - float(told.get("oauth_timestamp", "0"))) > MOST_SECONDS:
        return False
    told.pop("realm", None)
    url = urlsplit(request.url)
    pairs = [*told.items(), *parse_qsl(url.query, keep_blank_values=True), *request.form.items()]
    listed = "&".join(
        "=".join(pair) for pair in sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    )
    address = f"{url.scheme}://{url.netloc.lower()}{url.path}"
    base = "&".join(map(_quoted, (request.method, address, listed)))
    key = f"{_quoted(secret)}&{_quoted(token)}".encode()
    wanted = base64.b64encode(hmac.new(key, base.encode(), digest).digest()).decode()
    return hmac.compare_digest(wanted, signature)


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")
