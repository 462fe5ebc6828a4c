"""The resources of a pretended Ed-Fi API; what is null is left out, as the real one does."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import polars as pl

from kinsync.simulators.roster import Shown
from kinsync.simulators.spelling import A_FEW, address

RESOURCES = (
    *("students", "studentSchoolAssociations", "contacts", "studentContactAssociations"),
    "schools",
)
KEYS = {
    "students": ("studentUniqueId",),
    "studentSchoolAssociations": ("studentUniqueId", "schoolId", "entryDate"),
    "contacts": ("contactUniqueId",),
    "studentContactAssociations": ("studentUniqueId", "contactUniqueId"),
    "schools": ("schoolId",),
}
"""What tells the resources of a kind apart."""
DESCRIPTORS = (
    *("relationDescriptors", "telephoneNumberTypeDescriptors", "electronicMailTypeDescriptors"),
    "gradeLevelDescriptors",
)
_RELATIONS = {
    "mother": "Mother",
    "father": "Father",
    "stepmother": "Mother, step",
    "grandmother": "Grandmother",
    "grandfather": "Grandfather",
    "aunt": "Aunt",
    "uncle": "Uncle",
    "friend": "Friend",
    "new": "FathersSignificantOther",
    "unknown": "Unknown",
}
_NUMBERS = {word: f"{place:02}" for place, word in enumerate(_RELATIONS.values(), 1)}
"""What the state writes for them."""
_PHONES = {"cell": "Mobile", "home": "Home", "work": "Work", "": "Emergency 1"}
_GRADES = (
    *("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth"),
    *("Tenth", "Eleventh", "Twelfth"),
)
_STATE = "uri://sea.example.org"

Record = dict[str, Any]


class Shapes:
    """What one API makes of students and contacts."""

    def __init__(self, quirks: Collection[str]) -> None:
        self._quirks = frozenset(quirks)
        self._shown: dict[str, Shown[Record]] = {}

    def of(self, name: str, students: pl.DataFrame, contacts: pl.DataFrame) -> Sequence[Record]:
        """All of a resource, in the order of the ids."""
        kept = self._shown.setdefault(name, Shown(partial(self._made, name)))
        return kept.of(contacts if "ontact" in name else students)

    def _made(self, name: str, frame: pl.DataFrame) -> Sequence[Record]:
        make: Callable[[pl.DataFrame], Iterator[Record]] = getattr(self, f"_{name}")
        return sorted((_finished(name, one) for one in make(frame)), key=itemgetter("id"))

    # -- students ----------------------------------------------------------------------------

    def _students(self, frame: pl.DataFrame) -> Iterator[Record]:
        for row in frame.iter_rows(named=True):
            month, day, year = row["DOB"].split("/")
            yield {
                "studentUniqueId": row["Student_id"],
                "firstName": row["First_name"],
                "middleName": row["Middle_name"],
                "lastSurname": row["Last_name"],
                "birthDate": f"{year}-{month}-{day}",
                "birthSexDescriptor": _descriptor(
                    "Sex", {"M": "Male"}.get(row["Gender"], "Female")
                ),
            }

    def _studentSchoolAssociations(self, frame: pl.DataFrame) -> Iterator[Record]:  # noqa: N802
        first = frame["School_id"].min()
        for row in frame.iter_rows(named=True):
            number = int(row["Student_id"])
            has_left = "ended-enrolments" in self._quirks and number % A_FEW == 3
            has_two = "second-school" in self._quirks and number % A_FEW == 1
            yield {
                **self._enrolled(row, row["School_id"]),
                "primarySchool": True if has_two else None,
                "exitWithdrawDate": "2026-09-30" if has_left else None,
            }
            if has_two and row["School_id"] != first:
                other = self._enrolled(row, first)
                yield other | {"primarySchool": False, "entryDate": "2026-10-01"}

    def _enrolled(self, row: Mapping[str, Any], school: Any) -> Record:
        return {
            "schoolReference": {"schoolId": int(school), "link": {"rel": "School"}},
            "studentReference": {"studentUniqueId": row["Student_id"]},
            "entryDate": "2026-08-17",
            "entryGradeLevelDescriptor": _descriptor("GradeLevel", _grade(row["Grade"])),
        }

    def _schools(self, frame: pl.DataFrame) -> Iterator[Record]:
        for school in frame["School_id"].unique().sort():
            yield {"schoolId": int(school), "nameOfInstitution": f"School {school}"}

    # -- contacts ----------------------------------------------------------------------------

    def _contacts(self, frame: pl.DataFrame) -> Iterator[Record]:
        persons = frame.unique("person", keep="first", maintain_order=True)
        for row in persons.iter_rows(named=True):
            if "out-of-scope" in self._quirks and row["person"] % A_FEW == 2:
                continue
            lives = address(row["family"])
            hidden = {"doNotPublishIndicator": True} if "hidden-addresses" in self._quirks else {}
            yield {
                "contactUniqueId": _unique_id(row),
                "firstName": row["first"],
                "lastSurname": row["last"],
                "telephones": self._phones(row),
                "electronicMails": self._mails(row),
                "addresses": [
                    {
                        "addressTypeDescriptor": _descriptor("AddressType", "Home"),
                        "streetNumberName": lives["street"],
                        "city": lives["city"],
                        "stateAbbreviationDescriptor": _descriptor(
                            "StateAbbreviation", lives["state"]
                        ),
                        "postalCode": lives["zip"],
                        **hidden,
                    }
                ],
            }

    def _phones(self, row: Mapping[str, Any]) -> list[Record]:
        told: list[tuple[str, str, Record]] = []
        if "faxes" in self._quirks:
            told.append(("Fax", "3605550100", {}))
        if "hidden-phones" in self._quirks:
            told.append(("Unlisted", "3605550101", {"doNotPublishIndicator": True}))
        if row["phone"]:
            told.append((_PHONES[row["phone_kind"]], row["phone"], {}))
        has_order = "no-order" not in self._quirks
        return [
            {
                "telephoneNumberTypeDescriptor": _descriptor("TelephoneNumberType", kind),
                "telephoneNumber": f"({digits[:3]}) {digits[3:6]} {digits[6:]}",
                **({"orderOfPriority": place} if has_order else {}),
                **more,
            }
            for place, (kind, digits, more) in enumerate(told, 1)
        ]

    def _mails(self, row: Mapping[str, Any]) -> list[Record]:
        kind = _descriptor("ElectronicMailType", "Home/Personal")
        told = [{"electronicMailTypeDescriptor": kind, "electronicMailAddress": row["email"]}]
        if not row["email"]:
            told = []
        if "hidden-phones" in self._quirks:
            address = f"hidden.{row['person']}@mail.example.org"
            hidden = {"electronicMailAddress": address, "doNotPublishIndicator": True}
            told.insert(0, {"electronicMailTypeDescriptor": kind, **hidden})
        return told

    def _studentContactAssociations(self, frame: pl.DataFrame) -> Iterator[Record]:  # noqa: N802
        for row in frame.iter_rows(named=True):
            is_restricted = "restrictions" in self._quirks and row["role"] == "friend"
            tie: Record = {
                "studentReference": {"studentUniqueId": row["student"]},
                "contactReference": {
                    "contactUniqueId": _unique_id(row),
                    "link": {"rel": "Contact"},
                },
                "relationDescriptor": self._relation(row["role"]),
                "contactRestrictions": "Not during school hours" if is_restricted else None,
            }
            if "sparse" not in self._quirks:
                tie |= {
                    "primaryContactStatus": row["type"] == "P",
                    "emergencyContactStatus": row["type"] == "E",
                    "livesWith": row["order"] == 1,
                    "legalGuardian": True if row["type"] == "G" else None,
                    "contactPriority": row["order"],
                }
            yield tie

    def _relation(self, role: str) -> str | None:
        word = _RELATIONS.get(role)
        if word is None or "state-descriptors" not in self._quirks:
            return word and _descriptor("Relation", word)
        return f"{_STATE}/RelationDescriptor#{_NUMBERS[word]}"

    # -- descriptors -------------------------------------------------------------------------

    def _relationDescriptors(self, _frame: pl.DataFrame) -> Iterator[Record]:  # noqa: N802
        is_state = "state-descriptors" in self._quirks
        for word, number in _NUMBERS.items():
            yield {
                "namespace": f"{_STATE if is_state else 'uri://ed-fi.org'}/RelationDescriptor",
                "codeValue": number if is_state else word,
                "shortDescription": word,
                "description": word,
            }

    def _telephoneNumberTypeDescriptors(self, _frame: pl.DataFrame) -> Iterator[Record]:  # noqa: N802
        yield from _common("TelephoneNumberType", (*_PHONES.values(), "Emergency 2", "Fax"))

    def _electronicMailTypeDescriptors(self, _frame: pl.DataFrame) -> Iterator[Record]:  # noqa: N802
        yield from _common("ElectronicMailType", ("Home/Personal", "Organization", "Other", "Work"))

    def _gradeLevelDescriptors(self, _frame: pl.DataFrame) -> Iterator[Record]:  # noqa: N802
        yield from _common("GradeLevel", [f"{word} grade" for word in _GRADES])


def _common(kind: str, words: Collection[str]) -> Iterator[Record]:
    for word in words:
        namespace = f"uri://ed-fi.org/{kind}Descriptor"
        yield {"namespace": namespace, "codeValue": word, "shortDescription": word}


def _descriptor(kind: str, word: str) -> str:
    return f"uri://ed-fi.org/{kind}Descriptor#{word}"


def _grade(told: str) -> str:
    if told.isdigit() and 1 <= int(told) <= len(_GRADES):
        return f"{_GRADES[int(told) - 1]} grade"
    return {"PreKindergarten": "Preschool/Prekindergarten"}.get(told, told)


def key_of(name: str, record: Mapping[str, Any]) -> Record:
    """The values of a resource's key, taken out of its references."""
    parts: Record = {}
    for value in record.values():
        parts |= value if isinstance(value, Mapping) else {}
    return {part: record.get(part, parts.get(part)) for part in KEYS[name]}


def _unique_id(row: Mapping[str, Any]) -> str:
    return f"C-{7000 + row['person']}"


def _finished(name: str, record: Record) -> Record:
    """A resource as it is served: with an id, and without what is null or an empty list."""
    told = {key: value for key, value in record.items() if value not in (None, "", [])}
    natural = [
        value
        for key, value in told.items()
        if key.endswith(("UniqueId", "Reference")) or key in ("schoolId", "codeValue", "entryDate")
    ]
    number = hashlib.sha256(f"{name} {natural}".encode()).hexdigest()[:32]
    return {
        "id": number,
        **told,
        "_etag": "5250000000",
        "_lastModifiedDate": "2026-10-02T08:11:04Z",
    }
