"""A small system with one list, in every way in which systems give lists."""

import base64
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oauthlib.common import Request as Signed
from oauthlib.oauth1.rfc5849 import signature

from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Reply, Request

CLIENT, SECRET = "client-7", "s3cret/of+mine"


@dataclass
class Lists:
    """Rows ``{"id": 0}`` and on, under ``/offset``, ``/numbered``, ``/linked``, ``/cursor`` and
    ``/records``; tokens under ``/token``; and whatever signs under ``/signed``."""

    rows: int = 25
    most: int = 10
    """Rows of a page at most, whatever is asked for."""
    twice: int | None = None
    """The row that stands there once more, behind itself."""
    has_total: bool = True
    totals: list[int] = field(default_factory=list)
    """What is said instead, one answer after another."""
    token_seconds: object = 3600
    tokens: list[str] = field(default_factory=list)
    cursors: Mapping[str, str] = field(default_factory=dict)
    """Which cursor is given instead of which."""
    link: str = ""
    asked: list[Request] = field(default_factory=list)
    path: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    roster: Roster = field(init=False)
    _numbers: Any = field(default_factory=itertools.count)

    def night(self) -> None:
        """Nobody lives here."""

    def error(self, status: int) -> Reply:
        return Reply({"error": "trouble"}, status)

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        name = request.path.strip("/").split("/")[-1]
        if name == "token":
            return self._token(request)
        if self.tokens and request.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return self.error(401)
        reply: Reply = getattr(self, f"_{name}", lambda _: self.error(404))(request)
        return reply

    def _page(self, start: int, size: int) -> list[dict[str, int]]:
        numbers = sorted([*range(self.rows), *([] if self.twice is None else [self.twice])])
        return [{"id": number} for number in numbers[start : start + min(size, self.most)]]

    def _total(self) -> dict[str, str]:
        if self.totals:
            return {"X-Total-Count": str(self.totals.pop(0))}
        count = self.rows + (self.twice is not None)
        return {"X-Total-Count": str(count)} if self.has_total else {}

    def _offset(self, request: Request) -> Reply:
        page = self._page(int(request.query["offset"]), int(request.query["limit"]))
        return Reply({"rows": page}, headers=self._total())

    def _numbered(self, request: Request) -> Reply:
        size = int(request.query["pagesize"])
        page = self._page((int(request.query["page"]) - 1) * size, size)
        pages = -(-self.rows // size)
        return Reply({"rows": page, "num_pages": pages, "num_results": self.rows})

    def _linked(self, request: Request) -> Reply:
        start = int(request.query.get("from", 0))
        page = self._page(start, self.most)
        url = self.link or request.url.split("?")[0] + f"?from={start + len(page)}"
        has_more = start + len(page) < self.rows
        link = {"Link": f'<{url}>; rel="next", </>; rel="first"'} if has_more else {}
        return Reply({"rows": page}, headers={**link, **self._total()})

    def _cursor(self, request: Request) -> Reply:
        start = int(request.query.get("key", "0"))
        page = self._page(start, self.most)
        following = str(start + len(page))
        has_more = start + len(page) < self.rows
        key = self.cursors.get(following, following)
        return Reply({"rows": page}, headers={"Next-Key": key} if has_more else {})

    def _records(self, request: Request) -> Reply:
        first, last = int(request.query["First"]), int(request.query["Last"])
        return Reply(self._page(first - 1, last - first + 1))

    def _token(self, request: Request) -> Reply:
        told = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(told).decode() != f"{CLIENT}:{SECRET}":
            return Reply({"error": "invalid_client"}, 401)
        self.tokens.append(f"token-{next(self._numbers)}")
        return Reply({"access_token": self.tokens[-1], "expires_in": self.token_seconds})

    def _echo(self, request: Request) -> Reply:
        return Reply({"headers": dict(request.headers), "query": dict(request.query)})

    def _signed(self, request: Request) -> Reply:
        """200 where the signature of OAuth 1.0a is right."""
        header = {"Authorization": _header(request)}
        told = signature.collect_parameters(headers=header, exclude_oauth_signature=False)
        given = dict(told)
        signed: Any = Signed(request.url, "GET", headers=header)
        query = signature.collect_parameters(uri_query=request.url.partition("?")[2])
        signed.params = [pair for pair in [*told, *query] if pair[0] != "oauth_signature"]
        signed.signature = given["oauth_signature"]
        check = {
            "HMAC-SHA1": signature.verify_hmac_sha1,
            "HMAC-SHA256": signature.verify_hmac_sha256,
        }[given["oauth_signature_method"]]
        is_right = check(signed, SECRET, "")
        return Reply({"method": given["oauth_signature_method"]}, 200 if is_right else 401)


def _header(request: Request) -> str:
    return request.headers.get("authorization", "")
