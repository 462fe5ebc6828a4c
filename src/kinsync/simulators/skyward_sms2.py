"""A pretended Skyward SMS 2.0 API server, as the clients of others know it.

Source: Arux Software, Ruby gem Bright, ``Bright::SisApi::Skyward``; Tools4ever,
HelloID-Conn-Prov-Source-Skyward-SMS2.0-REST-Students. Where these are silent it is as the kind of
server is: errors of a token as ASP.NET has them, a cursor that is the last id of a page.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from kinsync.simulators.bearer import Tokens
from kinsync.simulators.roster import Roster, Shown, as_persons
from kinsync.simulators.serving import Reply, Request
from kinsync.simulators.spelling import A_FEW, ROLE_WORDS, address, phone

KEY, SECRET = "3b0c-kinsync-7f", "d2f1Simulated9c4A"
TOKEN_SECONDS = 3600
QUIRKS: Mapping[str, str] = {
    "empty-guardian-list": "guardians are given by student only; their list is empty",
    "formatted-phones": "phones are written with brackets, dots, extensions, or a leading 1",
    "next-year": "some guardians are those of next year's students, who are not listed",
    "no-guardian-list": "guardians are given by student only; their list is refused",
    "null-blanks": "what is blank is null",
    "school-emails": "a few guardians have an address at the school alone",
    "two-relations": "a few guardians are an aunt to one of their students",
}
"""Each switched on by itself."""

_GUARDIANS = ("P", "S", "G")
_KINDS = {"cell": "Cellular", "home": "Home", "work": "Work", "": "Other"}


def guardians_alone(contacts: pl.DataFrame) -> pl.DataFrame:
    """What the interface gives of a district's contacts."""
    return as_persons(contacts.filter(pl.col("type").is_in(_GUARDIANS)))


class SkywardSms2System:
    """One district's API server."""

    def __init__(
        self,
        roster: Roster,
        *,
        quirks: Collection[str] = (),
        key: str = KEY,
        secret: str = SECRET,
    ) -> None:
        self.roster = roster
        roster.seen_as(guardians_alone)
        self.key, self.secret = key, secret
        self.quirks = frozenset(quirks)
        self.tokens = Tokens(TOKEN_SECONDS)
        self._all_students = Shown(self._students)
        self._all_guardians = Shown(self._guardians)

    @property
    def path(self) -> str:
        return "/API"

    @property
    def settings(self) -> Mapping[str, str]:
        return {"key": self.key, "secret": self.secret}

    def night(self) -> None:
        self.roster.next_night()

    def error(self, status: int) -> Reply:
        if status >= 500:
            return Reply(
                f"<html><body>{status}</body></html>", status, {"Content-Type": "text/html"}
            )
        said = {401: "Authorization has been denied for this request."}
        return Reply({"Message": said.get(status, "The request is invalid.")}, status)

    def answer(self, request: Request) -> Reply:
        root, _, rest = request.path.lstrip("/").partition("/")
        if root.lower() != "api":
            return self.error(404)
        if rest == "token":
            return self._token(request)
        if not self.tokens.has_one(request):
            return self.error(401)
        version, _, name = rest.partition("/")
        name, _, number = name.partition("/")
        keys = {"students": "NameId", "guardians": "GuardianNameId", "schools": "SchoolId"}
        if version != "v1" or name not in keys:
            return self.error(404)
        if name == "guardians" and "studentNameId" in request.query:
            return Reply(self._theirs(request.query["studentNameId"]))
        if name == "guardians" and "no-guardian-list" in self.quirks:
            return self.error(400)
        rows: Sequence[dict[str, Any]] = getattr(self, f"_list_{name}")()
        return (
            self._one(rows, keys[name], number) if number else self._page(request, rows, keys[name])
        )

    def _token(self, request: Request) -> Reply:
        told = [request.form.get(name) for name in ("grant_type", "username", "password")]
        if request.method != "POST" or told != ["password", self.key, self.secret]:
            return Reply({"error": "invalid_grant"}, 400)
        given = {"access_token": self.tokens.give(), "token_type": "bearer"}
        return Reply(given | {"expires_in": TOKEN_SECONDS})

    def _page(self, request: Request, rows: Sequence[Mapping[str, Any]], key: str) -> Reply:
        """The rows behind the cursor, asked as ``paging.cursor`` and linked as ``cursor``."""
        after = request.query.get("paging.cursor") or "0"
        size = int(request.query.get("paging.limit") or 100)
        behind = [row for row in rows if row[key] > int(after)]
        page = behind[:size]
        if len(behind) <= size:
            return Reply(page)
        address = request.url.partition("?")[0]
        here, there = f"limit={size}&cursor={after}", f"limit={size}&cursor={page[-1][key]}"
        return Reply(
            page,
            headers={"Link": f'<{address}?{here}>; rel="self", <{address}?{there}>; rel="next"'},
        )

    def _one(self, rows: Sequence[Mapping[str, Any]], key: str, number: str) -> Reply:
        found = [row for row in rows if str(row[key]) == number]
        return Reply(found[0]) if found else self.error(404)

    # -- one record --------------------------------------------------------------------------

    def _list_students(self) -> Sequence[dict[str, Any]]:
        return self._all_students.of(self.roster.students)

    def _list_guardians(self) -> Sequence[dict[str, Any]]:
        is_empty = "empty-guardian-list" in self.quirks
        return [] if is_empty else self._all_guardians.of(self.roster.contacts)

    def _list_schools(self) -> Sequence[dict[str, Any]]:
        return [
            {"SchoolId": int(one), "SchoolName": f"School {one}"} for one in self.roster.schools
        ]

    def _students(self, frame: pl.DataFrame) -> list[dict[str, Any]]:
        rows = (self._student(row) for row in frame.iter_rows(named=True))
        return sorted(rows, key=lambda row: row["NameId"])

    def _student(self, row: Mapping[str, Any]) -> dict[str, Any]:
        month, day, year = row["DOB"].split("/")
        school = int(row["School_id"])
        return self._finished(
            {
                "NameId": int(row["Student_id"]),
                "DisplayId": row["Student_number"],
                "StateId": row["State_id"],
                "FirstName": row["First_name"],
                "MiddleName": row["Middle_name"] or "",
                "LastName": row["Last_name"],
                "GradYr": row["Graduation_year"],
                "DateOfBirth": f"{year}-{month}-{day}T00:00:00",
                "FederalRace": "I",
                "HispanicLatinoEthnicity": False,
                "SchoolEmail": row["Student_email"] or "",
                "DefaultSchoolId": school,
                "schoolIds": [school],
                "StreetAddress": row["Student_street"] or "",
                "City": row["Student_city"] or "",
                "State": row["Student_state"] or "",
                "ZipCode": row["Student_zip"] or "",
                **self._phones([]),
            }
        )

    def _theirs(self, student: str) -> list[dict[str, Any]]:
        """The guardians of one student, each with every student that is theirs."""
        contacts = self.roster.contacts
        theirs = contacts.filter(pl.col("student") == student)["person"]
        return self._guardians(contacts.filter(pl.col("person").is_in(theirs.implode())))

    def _guardians(self, contacts: pl.DataFrame) -> list[dict[str, Any]]:
        by_person = contacts.sort("person", maintain_order=True).group_by(
            "person", maintain_order=True
        )
        return [self._guardian(rows.rows(named=True)) for _, rows in by_person]

    def _guardian(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        person = rows[0]
        number = person["person"]
        is_at_school = "school-emails" in self.quirks and number % A_FEW == 2
        ties = [
            {"StudentNameId": int(row["student"]), "RelationshipDesc": self._relation(row, place)}
            for place, row in enumerate(rows)
        ]
        if "next-year" in self.quirks and number % A_FEW == 4:
            ties.append({"StudentNameId": 900_000 + number, "RelationshipDesc": "Mother"})
        lives = address(person["family"])
        return self._finished(
            {
                "GuardianNameId": 1 + number,
                "FirstName": person["first"],
                "MiddleName": "",
                "LastName": person["last"],
                "Email": "" if is_at_school else person["email"],
                "SchoolEmail": person["email"] if is_at_school else "",
                "StreetAddress": lives["street"],
                "City": lives["city"],
                "State": lives["state"],
                "ZipCode": lives["zip"],
                **self._phones([(person["phone"], person["phone_kind"])], number),
                "Students": ties,
            }
        )

    def _relation(self, row: Mapping[str, Any], place: int) -> str:
        if "two-relations" in self.quirks and place == 1 and row["person"] % 2:
            return "Aunt"
        return ROLE_WORDS[row["role"]]

    def _phones(self, told: Sequence[tuple[str, str]], number: int = 0) -> dict[str, str]:
        """Three places for phones; where there is none, its type is blank too."""
        filled = [(digits, _KINDS[kind]) for digits, kind in told if digits]
        filled += [("", "")] * (3 - len(filled))
        phones = {}
        for place, (digits, kind) in zip(("", "2", "3"), filled, strict=True):
            is_formatted = "formatted-phones" in self.quirks
            phones[f"PhoneNumber{place}"] = phone(digits, number) if is_formatted else digits
            phones[f"PhoneNumber{place}Type"] = kind
        return phones

    def _finished(self, record: dict[str, Any]) -> dict[str, Any]:
        if "null-blanks" not in self.quirks:
            return record
        return {name: None if value == "" else value for name, value in record.items()}
