"""A pretended Illuminate: the REST API as open clients have it, and a resource of contacts.

Source: Python client "Illuminate" and others of its kind for address, authentication, pages and
envelopes. No resource of contacts is public: its name and fields are ours.
"""

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import polars as pl

from kinsync.simulators.bearer import Tokens
from kinsync.simulators.oauth1 import is_signed
from kinsync.simulators.roster import Roster, Shown
from kinsync.simulators.serving import Reply, Request
from kinsync.simulators.spelling import A_FEW, ROLE_WORDS, address

KEY, SECRET = "illuminate-51c0", "92Simulated61fD"
TOKEN, TOKEN_SECRET = "issued-token-7a", "issuedSecret0b4F"
TOKEN_SECONDS = 3600
ROOT = "live"
MOST = 200
"""So many rows a page has at most, whatever is asked for."""
QUIRKS: Mapping[str, str] = {
    "bare-lists": "students come as a list without an envelope",
    "clock": "the clock is ten minutes ahead, and signatures of OAuth 1.0a are refused",
    "dna-root": "the interface stands under dna instead of live",
    "lost-zeros": "ids of students begin with a zero, and contacts have them as numbers without it",
    "mixed-ids": "ids are numbers on every second page",
    "no-contacts": "there is no resource of contacts",
    "other-names": "the resource is called Contacts, and its fields otherwise",
    "own-words": "friends are called Tribal Liaison",
    "self-contacts": "a few students are contacts of themselves",
    "two-primaries": "a student's second contact is the primary one of another household",
}
"""Each switched on by itself."""

_OTHER_NAMES = {
    "contact_id": "person_id",
    "first_name": "given_name",
    "last_name": "family_name",
    "relationship": "relation",
}
_PHONES = {"cell": "Cell", "home": "Home", "work": "Work", "": "Other"}


class IlluminateSystem:
    """One district's Illuminate."""

    def __init__(
        self,
        roster: Roster,
        *,
        quirks: Collection[str] = (),
        key: str = KEY,
        secret: str = SECRET,
    ) -> None:
        self.roster = roster
        self.key, self.secret = key, secret
        self.quirks = frozenset(quirks)
        self.tokens = Tokens(TOKEN_SECONDS)
        self.root = "dna" if "dna-root" in self.quirks else ROOT
        self.now: Callable[[], float] = time.time
        self._shown = {
            "Students": Shown(self._students),
            self.contacts: Shown(self._contacts),
        }

    @property
    def contacts(self) -> str:
        """The resource of contacts."""
        return "Contacts" if "other-names" in self.quirks else "StudentContacts"

    @property
    def path(self) -> str:
        return f"/{self.root}"

    @property
    def settings(self) -> Mapping[str, str]:
        issued = {"token": TOKEN, "token_secret": TOKEN_SECRET}
        return {"key": self.key, "secret": self.secret, **issued}

    def night(self) -> None:
        self.roster.next_night()

    def error(self, status: int) -> Reply:
        return Reply({"error": f"The request was answered with {status}."}, status)

    def answer(self, request: Request) -> Reply:
        if request.path == f"/{self.root}/" and "OAuth2_AccessToken" in request.query:
            return self._token(request)
        found = re.fullmatch(rf"/{self.root}/rest_server\.php/Api/(\w+)/", request.path)
        if not found:
            return self.error(404)
        ahead = 600 if "clock" in self.quirks else 0
        signed = is_signed(
            request,
            {self.key: self.secret},
            {TOKEN: TOKEN_SECRET},
            now=lambda: self.now() + ahead,
        )
        if not (signed or self.tokens.has_one(request)):
            return self.error(401)
        name = found[1]
        if name == "Sites":
            return Reply(self._sites())
        if name not in self._shown or (name == self.contacts and "no-contacts" in self.quirks):
            return self.error(404)
        frame = self.roster.students if name == "Students" else self.roster.contacts
        rows = self._shown[name].of(frame)
        if "bare-lists" in self.quirks and name == "Students":
            return Reply(list(rows))
        return self._page(request, rows)

    def _token(self, request: Request) -> Reply:
        told = [request.form.get(name) for name in ("grant_type", "client_id", "client_secret")]
        if request.method != "POST" or told != ["client_credentials", self.key, self.secret]:
            return self.error(401)
        return Reply({"access_token": self.tokens.give(), "expires_in": TOKEN_SECONDS})

    def _page(self, request: Request, rows: Sequence[dict[str, Any]]) -> Reply:
        number = int(request.query.get("page") or 1)
        size = min(int(request.query.get("limit") or MOST), MOST)
        page = list(rows[(number - 1) * size : number * size])
        if "mixed-ids" in self.quirks and number % 2 == 0:
            page = [_with_numbers(row) for row in page]
        return Reply(
            {
                "page": number,
                "num_pages": -(-len(rows) // size),
                "num_results": len(rows),
                "results": page,
            }
        )

    # -- one record --------------------------------------------------------------------------

    def _sites(self) -> list[dict[str, Any]]:
        own = [
            {"site_id": int(code), "site_name": f"School {code}", "site_type_name": "SCHOOL"}
            for code in self.roster.schools
        ]
        district = {"site_id": "9999999", "site_name": "District", "site_type_name": "DISTRICT"}
        return [district, *own]

    def _students(self, frame: pl.DataFrame) -> list[dict[str, Any]]:
        return [
            {
                "local_student_id": self._id(row["Student_id"]),
                "state_student_id": row["State_id"],
                "site_id": row["School_id"],
                "last_name": row["Last_name"],
                "first_name": row["First_name"],
                "middle_name": row["Middle_name"],
                "grade_level": row["Grade"],
                "gender": row["Gender"],
                "birth_date": row["DOB"],
                "email": row["Student_email"],
            }
            for row in frame.iter_rows(named=True)
        ]

    def _id(self, student: str) -> str:
        return f"00{student}" if "lost-zeros" in self.quirks else student

    def _contacts(self, frame: pl.DataFrame) -> list[dict[str, Any]]:
        rows = [self._contact(row) for row in frame.iter_rows(named=True)]
        if "self-contacts" in self.quirks:
            few = self.roster.students.filter(pl.col("Student_id").cast(pl.Int64) % A_FEW == 1)
            rows += [self._self(row) for row in few.iter_rows(named=True)]
        return rows

    def _contact(self, row: Mapping[str, Any]) -> dict[str, Any]:
        student = row["student"]
        is_second = "two-primaries" in self.quirks and row["order"] == 2
        word = ROLE_WORDS[row["role"]]
        if "own-words" in self.quirks and row["role"] == "friend":
            word = "Tribal Liaison"
        told = {
            "local_student_id": int(student) if "lost-zeros" in self.quirks else student,
            "contact_id": 1 + row["person"],
            "last_name": row["last"],
            "first_name": row["first"],
            "relationship": word,
            "is_primary": int(row["type"] == "P" or is_second),
            "is_emergency": int(row["type"] == "E"),
            "legal_guardian": int(row["type"] == "G"),
            "household_id": 5001 + row["family"] + (0 if row["order"] < 2 else 100_000),
            "is_primary_residence": int(row["order"] == 1),
            "email": row["email"],
            **address(row["family"]),
            "phones": [{"type": _PHONES[row["phone_kind"]], "number": row["phone"]}]
            if row["phone"]
            else [],
        }
        if "other-names" not in self.quirks:
            return told
        return {_OTHER_NAMES.get(name, name): value for name, value in told.items()}

    @staticmethod
    def _self(row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "local_student_id": row["Student_id"],
            "contact_id": 8_000_000 + int(row["Student_id"]),
            "last_name": row["Last_name"],
            "first_name": row["First_name"],
            "relationship": "Self",
            "is_primary": 0,
            "is_emergency": 0,
            "legal_guardian": 0,
            "household_id": 0,
            "is_primary_residence": 1,
            "email": "",
            "phones": [],
        }


def _with_numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose ids are numbers."""
    return {
        name: int(value) if name.endswith("_id") and str(value).isdigit() else value
        for name, value in row.items()
    }
