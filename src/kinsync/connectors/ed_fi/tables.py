"""The resources of Ed-Fi that are read, under the names of data standard 5.x, and their columns."""

from kinsync.transport.source_table import Table

KEY = "studentUniqueId"
_ADDRESS = ("street", "city", "state", "postalCode")
STUDENTS = Table(
    "students",
    ("studentUniqueId",),
    (
        *("studentUniqueId", "firstName", "middleName", "lastSurname", "generationCodeSuffix"),
        *("birthDate", "sex"),
    ),
    ("firstName", "lastSurname"),
    called="Student",
)
ENROLMENTS = Table(
    "studentSchoolAssociations",
    ("studentUniqueId", "schoolId", "entryDate"),
    (
        *("studentUniqueId", "schoolId", "entryDate", "exitWithdrawDate", "primarySchool"),
        *("entryGradeLevel", "graduationSchoolYear"),
    ),
    called="StudentSchoolAssociation",
    made=("schoolIds",),
)
TIES = Table(
    "studentContactAssociations",
    ("studentUniqueId", "contactUniqueId"),
    (
        *("studentUniqueId", "contactUniqueId", "relation", "relationDescriptor"),
        *("primaryContactStatus", "emergencyContactStatus", "contactPriority", "livesWith"),
        *("legalGuardian", "contactRestrictions"),
    ),
    called="StudentContactAssociation",
)
CONTACTS = Table(
    "contacts",
    ("contactUniqueId",),
    (
        *("contactUniqueId", "personalTitlePrefix", "firstName", "middleName", "lastSurname"),
        *("generationCodeSuffix", "telephones", "telephoneTypes", "electronicMails", *_ADDRESS),
    ),
    ("firstName", "lastSurname"),
    called="Contact",
    via=(TIES.name, "contactUniqueId"),
)
ASKED = Table("asked", ("day",), ("day", "inactive"))
"""One row: the day at the API, by which enrolments have ended, and whether others than the enrolled
are read. What was read stays whole, so that it can be read again by another day."""
RESOURCES = (STUDENTS, ENROLMENTS, TIES, CONTACTS)
OLD_NAMES = {CONTACTS.name: "parents", TIES.name: "studentParentAssociations"}
"""Until 4.0 of the data standard."""
