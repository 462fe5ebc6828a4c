"""A pretended OneRoster service of 1.1 or 1.2, with the quirks that servers were seen to have.

Source: 1EdTech, OneRoster 1.1 "REST binding" and OneRoster Rostering Service 1.2 "REST/JSON
Binding"; notes of consumers and hubs. What the specification leaves open is as the real ones are
least kind.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from kinsync.simulators.bearer import Tokens, basic
from kinsync.simulators.oauth1 import is_signed
from kinsync.simulators.oneroster_users import Users, roles_of
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Reply, Request

CLIENT_ID, SECRET = "kinsync-lakeside", "9d4c-71be-a2f0-5e83"
SCOPE = "https://purl.imsglobal.org/spec/or/{version}/scope/roster-core.readonly"
TOKEN_PATH = "/token"  # noqa: S105 - a path
TOKEN_SECONDS = 21600
DEFAULT_LIMIT = 100
MOST_CLAMPED = 5

QUIRKS: Mapping[str, str] = {
    "booleans": "enabledUser is true and not the word true",
    "capital-roles": "roles are written with a capital letter",
    "clamped": "no more than 5 rows are given, whatever limit is asked for",
    "dangling-agents": "a few students name a contact whom there is not",
    "deleted": "a few contacts have the status tobedeleted, and one inactive",
    "disabled": "a few contacts have a login that is disabled",
    "district-role": "every student is listed at the district too",
    "duplicates": "a few records stand twice, one behind the other",
    "ext-roles": "friends have a role of the system's own",
    "hidden": "a few contacts are there alone, and not in the list",
    "id-per-role": "a few contacts have a second record, as relatives",
    "internal-links": "links lead to a host that nobody outside knows",
    "local-orgs": "schools have the type local",
    "metadata": "what a contact is, an order and an emergency flag stand in metadata",
    "no-guardians": "guardians are not included",
    "no-milliseconds": "dateLastModified has no fractions of a second",
    "no-sort": "a request that wants an order is refused",
    "no-totals": "answers have neither X-Total-Count nor Link",
    "old-records": "records are of 1.1 under the path of 1.2",
    "other-roles": "staff have roles of their own, and some are named by students",
    "relative-links": "links have no host",
    "scope": "a token is given for the right scope alone",
    "sibling-agents": "a few students name another student",
    "students-alone": "students name contacts, and contacts nobody",
    "contacts-alone": "contacts name students, and students nobody",
    "two-schools": "a few students are at a second school too",
}
"""Each switched on by itself."""

_ENVELOPES = {"orgs": ("orgs", "org"), "schools": ("orgs", "org"), "users": ("users", "user")}
_ENVELOPES |= {"students": ("users", "user"), "teachers": ("users", "user")}
_CLAUSE = re.compile(r"([\w.]+)(!=|>=|<=|=|>|<|~)'([^']*)'")


class OneRosterSystem:
    """One district's OneRoster service."""

    kind: ClassVar[type[Users]] = Users

    def __init__(
        self,
        roster: Roster,
        *,
        quirks: Collection[str] = (),
        version: str = "1.2",
        auth: str = "oauth2",
    ) -> None:
        """``auth`` is oauth2, oauth2-form, oauth1-sha256 or oauth1-sha1."""
        self.roster = roster
        self.quirks = frozenset(quirks)
        self.version = version
        self.auth = auth
        self.tokens = Tokens(TOKEN_SECONDS)
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.people = self.kind(roster, quirks, version=version, path=self.path)
        self._nonces: set[str] = set()

    @property
    def path(self) -> str:
        return "/ims/oneroster/rostering/v1p2" if self.version == "1.2" else "/ims/oneroster/v1p1"

    @property
    def token_path(self) -> str:
        """Where tokens are given."""
        return TOKEN_PATH

    @property
    def settings(self) -> Mapping[str, str]:
        told = {"client_id": CLIENT_ID, "client_secret": SECRET, "auth": self.auth}
        if self.auth.startswith("oauth2"):
            told["token_url"] = TOKEN_PATH
        if "scope" in self.quirks:
            told["scope"] = self._scope()
        return told

    def night(self) -> None:
        before = {one["sourcedId"]: one for one in self.people.users()}
        self.roster.next_night()
        at = self.now()
        for one in self.people.users():
            if before.get(one["sourcedId"]) != one:
                self.people.modified[one["sourcedId"]] = at

    def error(self, status: int) -> Reply:
        return self._failure(status, "internal_server_error")

    def answer(self, request: Request) -> Reply:
        if request.path == self.token_path:
            return self._token(request)
        if not request.path.startswith(self.path + "/"):
            return self._failure(404, "unknownobject")
        if not self._is_known(request):
            return self._failure(401, "unauthorisedrequest")
        return self._answer(request, request.path.removeprefix(self.path + "/").split("/"))

    # -- who is asking -----------------------------------------------------------------------

    def _scope(self) -> str:
        return SCOPE.format(version="v1p2" if self.version == "1.2" else "v1p1")

    def _token(self, request: Request) -> Reply:
        form = request.form
        if not self._has_secret(request) or form.get("grant_type") != "client_credentials":
            return Reply({"error": "invalid_client"}, 401)
        if "scope" in self.quirks and self._scope() not in form.get("scope", "").split():
            return Reply({"error": "invalid_scope"}, 400)
        return Reply(
            {
                "access_token": self.tokens.give(),
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
                "scope": form.get("scope", ""),
            }
        )

    def _has_secret(self, request: Request) -> bool:
        in_form = (request.form.get("client_id"), request.form.get("client_secret"))
        return (in_form if self.auth == "oauth2-form" else basic(request)) == (CLIENT_ID, SECRET)

    def _is_known(self, request: Request) -> bool:
        if not self.auth.startswith("oauth1"):
            return self.tokens.has_one(request)
        told = dict(re.findall(r'(\w+)="([^"]*)"', request.headers.get("authorization", "")))
        nonce = told.get("oauth_nonce", "")
        is_new = nonce not in self._nonces
        self._nonces.add(nonce)
        is_method = told.get("oauth_signature_method", "").lower().endswith(self.auth[-4:])
        return is_new and is_method and is_signed(request, {CLIENT_ID: SECRET})

    # -- what is asked -----------------------------------------------------------------------

    def _answer(self, request: Request, parts: Sequence[str]) -> Reply:
        if len(parts) == 3 and parts[0] == "schools" and parts[2] in ("students", "teachers"):
            name, school = parts[2], parts[1]
            found = [one for one in self._list(name) if school in _orgs_of(one)]
            return self._listed(request, name, found)
        if parts[0] not in _ENVELOPES or len(parts) > 2:
            return self._failure(404, "unknownobject")
        if len(parts) == 1:
            return self._listed(request, parts[0], self._list(parts[0]))
        kept = self._list(parts[0], is_alone=True)
        alone = next((one for one in kept if one["sourcedId"] == parts[1]), None)
        if alone is None:
            return self._failure(404, "unknownobject")
        return Reply({_ENVELOPES[parts[0]][1]: alone})

    def _list(self, name: str, *, is_alone: bool = False) -> list[dict[str, Any]]:
        if name in ("orgs", "schools"):
            return [
                one for one in self.people.orgs() if name == "orgs" or one["type"] != "district"
            ]
        role = name.removesuffix("s")
        found = [one for one in self.people.users() if name == "users" or role in roles_of(one)]
        return found if is_alone else [one for one in found if self.people.is_listed(one)]

    def _listed(self, request: Request, name: str, found: Sequence[Mapping[str, Any]]) -> Reply:
        query = request.query
        limit, offset = query.get("limit", str(DEFAULT_LIMIT)), query.get("offset", "0")
        if not limit.isdigit() or not int(limit) or not offset.isdigit():
            return self._failure(400, "invaliddata")
        if "sort" in query and "no-sort" in self.quirks:
            return self._failure(400, "invalid_sort_field")
        clauses = _CLAUSE.findall(query.get("filter", ""))
        if query.get("filter") and not clauses:
            return self._failure(400, "invalid_filter_field")
        wanted = [one for one in found if all(_holds(one, *clause) for clause in clauses)]
        if query.get("sort") == "sourcedId":
            wanted.sort(key=lambda one: one["sourcedId"])
        start, size = int(offset), int(limit)
        size = min(size, MOST_CLAMPED) if "clamped" in self.quirks else size
        page = [_selected(one, query.get("fields", "")) for one in wanted[start : start + size]]
        headers = self._headers(request, len(wanted), start, size)
        return Reply({_ENVELOPES[name][0]: page}, headers=headers)

    def _headers(self, request: Request, total: int, start: int, size: int) -> Mapping[str, str]:
        if "no-totals" in self.quirks:
            return {}
        told = {"X-Total-Count": str(total)}
        if start + size < total:
            host = request.url.partition(request.path)[0]
            if "relative-links" in self.quirks:
                host = ""
            if "internal-links" in self.quirks:
                host = "http://roster-03.internal:8080"
            query = {**request.query, "limit": str(size), "offset": str(start + size)}
            told["Link"] = f'<{host}{request.path}?{urlencode(query)}>; rel="next"'
        return told

    def _failure(self, status: int, minor: str) -> Reply:
        told = {
            "imsx_codeMajor": "failure",
            "imsx_severity": "error",
            "imsx_description": f"The request was answered with {status}.",
            "imsx_CodeMinor": {
                "imsx_codeMinorField": [
                    {
                        "imsx_codeMinorFieldName": "TargetEndSystem",
                        "imsx_codeMinorFieldValue": minor,
                    }
                ]
            },
        }
        return Reply(told if self.version == "1.2" else {"statusInfoSet": [told]}, status)


def _orgs_of(record: Mapping[str, Any]) -> list[str]:
    if "roles" in record:
        return [one["org"]["sourcedId"] for one in record["roles"]]
    return [one["sourcedId"] for one in record["orgs"]]


def _holds(record: Mapping[str, Any], field: str, sign: str, value: str) -> bool:
    """Whether a clause of a filter holds; of a field that there is not it does not."""
    if field in ("role", "roles.role"):
        return (value in roles_of(record)) == (sign != "!=")
    found = str(record.get(field, ""))
    signs: Mapping[str, Callable[[str, str], bool]] = {
        "=": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        "~": lambda a, b: b in a,
    }
    return field in record and signs[sign](found, value)


def _selected(record: Mapping[str, Any], fields: str) -> Mapping[str, Any]:
    wanted = [one.strip() for one in fields.split(",") if one.strip()]
    return {name: record[name] for name in wanted if name in record} if wanted else record
