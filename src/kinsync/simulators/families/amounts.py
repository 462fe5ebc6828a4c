"""How much of everything an invented district has: the one place for its numbers.

Shares are of the thing that the comment names, between 0 and 1. The docs quote this file.
"""

from dataclasses import dataclass, fields, replace

SIBLINGS = 0.15
"""Share of the students who have a sibling in the district; siblings share their contacts."""

STRUCTURE = frozenset(
    {"contacts_per_student", "sis_id", "landline", "own_surname", "name_nickname", "name_slip"}
)
"""Amounts that say who lives together rather than how badly it was typed: never scaled."""


@dataclass(frozen=True, slots=True)
class Mess:
    """What is in a file, and what is wrong with it."""

    # who there is
    contacts_per_student: float = 3.0  # rows a student, on average
    sis_id: float = 0.60  # persons with a Contact_sis_id
    landline: float = 0.12  # families with a phone shared by parents and a grandparent
    own_surname: float = 0.40  # mothers and grandmothers under another surname than the child's

    # names, of persons
    name_blank: float = 0.0008
    name_placeholder: float = 0.003
    name_middle: float = 0.10  # with a middle initial

    # the spelling of names, of a person's rows with one student
    name_upper: float = 0.04
    name_lower: float = 0.008
    name_turned: float = 0.015  # "Last, First"
    name_titled: float = 0.01  # "Mrs. …"
    name_spaced: float = 0.004  # with a double blank
    name_varies: float = 0.02  # rows that leave out the person's middle initial
    name_nickname: float = 0.0  # with a nickname, for a given name that has one
    name_slip: float = 0.0  # with a letter of the given name left out

    # words, of rows
    type_blank: float = 0.0008
    type_synonym: float = 0.12
    type_unknown: float = 0.002
    relationship_blank: float = 0.03
    relationship_synonym: float = 0.25
    relationship_unknown: float = 0.002
    phone_type_blank: float = 0.04
    phone_type_synonym: float = 0.20
    phone_type_unknown: float = 0.001

    # phones, of persons (the spelling: of rows)
    phone_blank: float = 0.05
    phone_office: float = 0.003  # the school's own number
    phone_broken: float = 0.003
    phone_placeholder: float = 0.003
    phone_unassigned: float = 0.002
    phone_extension: float = 0.004
    phone_second: float = 0.003  # two numbers in one cell
    phone_formatted: float = 0.30

    # e-mail addresses, of persons
    email_blank: float = 0.14
    email_office: float = 0.001  # the school's own mailbox
    email_broken: float = 0.002
    email_placeholder: float = 0.002
    email_typo: float = 0.002  # gmial.com
    email_upper: float = 0.03

    # the rest
    sis_id_reused: float = 0.00005  # families whose parents share one Contact_sis_id
    student_differs: float = 0.0005  # rows with another street than the student's first row
    student_unnamed: float = 0.0001  # students without First_name
    grade_unknown: float = 0.0002  # students
    ragged: float = 0.00003  # rows with a field too many

    def scaled(self, factor: float) -> "Mess":
        """The same district with ``factor`` times the mess, and no share above one."""
        messy = [field.name for field in fields(self) if field.name not in STRUCTURE]
        return replace(self, **{name: min(1.0, getattr(self, name) * factor) for name in messy})


@dataclass(frozen=True, slots=True)
class Nightly:
    """What changes from one night to the next: shares of the persons, unless it says otherwise."""

    phone: float = 0.0017
    email: float = 0.0009
    phone_and_email: float = 0.0003
    type: float = 0.0006
    relationship: float = 0.0004
    surname: float = 0.0004
    gained_sis_id: float = 0.0011
    absent: float = 0.0004  # missing for one night, back the next
    gone: float = 0.0003
    new: float = 0.0003  # families who name one more person
    shuffled: float = 0.0002  # students whose rows come in another order
    student_left: float = 0.0003  # students
    student_arrived: float = 0.0003  # students
