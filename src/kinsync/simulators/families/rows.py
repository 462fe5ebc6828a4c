"""Rows of the first night: the columns of the file, and beside them the truth about each row."""

import numpy as np
import polars as pl

from kinsync.simulators.families.contacts import contact_columns
from kinsync.simulators.families.dice import Ints
from kinsync.simulators.families.district import District
from kinsync.simulators.families.households import NOBODY, Skeleton, skeleton
from kinsync.simulators.families.students import FIRST_ID, student_columns

CONTACT_COLUMNS = (
    "Contact_relationship",
    "Contact_type",
    "Contact_name",
    "Contact_phone",
    "Contact_phone_type",
    "Contact_email",
    "Contact_sis_id",
)

COLUMNS = (
    *("School_id", "Student_id", "Student_number", "State_id"),
    *("Last_name", "Middle_name", "First_name", "Grade", "Gender", "Graduation_year", "DOB"),
    *("Race", "Hispanic_Latino", "Home_language", "Ell_status", "Frl_status", "IEP_status"),
    *("Student_street", "Student_city", "Student_state", "Student_zip", "Student_email"),
    *CONTACT_COLUMNS,
    "Username",
)
"""The header of students.csv, in Clever's spelling and usual order."""

TRUTH = pl.Schema(
    {
        "person": pl.Int64(),  # who the contact really is; null where the student has none
        "student": pl.Int64(),  # Student_id, as a number
        "change": pl.String(),  # what happened since the night before: a ``nights.Change``
        "type_index": pl.Int64(),  # index into households.TYPES: keeps two rows of one person apart
        "here": pl.Boolean(),  # false while the contact is not in the file
        "enrolled": pl.Boolean(),  # false once the student has left
    }
)
"""What stands beside the columns of the file: never written into it."""


def rows_of(district: District, shape: Skeleton) -> pl.DataFrame:
    """Those rows, all new: one row is one contact of one student, or a student without any."""
    students, nth = np.unique(shape.student, return_inverse=True)
    about = pl.DataFrame(student_columns(district, students))[nth.ravel()]
    size = len(shape.student)
    truth = {
        "person": pl.Series(shape.who.person),
        "student": pl.Series(shape.student + FIRST_ID),
        "change": pl.Series(["new"]).new_from_index(0, size),
        "type_index": pl.Series(shape.type),
        "here": pl.Series([True]).new_from_index(0, size),
        "enrolled": pl.Series([True]).new_from_index(0, size),
    }
    columns = {**contact_columns(district, shape), **truth}
    frame = about.with_columns(**columns).select(*COLUMNS, *TRUTH)
    person = pl.when(pl.col("person") != NOBODY).then("person")
    return frame.with_columns(person, _street(district, shape))


def _street(district: District, shape: Skeleton) -> pl.Expr:
    """In a few rows that are not the student's first: where the family lived before."""
    first = np.r_[True, shape.student[1:] != shape.student[:-1]]
    odds = district.mess.student_differs
    moved = ~first & district.dice.chance(odds, "moved", shape.student, shape.key)
    street = pl.col("Student_street")
    return pl.when(pl.Series(moved)).then("Old " + street).otherwise(street)


def first_night(district: District, students: Ints) -> pl.DataFrame:
    """The rows of those students, in the order of the file."""
    contacts = district.mess.contacts_per_student
    return rows_of(district, skeleton(district.dice, students, contacts))
