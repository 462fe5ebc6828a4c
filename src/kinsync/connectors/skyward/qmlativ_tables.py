"""The objects of Qmlativ that are read, and the fields that are asked for."""

from kinsync.transport.source_table import Table

STUDENTS = Table(
    "Student/Student",
    ("StudentID",),
    (
        *("StudentID", "NameID", "StudentNumber", "StudentStateID", "FirstName", "MiddleName"),
        *("LastName", "Grade", "GradYear", "IsCurrentActive", "ModifiedTime"),
    ),
    ("NameID", "FirstName", "LastName", "IsCurrentActive"),
    called="Student",
)
ENROLMENTS = Table(
    "Enrollment/StudentEntityYear",
    ("StudentEntityYearID", "StudentID"),
    (
        *("StudentEntityYearID", "StudentID", "EntityID", "SchoolYearID"),
        *("IsActive", "IsDefaultEntity"),
    ),
    ("EntityID",),
    called="StudentEntityYear",
    made=("Entities",),
)
GUARDIANS = Table(
    "Family/StudentGuardian",
    ("StudentID", "NameIDGuardian"),
    (
        *("StudentGuardianID", "StudentID", "NameIDGuardian", "RelationshipID", "Rank"),
        *("GuardianCategory", "IsCustodialGuardian", "IsEmergencyContact", "AllowFamilyAccess"),
        *("AllowStudentPickup", "HasActiveRestrictedAccess", "HasUnrestrictedAccess"),
        "ModifiedTime",
    ),
    ("RelationshipID", "Rank", "HasActiveRestrictedAccess"),
    called="StudentGuardian",
    made=("Relationship",),
)
EMERGENCY = Table(
    "Demographics/EmergencyContact",
    ("StudentID", "NameIDEmergencyContact"),
    (
        *("EmergencyContactID", "StudentID", "NameID", "NameIDEmergencyContact", "RelationshipID"),
        *("Rank", "AllowPickUp", "Comment", "ModifiedTime"),
    ),
    ("RelationshipID", "Rank"),
    called="EmergencyContact",
    made=("Relationship",),
)
TIES = Table("ties", ("StudentID", "NameID"), ("StudentID", "NameID"))
"""Who is anything to a student: whose names, phones and addresses are read."""
_THROUGH = (TIES.name, "NameID")
NAMES = Table(
    "Demographics/Name",
    ("NameID",),
    (
        *("NameID", "FirstName", "MiddleName", "LastName", "FullNameFL", "IsBusiness"),
        *("IsGuardianName", "IsEmergencyContactName", "ModifiedTime"),
    ),
    ("FirstName", "LastName"),
    called="Name",
    via=_THROUGH,
)
PHONES = Table(
    "Demographics/NamePhone",
    ("NamePhoneID",),
    (
        *("NamePhoneID", "NameID", "PhoneNumber", "Extension", "FullPhoneNumber"),
        *("FormattedPhoneNumber", "PhoneTypeID", "Rank", "IsConfidential", "IsFax"),
        *("IsInternational", "ModifiedTime"),
    ),
    ("NameID", "PhoneNumber", "PhoneTypeID"),
    called="NamePhone",
    made=("PhoneNumbers", "PhoneTypes"),
    via=_THROUGH,
)
EMAILS = Table(
    "Demographics/NameEmail",
    ("NameEmailID",),
    ("NameEmailID", "NameID", "EmailAddress", "EmailTypeID", "Rank", "ModifiedTime"),
    ("NameID", "EmailAddress"),
    called="NameEmail",
    made=("EmailAddresses",),
    via=_THROUGH,
)
_CODE = ("Code", "Description")
RELATIONSHIPS = Table(
    "Demographics/Relationship", ("RelationshipID",), ("RelationshipID", *_CODE), _CODE
)
PHONE_TYPES = Table("Demographics/PhoneType", ("PhoneTypeID",), ("PhoneTypeID", *_CODE), _CODE)
YEARS = Table(
    "District/SchoolYear",
    ("SchoolYearID",),
    ("SchoolYearID", "Description", "IsCurrentYearForProvidedEntity"),
)
