"""A pretended Infinite Campus: its OneRoster service, as consumers and its makers describe it.

Source: Infinite Campus, "OneRoster 1.1 Data Models", "OneRoster 1.2 Data Models" and "OneRoster
Prerequisites"; notes of consumers and consortia.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

import polars as pl

from kinsync.simulators import oneroster
from kinsync.simulators.oneroster import CLIENT_ID, SECRET, OneRosterSystem
from kinsync.simulators.oneroster_users import Users
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Reply, Request
from kinsync.simulators.spelling import A_FEW, phone

APP = "kinsync"
TOKEN_PATH = "/campus/oauth2/token"  # noqa: S105 - a path
TOKEN_SECONDS = 3600
STAFF = "678"
_SHARED = (
    *("booleans", "capital-roles", "clamped", "deleted", "disabled", "local-orgs", "no-guardians"),
    *("no-sort", "no-totals", "students-alone", "contacts-alone", "two-schools"),
)
QUIRKS: Mapping[str, str] = {
    **{name: oneroster.QUIRKS[name] for name in _SHARED},
    "formatted-phones": "phones are written with brackets, dots and extensions",
    "no-accounts": "a few guardians have no account: students name them, and they are not there",
    "other-base": "the service stands at the shorter of its two addresses",
    "version-1.1": "the service is of 1.1: keys are numbers with a letter before them",
}
"""Each switched on by itself."""

_GUARDIANS = ("mother", "father", "stepmother")


def _legacy(letter: str, number: str) -> dict[str, Any]:
    """The key that a person had in 1.1."""
    return {"metadata": {"ic.legacySourcedId": letter + number}}


class _CampusUsers(Users):
    """Everybody whom Infinite Campus knows who has an account."""

    def student_id(self, number: str) -> str:
        return self._key("s", number)

    def contact_id(self, person: int) -> str:
        return self._key("g", str(person))

    def school_id(self, code: str) -> str:
        return self._key("", code)

    def district_id(self) -> str:
        return self._key("", "0")

    def staff_id(self) -> str:
        return self._key("t", STAFF)

    def _key(self, letter: str, number: str) -> str:
        if self.version == "1.1":
            return letter + number
        drawn = uuid5(NAMESPACE_URL, f"{letter or 'o'}{number}")
        return str(UUID(bytes=drawn.bytes, version=4))

    def _contact_rows(self) -> pl.DataFrame:
        rows = super()._contact_rows()
        has_account = pl.col("person") % A_FEW != 2
        return rows.filter(has_account) if "no-accounts" in self.quirks else rows

    def _contact(self, row: Mapping[str, Any], *, second: bool = False) -> dict[str, Any]:
        record = super()._contact(row, second=second)
        number = row["person"]
        told = phone(row["phone"], number) if "formatted-phones" in self.quirks else row["phone"]
        own = {"sms": "", "phone": told, "identifier": "", "username": str(number)}
        return record | own | _legacy("g", str(number))

    def _student(self, row: Mapping[str, Any], contacts: Sequence[int]) -> dict[str, Any]:
        own = {"username": row["Student_number"]} | _legacy("s", row["Student_id"])
        record = super()._student(row, contacts) | own
        return {name: value for name, value in record.items() if name != "email" or value}

    def _staff(self) -> dict[str, Any]:
        return super()._staff() | {"username": STAFF} | _legacy("t", STAFF)

    def _role_of(self, role: str) -> str:
        """By the Guardian flag of the relationship; the word of it is not sent."""
        return "guardian" if role in _GUARDIANS else "relative"


class InfiniteCampusSystem(OneRosterSystem):
    """One district's Infinite Campus."""

    kind: ClassVar[type[Users]] = _CampusUsers

    def __init__(self, roster: Roster, *, quirks: Collection[str] = ()) -> None:
        version = "1.1" if "version-1.1" in quirks else "1.2"
        super().__init__(roster, quirks=quirks, version=version)
        self.tokens.seconds = TOKEN_SECONDS

    @property
    def path(self) -> str:
        if self.version == "1.1":
            start = "/campus/api" if "other-base" in self.quirks else f"/campus/oneroster/{APP}"
            return f"{start}/ims/oneroster/v1p1"
        start = "/campus/api"
        if "other-base" not in self.quirks:
            start += f"/oneroster/v1p2/{APP}"
        return f"{start}/ims/oneroster/rostering/v1p2"

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "token_url": f"{TOKEN_PATH}?appName={APP}",
        }

    @property
    def token_path(self) -> str:
        return TOKEN_PATH

    def answer(self, request: Request) -> Reply:
        if request.path == TOKEN_PATH and not request.query.get("appName"):
            page = "<html><body>No Campus Application selected</body></html>"
            return Reply(page, 400, {"Content-Type": "text/html"})
        return super().answer(request)

    def _has_secret(self, request: Request) -> bool:
        """In the header or in the form: both were seen to work."""
        in_form = (request.form.get("client_id"), request.form.get("client_secret"))
        return in_form == (CLIENT_ID, SECRET) or super()._has_secret(request)

    def _listed(self, request: Request, name: str, found: Sequence[Mapping[str, Any]]) -> Reply:
        """Metadata come where they are asked for."""
        if request.query.get("ext_basic") != "true":
            found = [{**one, "metadata": {}} for one in found]
        return super()._listed(request, name, found)
