"""A pretended OneRoster service of 1.1 or 1.2, with the quirks that servers were seen to have.

Source: 1EdTech, OneRoster 1.1 "REST binding" and OneRoster Rostering Service 1.2 "REST/JSON
Binding"; notes of consumers and hubs. What the specification leaves open is as the real ones are
least kind.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from kinsync.simulators.bearer import Tokens, basic
from kinsync.simulators.oauth1 import is_signed
from kinsync.simulators.roster import Roster, as_persons
from kinsync.simulators.serving import Reply, Request
from kinsync.simulators.spelling import A_FEW, ROLE_WORDS

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
    "hidden": "a few contacts are there alone, and not in the list",
    "id-per-role": "a few contacts have a second record, as relatives",
    "internal-links": "links lead to a host that nobody outside knows",
    "local-orgs": "schools have the type local",
    "metadata": "the word for what a contact is stands in metadata.relationship",
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

_ROLES = {"mother": "parent", "father": "parent", "stepmother": "guardian"}
_ENVELOPES = {"orgs": ("orgs", "org"), "schools": ("orgs", "org"), "users": ("users", "user")}
_ENVELOPES |= {"students": ("users", "user"), "teachers": ("users", "user")}
_CLAUSE = re.compile(r"([\w.]+)(!=|>=|<=|=|>|<|~)'([^']*)'")
_MODIFIED = datetime(2026, 9, 2, 13, 5, 11, tzinfo=UTC)


class OneRosterSystem:
    """One district's OneRoster service."""

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
        self._modified: dict[str, datetime] = {}
        self._nonces: set[str] = set()
        self._users: list[dict[str, Any]] = []
        self._night = 0
        roster.seen_as(_as_users)

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
        before = {one["sourcedId"]: one for one in self.users()}
        self.roster.next_night()
        at = self.now()
        for one in self.users():
            if before.get(one["sourcedId"]) != one:
                self._modified[one["sourcedId"]] = at

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
        if self.auth == "oauth2-form":
            told = (request.form.get("client_id"), request.form.get("client_secret"))
            return told == (CLIENT_ID, SECRET)
        return basic(request) == (CLIENT_ID, SECRET)

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
            return [one for one in self.orgs() if name == "orgs" or one["type"] != "district"]
        role = name.removesuffix("s")
        found = [one for one in self.users() if name == "users" or role in roles_of(one)]
        return found if is_alone else [one for one in found if self.is_listed(one)]

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
            link = f"{host}{request.path}?limit={size}&offset={start + size}"
            told["Link"] = f'<{link}>; rel="next"'
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

    # -- what is served ----------------------------------------------------------------------

    def student_id(self, number: str) -> str:
        """The sourcedId of a student."""
        return number

    def contact_id(self, person: int) -> str:
        """The sourcedId of a contact."""
        return f"con-{person}"

    def school_id(self, code: str) -> str:
        """The sourcedId of a school."""
        return code

    def orgs(self) -> list[dict[str, Any]]:
        """The district and its schools."""
        kind = "local" if "local-orgs" in self.quirks else "school"
        schools = [
            self._record(
                self.school_id(code), name=f"School {code}", type=kind, identifier=code, parent=None
            )
            for code in self.roster.schools
        ]
        district = self._record("district", name="Lakeside", type="district", identifier="")
        return [district, *schools]

    def users(self) -> list[dict[str, Any]]:
        """Everybody: students, staff and contacts."""
        if self._night != self.roster.night:
            self._night, self._users = self.roster.night, list(self._all_users())
        return self._users

    def _all_users(self) -> Iterator[dict[str, Any]]:
        students: dict[str, list[int]] = {}
        for student, person in self.roster.contacts.select("student", "person").iter_rows():
            students.setdefault(student, []).append(person)
        for number, row in enumerate(self.roster.students.iter_rows(named=True)):
            yield from self._doubled(
                number, self._student(row, students.get(row["Student_id"], []))
            )
        yield self._staff()
        if "no-guardians" not in self.quirks:
            yield from self._contacts()

    def _doubled(self, number: int, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield record
        if "duplicates" in self.quirks and number % A_FEW == 2:
            yield dict(record)

    def _contacts(self) -> Iterator[dict[str, Any]]:
        for row in self._contact_rows().iter_rows(named=True):
            number = row["person"]
            record = self._contact(row)
            if "deleted" in self.quirks and number % A_FEW == 3:
                record["status"] = "tobedeleted" if number % 2 else "inactive"
            yield from self._doubled(number, record)
            if "id-per-role" in self.quirks and self.has_second(number):
                yield self._contact({**row, "role": "aunt"}, second=True)

    def _contact_rows(self) -> pl.DataFrame:
        """One row is one person who is a contact, with their students and schools."""
        return self.roster.contacts.group_by("person", maintain_order=True).agg(
            pl.col("student", "school"),
            pl.col("role", "first", "last", "phone", "phone_kind", "email").first(),
        )

    def _role_of(self, role: str) -> str:
        """The role of OneRoster for what a person is."""
        return _ROLES.get(role, "relative")

    def has_second(self, person: int) -> bool:
        """Whether a contact has a second record, under the quirk ``id-per-role``."""
        return person % A_FEW == 1

    def _student(self, row: Mapping[str, Any], contacts: Sequence[int]) -> dict[str, Any]:
        number = int(row["Student_id"])
        agents = [self.contact_id(person) for person in contacts]
        if "id-per-role" in self.quirks:
            agents += [self.contact_id(one) + "-2" for one in contacts if self.has_second(one)]
        agents = [] if "contacts-alone" in self.quirks else agents
        is_one_of_few = number % A_FEW == 4
        if "dangling-agents" in self.quirks and is_one_of_few:
            agents.append(f"con-gone-{number}")
        if "other-roles" in self.quirks and is_one_of_few:
            agents.append("staff-1")
        if "sibling-agents" in self.quirks and is_one_of_few:
            agents.append(self.student_id(self.roster.students["Student_id"][0]))
        schools = [self.school_id(row["School_id"])]
        if "two-schools" in self.quirks and is_one_of_few:
            schools += [self.school_id(one) for one in self.roster.schools if one not in schools]
        if "district-role" in self.quirks:
            schools.insert(0, "district")
        return self._user(
            self.student_id(row["Student_id"]),
            "student",
            schools,
            agents,
            username=row["Student_email"] or row["Student_id"],
            givenName=row["First_name"],
            middleName=row["Middle_name"] or "",
            familyName=row["Last_name"],
            identifier=row["Student_number"] or "",
            email=row["Student_email"] or "",
            grades=[row["Grade"]] if row["Grade"] else [],
            userIds=[{"type": "SIS", "identifier": row["Student_number"] or ""}],
            userMasterIdentifier=row["State_id"] or "",
        )

    def _staff(self) -> dict[str, Any]:
        role = "principal" if "other-roles" in self.quirks else "teacher"
        schools = [self.school_id(code) for code in self.roster.schools[:1]]
        names = {"givenName": "Odile", "familyName": "Brandt", "email": "o.brandt@lakeside.example"}
        return self._user("staff-1", role, schools, [], username="obrandt", **names)

    def _contact(self, row: Mapping[str, Any], *, second: bool = False) -> dict[str, Any]:
        role = self._role_of(row["role"])
        students = [self.student_id(one) for one in dict.fromkeys(row["student"])]
        is_mobile = row["phone_kind"] in ("cell", "")
        record = self._user(
            self.contact_id(row["person"]) + ("-2" if second else ""),
            role,
            [self.school_id(one) for one in sorted(set(row["school"]))],
            [] if "students-alone" in self.quirks else students,
            username=row["email"] or f"con{row['person']}",
            givenName=row["first"],
            middleName="",
            familyName=row["last"],
            identifier=str(row["person"]),
            email=row["email"],
            sms=row["phone"] if is_mobile else "",
            phone="" if is_mobile else row["phone"],
        )
        if "disabled" in self.quirks and row["person"] % A_FEW == 5:
            record["enabledUser"] = "false"
        if "metadata" in self.quirks:
            record["metadata"] = {"relationship": ROLE_WORDS[row["role"]]}
        return record

    def _user(
        self, key: str, role: str, orgs: Sequence[str], agents: Sequence[str], **told: Any
    ) -> dict[str, Any]:
        shown = role.capitalize() if "capital-roles" in self.quirks else role
        references = [self._reference("org", one) for one in orgs]
        record = self._record(
            key,
            enabledUser=True if "booleans" in self.quirks else "true",
            **{"sms": "", "phone": "", "grades": [], **told},
            agents=[self._reference("user", one) for one in agents],
        )
        if self.version == "1.1" or "old-records" in self.quirks:
            return record | {"role": shown, "orgs": references}
        kinds = ("primary", *("secondary" for _ in orgs[1:]))
        roles = [
            {"roleType": kind, "role": shown, "org": org}
            for kind, org in zip(kinds, references, strict=True)
        ]
        return record | {"roles": roles}

    def _record(self, key: str, **told: Any) -> dict[str, Any]:
        modified = self._modified.get(key, _MODIFIED)
        text = f"{modified:%Y-%m-%dT%H:%M:%S}"
        text += "Z" if "no-milliseconds" in self.quirks else f".{modified.microsecond // 1000:03}Z"
        start = {"sourcedId": key, "status": "active", "dateLastModified": text, "metadata": {}}
        return start | told

    def _reference(self, kind: str, key: str) -> dict[str, str]:
        return {"href": f"{self.path}/{kind}s/{key}", "sourcedId": key, "type": kind}

    def is_listed(self, record: Mapping[str, Any]) -> bool:
        """Whether a user stands in lists, and not alone under its key."""
        key = record["sourcedId"]
        is_hidden = key.startswith("con-") and int(re.sub(r"\D", "", key)) % A_FEW == 6
        return not (is_hidden and "hidden" in self.quirks)


def _as_users(contacts: pl.DataFrame) -> pl.DataFrame:
    """What OneRoster can hold: a record for each person, who has one role to all students."""
    return as_persons(contacts).with_columns(pl.col("role").first().over("person"))


def roles_of(record: Mapping[str, Any]) -> list[str]:
    """The roles of a user, of either version."""
    told = [one["role"] for one in record["roles"]] if "roles" in record else [record["role"]]
    return [one.lower() for one in told]


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
