"""A third invented district, of which hardly anything is known, and what is known is odd.

Every column that may be blank is blank somewhere; every word of a closed list is one that no list
has; a person is to one student in two ways, and a school has no name.
"""

from typing import Any

from tests.web.lakeside import Owner, add_district, add_feed, record

BLANKFIELD, BLANKFIELD_TOKEN = 3, "d" * 40
BLANKFIELD_ID = "66b000000000000000000003"
BARE, ODD, LOST = (f"66b0000000000000000000{n}" for n in ("d1", "d2", "d3"))
NOBODY, MANY = "66b0000000000000000003e1", "66b0000000000000000003e2"
NOBODY_V2, MANY_V2 = "66b0000000000000000002e1", "66b0000000000000000002e2"
NAMELESS = "66b0000000000000000000f3"
RELATION = "66b0000000000000000001e1"


def add_blankfield(to: Owner) -> None:
    """The district, published twice."""
    add_district(to, BLANKFIELD, "Blankfield", BLANKFIELD_TOKEN, versions=2)
    record(to, "school", BLANKFIELD, NAMELESS, sis_id="7")
    record(to, "student", BLANKFIELD, BARE, sis_id="1")
    record(to, "student", BLANKFIELD, LOST, sis_id="3", school_sis_id="no such school")
    odd: dict[str, Any] = dict.fromkeys(
        ("grade", "gender", "dob", "race", "hispanic_ethnicity", "ell_status", "frl_status"), "?"
    )
    rest: dict[str, Any] = dict.fromkeys(
        ("iep_status", "home_language", "graduation_year", "email"), "?"
    )
    record(to, "student", BLANKFIELD, ODD, sis_id="2", school_sis_id="7", **odd, **rest)
    record(to, "contact", BLANKFIELD, NOBODY, legacy_id=NOBODY_V2)
    record(to, "contact", BLANKFIELD, MANY, legacy_id=MANY_V2, name="M", phone_type="Satellite")
    for number, (contact, student, word) in enumerate(
        [(NOBODY, BARE, None), (MANY, ODD, "Warden"), (MANY, ODD, None), (MANY, LOST, "Other")]
    ):
        id_ = RELATION[:-1] + str(number + 1)
        ties: dict[str, Any] = {
            "contact_id": contact,
            "student_id": student,
            "type": word,
            "relationship": word,
        }
        record(to, "relationship", BLANKFIELD, id_, **ties)
    add_feed(to, BLANKFIELD, 2)
