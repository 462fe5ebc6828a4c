"""A pretended PowerSchool whose district has moved to Unified Contacts: people, not slots."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from kinsync.simulators import powerschool_records
from kinsync.simulators.powerschool import PowerSchoolSystem
from kinsync.simulators.powerschool_records import StudentRecords
from kinsync.simulators.roster import Roster, Shown, as_persons
from kinsync.simulators.spelling import A_FEW, ROLE_WORDS, address

QUIRKS: Mapping[str, str] = {
    "dated-details": "everybody was somebody else to the student until last year",
    "daytime-phones": "phones of work are called Daytime",
    "extensions": "phones have an extension, which some typed into the phone too",
    "former-students": powerschool_records.QUIRKS["former-students"],
    "inactive-details": "a few associations are not active any more",
    "no-phones": "a few contacts have no phone",
    "not-set-phones": "what kind of phone it is was not set",
    "page-of-1000": powerschool_records.QUIRKS["page-of-1000"],
    "self-contacts": "a few students are their own first contact",
    "shared-email": "everybody of a family has one mailbox",
    "two-addresses": "everybody has a second address, which stands first and is of lower priority",
    "text-expiry": powerschool_records.QUIRKS["text-expiry"],
    "short-codes": "code sets have codes of a letter or two, and say what they mean beside",
    "three-phones": "everybody has three phones, of which the last is preferred",
}
"""Each switched on by itself."""

_PHONE_CODES = {"cell": "Mobile", "home": "Home", "work": "Work", "": "Other"}
_GUARDIANS = ("mother", "father", "stepmother")
SECOND_PHONE, THIRD_PHONE = "6025550163", "6025550177"
SHARED = "family{}@home.example"

Row = dict[str, str]


class PowerSchoolContactsSystem(PowerSchoolSystem):
    """One district's PowerSchool, with Unified Contacts and empty slots."""

    counts_changes = False

    def _set_up(self) -> None:
        self.roster.seen_as(self._held)
        self.records = StudentRecords(self.roster, {*self.quirks, "migrated"})
        self.people = People(self.roster, self.quirks)

    def _held(self, contacts: pl.DataFrame) -> pl.DataFrame:
        """People in the order of the student, as many as there are."""
        return as_persons(contacts)

    def _rows_of(self, tables: frozenset[str], *, of_today: bool) -> Iterator[Row]:
        if "person" not in tables:
            yield from super()._rows_of(tables, of_today=of_today)
        else:
            yield from self.people.rows(tables, of_today=of_today)

    def _contacts(self, _query: Mapping[str, str], dcid: str) -> Any:
        return self.people.of_student(dcid) or None


class People:
    """The tables of Unified Contacts."""

    def __init__(self, roster: Roster, quirks: Collection[str]) -> None:
        self._roster = roster
        self._quirks = quirks
        self._tied = Shown(self._all)

    def rows(self, tables: Collection[str], *, of_today: bool) -> Iterator[Row]:
        """The rows of a join of these tables, every column of them under its table's name."""
        for tie in self._tied.of(self._roster.contacts):
            if "personphonenumberassoc" in tables:
                yield from ({**tie.common, **phone} for phone in tie.phones)
            elif "personemailaddressassoc" in tables:
                yield from ({**tie.common, **email} for email in tie.emails)
            elif "personaddressassoc" in tables:
                yield from ({**tie.common, **one} for one in tie.addresses)
            else:
                yield from (
                    {**tie.common, **detail}
                    for detail in tie.details
                    if not of_today or detail[_IS_CURRENT] == "1"
                )

    def of_student(self, dcid: str) -> list[dict[str, Any]]:
        """A student's contacts, as the resource of contacts tells them."""
        ties = [
            tie
            for tie in self._tied.of(self._roster.contacts)
            if tie.common["students.dcid"] == dcid
        ]
        return [tie.as_contact() for tie in ties]

    def _all(self, contacts: pl.DataFrame) -> list["Tie"]:
        place = pl.int_range(1, pl.len() + 1).over("student", order_by=("order", "number"))
        placed = contacts.with_columns(place=place)
        return [Tie(row, self._quirks) for row in placed.iter_rows(named=True)]


_IS_CURRENT = "studentcontactdetail.isactive"


class Tie:
    """A person to a student, with all that hangs on both."""

    def __init__(self, row: Mapping[str, Any], quirks: Collection[str]) -> None:
        self._row = row
        self._quirks = quirks
        self._few = row["person"] % A_FEW
        self.common: Row = {
            "students.dcid": row["student"],
            "person.id": str(row["person"]),
            "person.firstname": row["first"],
            "person.lastname": row["last"],
            "studentcontactassoc.contactpriorityorder": str(row["place"]),
        }

    @property
    def details(self) -> Sequence[Row]:
        """What the person is to the student, now and before."""
        role = self._row["role"]
        is_self = "self-contacts" in self._quirks and self._row["place"] == 1 and self._few == 1
        now = self._detail("Self" if is_self else ROLE_WORDS[role], "2026-07-01", "", number=2)
        if "inactive-details" in self._quirks and self._few == 6:
            now[_IS_CURRENT] = "0"
        before = self._detail("Neighbor", "2020-07-01", "2026-06-30", number=1)
        before[_IS_CURRENT] = "0"
        return [before, now] if "dated-details" in self._quirks else [now]

    def _detail(self, relation: str, start: str, end: str, *, number: int) -> Row:
        is_guardian = "1" if self._row["role"] in _GUARDIANS else "0"
        detail = {
            "studentcontactdetailid": f"{self._row['student']}{self._row['number']:03}{number}",
            "iscustodial": is_guardian,
            "isemergency": "1",
            "liveswithflg": is_guardian,
            "schoolpickupflg": is_guardian,
            "receivesmailflg": is_guardian,
            "startdate": start,
            "enddate": end,
            "isactive": "1",
        }
        told = {f"studentcontactdetail.{name}": value for name, value in detail.items()}
        return {**self._coded(relation), **told}

    def _coded(self, word: str) -> Row:
        """A word of a code set: its code, and what it says."""
        code = word[:2].upper() if "short-codes" in self._quirks else word
        return {"codeset.code": code, "codeset.displayvalue": word}

    @property
    def phones(self) -> Sequence[Row]:
        """The phones of the person."""
        row = self._row
        if not row["phone"] or ("no-phones" in self._quirks and self._few == 2):
            return []
        kind = _PHONE_CODES[row["phone_kind"]]
        if "not-set-phones" in self._quirks:
            kind = "Not Set"
        phones = [(row["phone"], kind)]
        if "three-phones" in self._quirks:
            phones += [(SECOND_PHONE, "Fax"), (THIRD_PHONE, "Work")]
        if "daytime-phones" in self._quirks:
            phones = [(phone, "Daytime") for phone, _ in phones]
        extension = "12" if "extensions" in self._quirks else ""
        typed = f" x{extension}" if extension and self._few < 3 else ""
        return [
            {
                "personphonenumberassoc.personphonenumberassocid": f"{row['person']}{number}",
                "personphonenumberassoc.phonenumberasentered": phone + typed,
                "personphonenumberassoc.phonenumberpriorityorder": str(number),
                "personphonenumberassoc.ispreferred": "1" if number == len(phones) else "0",
                "phonenumber.phonenumber": phone,
                "phonenumber.phonenumberext": extension,
                **self._coded(kind),
            }
            for number, (phone, kind) in enumerate(phones, 1)
        ]

    @property
    def emails(self) -> Sequence[Row]:
        """The mailboxes of the person."""
        row = self._row
        told = [row["email"]] if row["email"] else []
        if "shared-email" in self._quirks:
            told.insert(0, SHARED.format(row["family"]))
        return [
            {
                "personemailaddressassoc.personemailaddressassocid": f"{row['person']}{number}",
                "personemailaddressassoc.emailaddresspriorityorder": str(number),
                "personemailaddressassoc.isprimaryemailaddress": "1" if number == 1 else "0",
                "emailaddress.emailaddress": email,
                **self._coded("Current"),
            }
            for number, email in enumerate(told, 1)
        ]

    @property
    def addresses(self) -> Sequence[Row]:
        """Where the person lives, and gets mail."""
        lives = address(self._row["family"])
        told = [("1", lives["street"], f"Apt {self._row['family'] % 9}")]
        if "two-addresses" in self._quirks:
            told.insert(0, ("2", "PO Box 12", ""))
        return [
            {
                "personaddressassoc.personaddressassocid": f"{self._row['person']}{number}",
                "personaddressassoc.addresspriorityorder": order,
                "personaddress.street": street,
                "personaddress.unit": unit,
                "personaddress.city": lives["city"],
                "personaddress.postalcode": lives["zip"],
                "codeset.code": lives["state"],
            }
            for number, (order, street, unit) in enumerate(told, 1)
        ]

    def as_contact(self) -> dict[str, Any]:
        """The person, as the resource of contacts tells one."""
        return {
            "contactId": self._row["person"],
            "firstName": self._row["first"],
            "lastName": self._row["last"],
            "active": True,
            "emails": [
                {
                    "contactEmailId": int(one["personemailaddressassoc.personemailaddressassocid"]),
                    "primary": one["personemailaddressassoc.isprimaryemailaddress"] == "1",
                    "type": one["codeset.code"],
                    "address": one["emailaddress.emailaddress"],
                }
                for one in self.emails
            ],
            "phones": [
                {
                    "contactsPhoneId": int(one["personphonenumberassoc.personphonenumberassocid"]),
                    "sequence": int(one["personphonenumberassoc.phonenumberpriorityorder"]),
                    "preferred": one["personphonenumberassoc.ispreferred"] == "1",
                    "phoneType": one["codeset.code"],
                    "phoneNumber": one["phonenumber.phonenumber"],
                    "sms": False,
                }
                for one in self.phones
            ],
            "addresses": [
                {
                    "contactAddressId": int(one["personaddressassoc.personaddressassocid"]),
                    "sequence": int(one["personaddressassoc.addresspriorityorder"]),
                    "street": one["personaddress.street"],
                    "unit": one["personaddress.unit"],
                    "city": one["personaddress.city"],
                    "state": one["codeset.code"],
                    "postalCode": one["personaddress.postalcode"],
                }
                for one in self.addresses
            ],
            "contactStudents": [
                {
                    "sequence": self._row["place"],
                    "dcid": int(self._row["student"]),
                    "canAccessData": False,
                    "studentDetails": [self._as_detail(one) for one in self.details],
                }
            ],
        }

    @staticmethod
    def _as_detail(detail: Row) -> dict[str, Any]:
        told = {name.rpartition(".")[2]: value for name, value in detail.items()}
        flags = {
            "custodial": "iscustodial",
            "emergency": "isemergency",
            "livesWith": "liveswithflg",
            "schoolPickup": "schoolpickupflg",
            "receivesMail": "receivesmailflg",
            "active": "isactive",
        }
        return {
            "studentContactDetailId": int(told["studentcontactdetailid"]),
            "relationship": told["code"],
            **{name: told[column] == "1" for name, column in flags.items()},
            "startDate": told["startdate"],
            "endDate": told["enddate"],
        }
