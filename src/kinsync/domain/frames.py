"""The named frames that pass between steps: their schemas, and what one row of each is.

Text columns hold null for blank, never the empty string, from *clean* on. ``row`` is the row as a
spreadsheet counts it: the header is row 1, blank lines count, a quoted line break does not.
"""

import polars as pl

from kinsync.domain.flags import FLAG_FIELDS

STUDENT_DETAILS = (
    "school_sis_id",
    "student_number",
    "state_id",
    "last_name",
    "middle_name",
    "first_name",
    "grade",
    "gender",
    "graduation_year",
    "dob",
    "race",
    "hispanic_ethnicity",
    "home_language",
    "ell_status",
    "frl_status",
    "iep_status",
    "street",
    "city",
    "state",
    "zip",
    "email",
    "username",
)
"""What is said about a student, beside ``student_sis_id``; the first row of a student wins."""

TELLING_FIELDS = (
    "contact_type",
    "contact_name",
    "contact_relationship",
    "contact_phone",
    "contact_phone_type",
    "contact_email",
    "contact_sis_id",
)
"""What a row says about a contact: it has one as soon as one of these is there."""

ADDRESS_PARTS = ("street", "city", "state", "zip")
ADDRESS_FIELDS = tuple(f"contact_{name}" for name in ADDRESS_PARTS)

CONTACT_FIELDS = (*TELLING_FIELDS, *ADDRESS_FIELDS, *FLAG_FIELDS)
"""The same, and what is said of a contact who is there, under the names that a mapping feeds."""

STUDENT_FIELDS = tuple(f"student_{name}" for name in ("sis_id",)) + STUDENT_DETAILS

FINDINGS = pl.Schema(
    {
        "file": pl.String(),  # name of the file, as the district knows it
        "row": pl.UInt32(),  # null for a finding about the whole file
        "column": pl.String(),  # header in the source, null for a finding about the whole row
        "code": pl.String(),  # key of domain.rules.RULES
        "value": pl.String(),  # what stood there: personal data, for the district's eyes only
    }
)
"""One row is one rule met at one place. Severity and advice come from the catalogue."""

PART_STEP = 256
"""Between the parts of a row that a mapping makes: room for what one cell holds."""

ROWS = pl.Schema(
    {
        "row": pl.UInt32(),
        "part": pl.UInt16(),  # 0, PART_STEP … where a mapping feeds several phones or addresses
        **{name: pl.String() for name in STUDENT_FIELDS},
        **{name: pl.String() for name in CONTACT_FIELDS},
    }
)
"""Contact rows after *map*: one row is one contact of one student, in the source's spelling.

Where a mapping feeds many phones or addresses, the n-th of them stand in the n-th part of the row.
"""

CLEAN = pl.Schema(
    {
        "row": pl.UInt32(),
        "part": pl.UInt16(),  # 0, and others where the row holds several phones or addresses
        "student_sis_id": pl.String(),
        "name": pl.String(),
        "name_key": pl.String(),  # comparable name; null for a placeholder
        "name_suffix": pl.String(),  # generation: jr, sr, ii …
        "type": pl.String(),
        "type_source": pl.String(),
        "relationship": pl.String(),
        "relationship_source": pl.String(),
        "phone": pl.String(),
        "phone_extension": pl.String(),
        "phone_source": pl.String(),
        "phone_type": pl.String(),
        "phone_type_source": pl.String(),
        "email": pl.String(),
        "email_source": pl.String(),
        "sis_id": pl.String(),
        "address": pl.String(),  # JSON, see CONTACT_DETAILS
        "flags": pl.String(),  # JSON, see domain.flags
        "restricted": pl.Boolean(),
    }
)
"""Contact rows after *clean*: one row is one phone and mailbox of one contact of one student.

``…_source`` is the cell as the source wrote it; our word beside it is null where the cell is blank
or not understood. After *check*, a word that is not understood is Other.
"""

HELD = pl.Schema(
    {
        "row": pl.UInt32(),
        "student_sis_id": pl.String(),
        "contact_name": pl.String(),
        "contact_sis_id": pl.String(),
        "contact_phone": pl.String(),
        "contact_email": pl.String(),
        "restricted": pl.Boolean(),
    }
)
"""One row is one held row, as far as it can be read; null is unreadable or blank."""

KEYS = pl.Schema(
    {
        "row": pl.UInt32(),
        "part": pl.UInt16(),
        "student": pl.UInt64(),
        "name": pl.UInt64(),  # null for a placeholder
        "suffix": pl.UInt64(),
        "sis_id": pl.UInt64(),
        "phone": pl.UInt64(),  # null where it is no evidence
        "email": pl.UInt64(),
        "content": pl.UInt64(),  # everything the row says about the contact
        "details": pl.UInt64(),  # what it says about the person alone
        "kind": pl.UInt64(),  # student, type and relationship
        "wording": pl.UInt64(),  # the source's own words for type and relationship, and flags
        "restricted": pl.Boolean(),  # whether the contact is to be kept from the student
    }
)
"""Kept contact rows as hashes, for *link*: 64 bits in the place of text keep it small and fast."""

ENDS = pl.Schema(
    {
        "row": pl.UInt32(),
        "student": pl.UInt64(),  # keys as in KEYS, of held rows too, as far as they can be read
        "sis_id": pl.UInt64(),
        "phone": pl.UInt64(),
        "email": pl.UInt64(),
        "name": pl.UInt64(),  # of the contact; of kept rows alone
        "published": pl.UInt8(),
        "held": pl.UInt8(),
        "collapsed": pl.UInt8(),
        "students": pl.UInt8(),  # 1 where it is the first row of its student, else 0
        "contacts": pl.UInt8(),  # 1 where it is the first row of its person, else 0
        "several": pl.UInt8(),  # 1 where that person stands to several students
        "relationships": pl.UInt8(),
        "with_contact": pl.UInt8(),  # 1 for a kept row that has one
        "unreadable": pl.UInt8(),  # 1 where a held row may speak of any student
    }
)
"""How each row of a delivery ended: keys, and what the row adds to each count."""

ROW_KEYS = pl.Schema(
    {
        "file": pl.String(),
        "row": pl.UInt32(),  # as a spreadsheet counts it, in that file
        **{name: ENDS[name] for name in ("student", "sis_id", "phone", "email", "name")},
    }
)
"""Of whom each row speaks: one row is one contact of one row of a file, with keys as in KEYS."""

FURTHER = pl.Schema({"row": pl.UInt32(), "phone": pl.UInt64(), "email": pl.UInt64()})
"""Keys of further parts: one row is one phone and address of a row that holds several."""

SCHOOLS = pl.Schema({"sis_id": pl.String(), "name": pl.String()})
"""One row is one school of the district; ``sis_id`` is its key."""

STUDENTS = pl.Schema(
    {
        "sis_id": pl.String(),
        **{name: pl.String() for name in STUDENT_DETAILS},
        "sources": pl.String(),  # see domain.priority
    },
)
"""One row is one student; ``sis_id`` is its key."""

CONTACT_DETAILS = pl.Schema(
    {
        "sis_id": pl.String(),
        "name": pl.String(),
        "phone": pl.String(),  # the first; 10 or 11 digits
        "phone_extension": pl.String(),
        "phone_type": pl.String(),
        "phone_type_source": pl.String(),
        "email": pl.String(),  # the first
        "more_phones": pl.String(),  # JSON list of {phone, extension, type, type_source}, or null
        "more_emails": pl.String(),  # JSON list of text, or null
        "address": pl.String(),  # JSON {street, city, state, zip}, or null
        "restricted": pl.String(),  # Y where every relationship is, else null
        "sources": pl.String(),  # see domain.priority
    }
)
"""What is published about a person who can be reached about one or more students."""

RELATIONSHIP_DETAILS = pl.Schema(
    {
        "type": pl.String(),
        "type_source": pl.String(),
        "relationship": pl.String(),
        "relationship_source": pl.String(),
        "flags": pl.String(),  # JSON, see domain.flags, or null
        "restricted": pl.String(),  # Y where the contact is to be kept from the student, else null
        "sources": pl.String(),  # see domain.priority
    }
)
"""What one contact is to one student: our words, and the source's own beside them."""

CONTACTS = pl.Schema({"contact": pl.UInt32(), **CONTACT_DETAILS})
"""Snapshot, before *match*: one row is one person of this sync; ``contact`` numbers them."""

RELATIONSHIPS = pl.Schema(
    {"contact": pl.UInt32(), "student_sis_id": pl.String(), **RELATIONSHIP_DETAILS}
)
"""Snapshot, before *match*: one row is what one contact is to one student; one per kind."""

PUBLISHED_SCHOOLS = pl.Schema({"id": pl.String(), **SCHOOLS})
"""One row is one published school; ``id`` is 24 hex digits."""

PUBLISHED_STUDENTS = pl.Schema({"id": pl.String(), **STUDENTS})
"""One row is one published student; ``id`` is 24 hex digits."""

PUBLISHED_CONTACTS = pl.Schema({"id": pl.String(), "legacy_id": pl.String(), **CONTACT_DETAILS})
"""One row is one published person: the v3 ``id`` and the v2 ``legacy_id``."""

PUBLISHED_RELATIONSHIPS = pl.Schema(
    {
        "id": pl.String(),
        "contact_id": pl.String(),
        "student_id": pl.String(),
        **RELATIONSHIP_DETAILS,
    }
)
"""One row is one published relationship; its ``id`` is the contact's id in API v1.2."""

KINDS = ("school", "student", "contact", "relationship")
"""The kinds of published record, in the order in which they are written."""

PUBLISHED: dict[str, pl.Schema] = {
    "school": PUBLISHED_SCHOOLS,
    "student": PUBLISHED_STUDENTS,
    "contact": PUBLISHED_CONTACTS,
    "relationship": PUBLISHED_RELATIONSHIPS,
}
"""The schema of each kind as it is published."""


EVENTS = pl.Schema({"act": pl.String(), "kind": pl.String(), "record_id": pl.String()})
"""One row is one record that was created, updated or deleted, as told to one application."""


def empty(schema: pl.Schema) -> pl.DataFrame:
    """A frame of that schema without rows."""
    return pl.DataFrame(schema=schema)
