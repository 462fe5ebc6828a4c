"""Hypothesis strategies for small invented families, and edits of them, with known truth."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st
from tests.pipeline.snapshots import Person, Tie

GIVEN = ("Anna", "Bea", "Carlos", "Dina", "Émile", "Fatima", "Gus", "Hana", "Ivan", "Jo", "Kofi")
SURNAMES = ("Smith", "García", "O'Brien", "Nguyen", "van den Berg")
TYPES = ("Primary", "Secondary", "Parent/Guardian", "Emergency", "Family", "Other")
RELATIONSHIPS = ("Parent", "Grandparent", "Aunt/Uncle", "Sibling", "Other")
HOME = {"phone_type": "Home"}


def adult(number: int, family: int, ties: tuple[Tie, ...], reach: str) -> Person:
    """Adult of that number: given names are one's own within a family, full names in a district."""
    name = f"{GIVEN[number % len(GIVEN)]} {SURNAMES[family % len(SURNAMES)]}{'abcdefgh'[family]}"
    landline = reach == "landline"
    phone = {"landline": f"503555{family:04}", "cell": f"971555{family:02}{number:02}"}.get(reach)
    email = f"p{family}.{number}@example.org" if reach in ("cell", "email") else None
    return Person(f"{family}/{number}", name, ties, phone, email, None, HOME if landline else {})


@st.composite
def families(draw: st.DrawFn) -> list[Person]:
    """One to four families of up to three children and four adults who share homes and phones."""
    people = []
    for family in range(draw(st.integers(1, 4))):
        children = [f"S{family}{child}" for child in range(draw(st.integers(1, 3)))]
        for number in range(draw(st.integers(1, 4))):
            theirs = draw(st.lists(st.sampled_from(children), min_size=1, unique=True))
            ties = tuple(
                Tie(child, draw(st.sampled_from(TYPES)), draw(st.sampled_from(RELATIONSHIPS)))
                for child in theirs
            )
            reach = draw(st.sampled_from(["landline", "cell", "email", "none"]))
            people.append(adult(number, family, ties, reach))
    return people


EDITS = ("phone", "email", "phone and email", "type", "relationship", "surname", "sis_id", "child")


def edited(person: Person, edit: str) -> Person:
    """The same person a night later, after one edit."""
    key = person.truth.replace("/", "0")
    ties = person.ties
    changes: dict[str, dict[str, object]] = {
        "phone": {"phone": f"2065550{key:0>3}", "details": {}},
        "email": {"email": f"new{key}@example.net"},
        "phone and email": {
            "phone": f"2065551{key:0>3}",
            "email": f"newer{key}@example.net",
            "details": {},
        },
        "type": {"ties": tuple(replace(tie, type=_other(tie.type, TYPES)) for tie in ties)},
        "relationship": {
            "ties": tuple(
                replace(tie, relationship=_other(tie.relationship, RELATIONSHIPS)) for tie in ties
            )
        },
        "surname": {"name": f"{person.name.split()[0]} Married{'abcdefghij'[int(key) % 10]}"},
        "sis_id": {"sis_id": f"C{key}"},
        "child": {"ties": (*ties, Tie(f"N{key}"))},
    }
    return replace(person, **changes[edit])  # type: ignore[arg-type]


def _other(word: str | None, words: Sequence[str]) -> str:
    return words[(words.index(word or words[0]) + 1) % len(words)]
