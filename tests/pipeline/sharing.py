"""Small random districts, nights of them, and shares of all kinds, for laws about sharing."""

import polars as pl
from hypothesis import strategies as st
from tests.store.people import record_id

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import PUBLISHED
from kinsync.domain.share import Share
from kinsync.pipeline.restrict import restricted

SCHOOLS = ("north", "south", "east")
GRADES = ("1", "2", None)
TYPES = ("Primary", "Emergency")
WORDS = ("Parent", "Other", None)
FLAGS = (None, '{"emergency":"Y"}', '{"order":2,"emergency":"N","pick_up":"Y"}', '{"order":1}')
MARKS = (None, None, "Y")
"""Of two relationships in three nobody says that they are restricted."""
PEOPLE = 5


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A district of a few families: every contact stands to at least one student."""
    students = draw(
        st.dictionaries(
            st.integers(0, PEOPLE), st.tuples(st.sampled_from(SCHOOLS), st.sampled_from(GRADES))
        )
    )
    pairs = st.tuples(st.sampled_from(sorted(students)), st.integers(0, PEOPLE))
    ties = draw(
        st.dictionaries(pairs, st.tuples(*map(st.sampled_from, (TYPES, WORDS, FLAGS, MARKS))))
        if students
        else st.just({})
    )
    phones = {who: draw(st.sampled_from((None, "1", "2"))) for _, who in ties}
    whole = Snapshot(
        {
            "school": _frame("school", [
                {"id": record_id("school", number), "sis_id": name, "name": name}
                for number, name in enumerate(SCHOOLS)
                if any(school == name for school, _ in students.values())
            ]),
            "student": _frame("student", [
                {"id": record_id("student", number), "sis_id": f"S{number}",
                 "school_sis_id": school, "grade": grade, "last_name": "Vale"}
                for number, (school, grade) in students.items()
            ]),
            "contact": _frame("contact", [
                {"id": record_id("contact", who), "legacy_id": record_id("contact", 100 + who),
                 "name": f"Person {who}", "phone": phone}
                for who, phone in phones.items()
            ]),
            "relationship": _frame("relationship", [
                {"id": record_id("relationship", student * 10 + who),
                 "contact_id": record_id("contact", who),
                 "student_id": record_id("student", student),
                 "type": type_, "relationship": word, "flags": flags, "restricted": mark}
                for (student, who), (type_, word, flags, mark) in ties.items()
            ]),
        }
    )  # fmt: skip
    return restricted(whole)


def shares() -> st.SearchStrategy[Share]:
    """From everything to next to nothing."""
    return st.builds(
        Share,
        schools=maybe(st.frozensets(st.sampled_from(SCHOOLS))),
        grades=maybe(st.frozensets(st.sampled_from(("1", "2")))),
        types=maybe(st.frozensets(st.sampled_from(TYPES))),
        relationships=maybe(st.frozensets(st.sampled_from(("Parent", "Other", "")))),
        flags=st.sampled_from((None, None, None, {"emergency"}, {"primary", "pick_up"}, ())).map(
            lambda names: None if names is None else frozenset(names)
        ),
        restricted=st.booleans(),
        fields=maybe(st.frozensets(st.sampled_from(("contact.phone", "student.grade")))),
        withheld=st.frozensets(st.integers(0, 1).map(lambda who: record_id("contact", who))),
    )


def _frame(kind: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    blank = dict.fromkeys(PUBLISHED[kind])
    whole = [{**blank, **row} for row in rows]
    return pl.DataFrame(whole, schema=PUBLISHED[kind]).sort("id")
