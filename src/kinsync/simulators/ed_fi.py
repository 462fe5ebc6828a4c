"""A pretended Ed-Fi ODS/API, suite 3: discovery, tokens, resources, descriptors, change queries.

Source: Ed-Fi-Alliance-OSS, Ed-Fi-Data-Standard (v4.0.0, v5.2.0), Data-Management-Service (its tests
of paging, errors and change queries); edanalytics, edfi_api_client.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kinsync.simulators.bearer import Tokens, basic
from kinsync.simulators.ed_fi_shapes import DESCRIPTORS, KEYS, RESOURCES, Shapes, key_of
from kinsync.simulators.roster import Roster, as_persons
from kinsync.simulators.serving import Reply, Request

KEY, SECRET = "edfi-populated-4c", "8eSimulated77Ab30"
TOKEN_SECONDS = 1800
ROOT = "/v7/api"
LEAST, MOST = 25, 500
"""How many rows a page has if nothing is said, and at most."""
QUIRKS: Mapping[str, str] = {
    "ended-enrolments": "a few students have left their school, and are listed all the same",
    "faxes": "everybody has a fax, which stands first; the others have an order",
    "hidden-addresses": "where contacts live is not to be published",
    "hidden-phones": "everybody has a number and an e-mail that are not to be published",
    "instances": "addresses have a place for the year, which has to be told",
    "moved-keys": "a student who moves to another school keeps the enrolment, under another key",
    "no-change-queries": "the feature is off",
    "no-descriptors": "the key may not read descriptors",
    "no-order": "phones have no order of priority",
    "old-errors": "errors have a message alone, as older versions write them",
    "out-of-scope": "a few contacts are out of the key's sight, and their associations are not",
    "proxy": "addresses name a host that nobody outside knows",
    "restrictions": "friends are contacted with restrictions only",
    "second-school": "a few students are enrolled in a second school, the first being primary",
    "sparse": "of associations only the relation is there, and nothing about status or priority",
    "standard-4": "data standard 4.0 and API 6.1: parents instead of contacts, no page tokens",
    "state-descriptors": "the state has numbers of its own for relations",
    "version-7-1": "API 7.1: no page tokens",
}
"""Each switched on by itself."""

_PROBLEMS = {
    400: ("bad-request:parameter-validation-failed", "Parameter Validation Failed"),
    401: ("security:authentication", "Authentication Failed"),
    403: ("security:authorization", "Authorization Denied"),
    404: ("not-found", "Not Found"),
    405: ("method-not-allowed", "Method Not Allowed"),
    500: ("system", "System Error"),
}
_OLD_NAMES = {
    "parents": "contacts",
    "studentParentAssociations": "studentContactAssociations",
}


Records = Mapping[str, Mapping[str, Any]]
"""Id → resource."""


@dataclass(slots=True)
class History:
    """When each resource changed last, and which went or got another key.

    Changes before ``oldest`` are not told any more.
    """

    oldest: int = 0
    newest: int = 1
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    gone: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    renamed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def note(self, name: str, before: Records, after: Records, *, keeps_ids: bool) -> None:
        """What became of a resource, under the newest number.

        With ``keeps_ids`` one that went and one that came of the same student are the same one.
        """
        for number in after.keys() & before.keys():
            if before[number] != after[number]:
                self.versions[name, number] = self.newest
        came = {key: after[key] for key in after.keys() - before.keys()}
        for number in came:
            self.versions[name, number] = self.newest
        back = [one for one in self.gone.get(name, []) if one["id"] not in came]
        went = {key: before[key] for key in before.keys() - after.keys()}
        for number, one in sorted(went.items()):
            told = {"id": number, "changeVersion": self.newest}
            new = [other for other in came.values() if _is_of_same_student(one, other)]
            if keeps_ids and new:
                keys = {"oldKeyValues": key_of(name, one), "newKeyValues": key_of(name, new[0])}
                self.renamed.setdefault(name, []).append({**told, **keys})
            else:
                back.append({**told, "keyValues": key_of(name, one)})
        self.gone[name] = back  # what is there again under its key is not told as gone


def _is_of_same_student(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one.get("studentReference") == other.get("studentReference"))


class EdFiSystem:
    """One district's operational data store."""

    def __init__(
        self,
        roster: Roster,
        *,
        quirks: Collection[str] = (),
        key: str = KEY,
        secret: str = SECRET,
        unseen: Collection[str] = (),
    ) -> None:
        """``unseen`` are resources of which the claim set of the key shows nothing."""
        self.roster = roster
        roster.seen_as(as_persons)
        self.key, self.secret = key, secret
        self.quirks = frozenset(quirks)
        self.unseen = frozenset(unseen)
        self.tokens = Tokens(TOKEN_SECONDS)
        self.history = History()
        self._now, self._then = Shapes(self.quirks), Shapes(self.quirks)
        self.take_snapshot()

    @property
    def path(self) -> str:
        return ROOT

    @property
    def settings(self) -> Mapping[str, str]:
        told = {"key": self.key, "secret": self.secret}
        return told | ({"year": "2027"} if "instances" in self.quirks else {})

    @property
    def is_old(self) -> bool:
        """Whether people are called parents."""
        return "standard-4" in self.quirks

    def take_snapshot(self) -> None:
        """Whoever asks for the snapshot gets what is there now."""
        self._snapshot = (self.roster.students, self.roster.contacts)

    def night(self) -> None:
        self.happen(self.roster.next_night)

    def happen(self, what: Callable[[], None]) -> None:
        """Let something happen to the people, and tell it as a change."""
        before = self._by_id()
        what()
        self.history.newest += 1
        for name, after in self._by_id().items():
            moves = "moved-keys" in self.quirks and name == "studentSchoolAssociations"
            self.history.note(name, before[name], after, keeps_ids=moves)

    def _by_id(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {name: {one["id"]: one for one in self._all(name)} for name in RESOURCES}

    def _all(self, name: str, *, snapshot: bool = False) -> Sequence[dict[str, Any]]:
        if name in self.unseen:
            return ()
        if snapshot:
            return self._then.of(name, *self._snapshot)
        return self._now.of(name, self.roster.students, self.roster.contacts)

    # -- one request -------------------------------------------------------------------------

    def error(self, status: int, detail: str = "The request could not be processed.") -> Reply:
        if "old-errors" in self.quirks:
            return Reply({"message": detail}, status)
        kind, title = _PROBLEMS.get(status, ("system", "System Error"))
        body = {
            "detail": detail,
            "type": f"urn:ed-fi:api:{kind}",
            "title": title,
            "status": status,
            "correlationId": None,
            "errors": [detail],
        }
        return Reply(body, status, {"Content-Type": "application/problem+json"})

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(ROOT)
        if path == request.path:
            return self.error(404)
        if path in ("", "/"):
            return Reply(self._discovery(request))
        year = "/2027" if "instances" in self.quirks else ""
        if path == f"{year}/oauth/token":
            return self._token(request)
        if not self.tokens.has_one(request):
            return self.error(401)
        if path == f"{year}/oauth/token_info":
            return Reply({"active": True, "client_id": self.key})
        if request.method != "GET":
            return self.error(405)
        routes: Sequence[tuple[str, Callable[..., Reply]]] = (
            (rf"{year}/changeQueries/v1/availableChangeVersions", self._versions),
            (rf"/data/v3{year}/ed-fi/(\w+)", self._list),
            (rf"/data/v3{year}/ed-fi/(\w+)/(deletes|keyChanges)", self._moved),
            (rf"/data/v3{year}/ed-fi/(\w+)/([0-9a-f]+)", self._one),
        )
        for pattern, answer in routes:
            if found := re.fullmatch(pattern, path):
                return answer(request, *found.groups())
        return self.error(404)

    def _discovery(self, request: Request) -> dict[str, Any]:
        here = request.url.partition("?")[0].rstrip("/")
        if "proxy" in self.quirks:
            here = f"http://ods-web-3{ROOT}"
        year = "/{schoolYearFromRoute}" if "instances" in self.quirks else ""
        old = "7.1" if "version-7-1" in self.quirks else "7.3"
        return {
            "version": "6.1" if self.is_old else old,
            "informationalVersion": "simulated",
            "suite": "3",
            "build": "2026.11.1",
            "dataModels": [
                {"name": "TPDM", "version": "1.1.0"},
                {"name": "Ed-Fi", "version": "4.0.0" if self.is_old else "5.2.0"},
            ],
            "urls": {
                "dependencies": f"{here}/metadata{year}/data/v3/dependencies",
                "openApiMetadata": f"{here}/metadata{year}/",
                "oauth": f"{here}{year}/oauth/token",
                "dataManagementApi": f"{here}/data/v3{year}/",
                "changeQueries": f"{here}{year}/changeQueries/v1/",
            },
        }

    def _token(self, request: Request) -> Reply:
        body = request.form
        named = basic(request)
        if named == ("", ""):
            named = (body.get("client_id", ""), body.get("client_secret", ""))
        if request.method != "POST" or body.get("grant_type") != "client_credentials":
            return Reply({"error": "unsupported_grant_type"}, 400)
        if named != (self.key, self.secret):
            return Reply({"error": "invalid_client"}, 401)
        given = {"access_token": self.tokens.give(), "token_type": "bearer"}
        return Reply(given | {"expires_in": TOKEN_SECONDS})

    def _versions(self, _request: Request) -> Reply:
        if "no-change-queries" in self.quirks:
            return self.error(404)
        names = ("OldestChangeVersion", "NewestChangeVersion")
        if not self.is_old:
            names = ("oldestChangeVersion", "newestChangeVersion")
        told = (self.history.oldest, self.history.newest)
        return Reply(dict(zip(names, told, strict=True)))

    def _name(self, asked: str) -> str | None:
        """The resource of that name here."""
        name = _OLD_NAMES.get(asked, asked) if self.is_old else asked
        if self.is_old and asked in _OLD_NAMES.values():
            return None
        return name if name in RESOURCES or name in DESCRIPTORS else None

    def _list(self, request: Request, asked: str) -> Reply:
        name = self._name(asked)
        if name is None:
            return self.error(404)
        if name in DESCRIPTORS and "no-descriptors" in self.quirks:
            return self.error(403, "Access to the resource could not be authorized.")
        query = {key.lower(): value for key, value in request.query.items()}
        rows = self._all(name, snapshot=request.headers.get("use-snapshot", "").lower() == "true")
        least = int(query.get("minchangeversion", 0))
        most = int(query.get("maxchangeversion", 1 << 62))
        if least or "maxchangeversion" in query:
            known = self.history.versions
            rows = [row for row in rows if least <= known.get((name, row["id"]), 1) <= most]
        rows = [row for row in rows if self._has_key(name, row, query)]
        headers = {}
        if query.get("totalcount", "").lower() == "true":
            headers["Total-Count"] = str(len(rows))
        if "pagetoken" in query or not {"limit", "offset"} & query.keys():
            return self._by_token(rows, query, headers)
        return self._by_offset(rows, query, headers)

    @staticmethod
    def _has_key(name: str, row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        """Whether a resource has the values of its key that are asked for."""
        if name not in KEYS:
            return True
        new = {"parentuniqueid": "contactuniqueid"}
        asked = {new.get(key, key): value for key, value in query.items()}
        key = {part.lower(): str(value) for part, value in key_of(name, row).items()}
        return all(asked.get(part, value) == value for part, value in key.items())

    def _by_offset(
        self, rows: Sequence[dict[str, Any]], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Reply:
        limit, offset = query.get("limit", str(LEAST)), query.get("offset", "0")
        if not limit.isdigit() or int(limit) > MOST:
            return self.error(
                400, f"Limit must be omitted or set to a numeric value between 0 and {MOST}."
            )
        page = rows[int(offset) : int(offset) + int(limit)]
        return Reply([self._told(row) for row in page], headers=headers)

    def _by_token(
        self, rows: Sequence[dict[str, Any]], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Reply:
        """A page by token; the first one is asked without."""
        last = query.get("pagetoken", "")
        first = bisect_right(rows, last, key=lambda row: row["id"])
        size = int(query.get("pagesize", LEAST))
        page = rows[first : first + size]
        has_tokens = not self.is_old and "version-7-1" not in self.quirks
        if has_tokens and first + size < len(rows):
            headers = {**headers, "Next-Page-Token": page[-1]["id"]}
        return Reply([self._told(row) for row in page], headers=headers)

    def _moved(self, request: Request, asked: str, kind: str) -> Reply:
        name = self._name(asked)
        if name is None or "no-change-queries" in self.quirks:
            return self.error(404)
        query = {key.lower(): value for key, value in request.query.items()}
        least, most = (int(query.get(f"{one}changeversion", -1)) for one in ("min", "max"))
        told = self.history.gone if kind == "deletes" else self.history.renamed
        rows = [one for one in told.get(name, []) if one["changeVersion"] >= least]
        rows = [one for one in rows if most < 0 or one["changeVersion"] <= most]
        has_total = query.get("totalcount", "").lower() == "true"
        return self._by_offset(rows, query, {"Total-Count": str(len(rows))} if has_total else {})

    def _one(self, _request: Request, asked: str, number: str) -> Reply:
        name = self._name(asked)
        found = [row for row in self._all(name) if row["id"] == number] if name else []
        return Reply(self._told(found[0])) if found else self.error(404)

    def _told(self, row: dict[str, Any]) -> dict[str, Any]:
        """A resource under the names of this version of the standard."""
        if not self.is_old:
            return row
        text = json.dumps(row)
        for new, old in (
            ("contactReference", "parentReference"),
            ("contactUniqueId", "parentUniqueId"),
        ):
            text = text.replace(f'"{new}"', f'"{old}"')
        told: dict[str, Any] = json.loads(text)
        return told
