"""Link: which rows of one sync name the same person, and which never do."""

from collections import defaultdict
from collections.abc import Mapping

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import WORDS, kept, laws

from kinsync.pipeline.evidence import MOST_NAMES, keys_of
from kinsync.pipeline.link import MOST_NODES, Linked, link, repeated

Row = Mapping[str, str | None]
ANA: Row = {"name": "Ana Ruiz", "phone": "5035550142", "email": "ana@example.org"}
BO: Row = {"name": "Bo Ek", "phone": "5035550143", "email": "bo@example.org"}


def at(student: str, row: Row, **changed: str | None) -> Row:
    return {**row, "student_sis_id": student, **changed}


def linked(*given_rows: Row) -> Linked:
    return link(keys_of(kept(*given_rows), WORDS))


def people(*given_rows: Row) -> set[frozenset[int]]:
    """The rows of each person, counted from 0."""
    found = defaultdict(set)
    for row, _, person in linked(*given_rows).rows.iter_rows():
        found[person].add(row - 2)
    return {frozenset(rows) for rows in found.values()}


def are_one(one: Row, other: Row) -> bool:
    return len(people(at("S1", one), at("S2", other))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(ANA, {**ANA, "email": ""}, id="the phone"),
        pytest.param(ANA, {**ANA, "phone": "5035559999"}, id="the mailbox"),
        pytest.param(ANA, {**ANA, "name": "RUIZ, ANA"}, id="another spelling"),
        pytest.param(ANA, {**ANA, "phone": "+1 503-555-0142", "email": ""}, id="a country code"),
        pytest.param(ANA, {**ANA, "email": "ANA@EXAMPLE.ORG", "phone": ""}, id="capitals"),
        pytest.param(ANA, {**ANA, "sis_id": "C1"}, id="an id on one side"),
        pytest.param(
            {**ANA, "sis_id": "C1"},
            {"name": "Ana Marlowe", "phone": "", "sis_id": "C1"},
            id="the id alone, under a new surname",
        ),
        pytest.param(
            ANA, {"name": "Ana Ruiz", "phone": "5035550999 / 5035550142"}, id="a second phone"
        ),
    ],
)
def test_rows_of_two_students_name_one_person(one: Row, other: Row) -> None:
    assert are_one(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            {"name": "Ana Ruiz", "sis_id": "C1", "phone": "5035550142"},
            {"name": "Ana Ruiz", "sis_id": "C2", "phone": "5035550142"},
            id="two ids",
        ),
        pytest.param(
            {"name": "Ana Ruiz", "phone": "5035550142", "phone_type": "Home"},
            {"name": "Berta Ruiz", "phone": "5035550142", "phone_type": "Home"},
            id="mother and stepmother on one landline",
        ),
        pytest.param({"name": "Ana Ruiz"}, {"name": "Ana Ruiz"}, id="a name alone"),
        pytest.param(
            {**ANA, "name": "Mom"}, {**ANA, "name": "Mom"}, id="a placeholder for a name"
        ),
        pytest.param(
            {"name": "Mom", "sis_id": "C1"}, {"name": "Ana Ruiz", "sis_id": "C1"},
            id="a placeholder with an id",
        ),
        pytest.param(
            {"name": "Ana Ruiz", "phone": "0000000000"},
            {"name": "Ana Ruiz", "phone": "0000000000"},
            id="a placeholder for a phone",
        ),
        pytest.param(
            {"name": "Ana Ruiz", "phone": "19999999999"},
            {"name": "Ana Ruiz", "phone": "9999999999"},
            id="a placeholder for a phone with a leading 1",
        ),
        pytest.param(
            {"name": "Ana Ruiz", "email": "none@none.com"},
            {"name": "Ana Ruiz", "email": "none@none.com"},
            id="a placeholder for a mailbox",
        ),
        pytest.param({**ANA, "name": "Bob Ruiz"}, {**ANA, "name": "Robert Ruiz"}, id="a nickname"),
        pytest.param(
            {**ANA, "name": "John Ruiz Jr"}, {**ANA, "name": "John Ruiz Sr"}, id="generations"
        ),
        pytest.param(
            {"name": "राम शर्मा", "phone": "5035550142"},
            {"name": "रमा शर्मा", "phone": "5035550142"},
            id="names that differ in a vowel sign",
        ),
        pytest.param(
            {"name": "Ruiz", "phone": "5035550142"}, {"name": "Mr Ruiz", "phone": "5035550142"},
            id="a title before a bare surname",
        ),
    ],
)  # fmt: skip
def test_rows_of_two_students_name_two_people(one: Row, other: Row) -> None:
    assert not are_one(one, other)


def test_one_name_at_one_student_is_one_person_with_two_phones() -> None:
    rows = (at("S1", ANA), {"name": "Ana Ruiz", "phone": "5035550777"}, {"name": "Ana Ruiz"})

    assert people(*rows) == {frozenset({0, 1, 2})}


def test_father_and_son_at_one_student_are_two() -> None:
    rows = ({"name": "John Ruiz"}, {"name": "John Ruiz Jr."}, {"name": "John Ruiz, Jr"})

    assert people(*rows) == {frozenset({0}), frozenset({1, 2})}


def test_joins_are_transitive() -> None:
    chain = [
        at(f"S{n}", {"name": "Ana Ruiz", "phone": f"50355501{n:02}",
                     "email": f"ana{n - n % 2}@example.org"})
        if n % 2 == 0 else
        at(f"S{n}", {"name": "Ana Ruiz", "phone": f"50355501{n + 1:02}",
                     "email": f"ana{n - 1}@example.org"})
        for n in range(20)
    ]  # fmt: skip

    assert people(*chain) == {frozenset(range(20))}


def test_a_chain_never_joins_two_ids_and_the_doubtful_row_says_so() -> None:
    rows = (
        at("S1", ANA, sis_id="C1", email=""),
        at("S2", ANA, sis_id="C2", phone=""),
        at("S3", ANA),
    )
    result = linked(*rows)

    assert people(*rows) == {frozenset({0}), frozenset({1}), frozenset({2})}
    assert result.places.rows() == [(4, "link-conflict")]


def test_a_row_without_an_id_goes_with_the_only_one_that_it_could_be() -> None:
    rows = (at("S1", ANA, sis_id="C1"), at("S2", ANA), at("S3", BO, sis_id="C2"))

    assert people(*rows) == {frozenset({0, 1}), frozenset({2})}


def test_the_phone_of_a_school_office_joins_nobody_and_is_told_once() -> None:
    office = [
        at(f"S{n}", {"name": f"Person {chr(97 + n)}", "phone": "5035550100"})
        for n in range(MOST_NAMES + 1)
    ]
    again = at("S99", {"name": "Person a", "phone": "5035550100"})
    result = linked(*office, again)

    assert len(people(*office, again)) == MOST_NAMES + 2
    assert result.places.rows() == [(2, "phone-shared")]


def test_a_mailbox_of_an_office_joins_nobody() -> None:
    office = [
        at(f"S{n}", {"name": f"Person {chr(97 + n)}", "email": "office@lakeside.example"})
        for n in range(MOST_NAMES + 1)
    ]
    again = at("S99", {"name": "Person a", "email": "office@lakeside.example"})

    assert len(people(*office, again)) == MOST_NAMES + 2
    assert linked(*office, again).places["code"].to_list() == ["email-shared"]


def test_a_group_that_runs_away_is_taken_apart_and_says_so() -> None:
    crowd = [
        at(
            f"S{n}",
            {"name": "Willow House", "phone": "5035550100", "email": f"h{n}@willow.example"},
        )
        for n in range(MOST_NODES + 1)
    ]

    assert len(people(*crowd)) == MOST_NODES + 1
    assert linked(*crowd).places["code"].unique().to_list() == ["link-group-large"]
    assert len(people(*crowd[:-1])) == 1


def test_a_group_that_one_id_holds_together_may_be_large() -> None:
    crowd = [
        at(f"S{n}", {"name": "Ana Ruiz", "sis_id": "C1", "phone": f"50355{n:05}"})
        for n in range(MOST_NODES + 5)
    ]

    assert len(people(*crowd)) == 1
    assert linked(*crowd).places.is_empty()


def test_a_student_with_sixty_contacts_has_sixty() -> None:
    rows: list[Row] = [
        {"name": f"Person {chr(97 + n // 26)}{chr(97 + n % 26)}", "phone": f"50355{n:05}"}
        for n in range(60)
    ]

    assert len(people(*rows)) == 60
    assert linked(*rows).places.is_empty()


# -- repeats ---------------------------------------------------------------------------------


def again(*given_rows: Row) -> list[int]:
    return repeated(keys_of(kept(*given_rows), WORDS)).to_list()


def test_a_row_that_says_nothing_new_repeats() -> None:
    assert again(ANA, BO, ANA, {**ANA, "name": " Ana\u00a0Ruiz"}) == [4, 5]


@pytest.mark.parametrize(
    "changed", [{"type": "Emergency"}, {"phone": "5035550144"}, {"relationship": "Aunt"},
                {"phone": "5035550142 x2"}, {"sis_id": "C1"}, {"student_sis_id": "S2"},
                {"name": "ANA RUIZ"}],
)  # fmt: skip
def test_a_row_that_says_something_else_does_not(changed: Row) -> None:
    assert again(ANA, {**ANA, **changed}) == []


def test_of_rows_with_several_phones_only_a_whole_repeat_counts() -> None:
    both = {**ANA, "phone": "5035550142 / 5035550143"}
    turned = {**ANA, "phone": "5035550143 / 5035550142", "email": ""}

    assert again(both, {**ANA, "phone": "5035550142"}) == []
    assert again({**both, "email": ""}, turned) == [3]


@pytest.mark.parametrize("phone", ["5035550142", "5035550142 / 5035550143"])
def test_a_placeholder_that_is_repeated_is_one_contact(phone: str) -> None:
    """A row that was counted as collapsed made a second contact."""
    mom: Row = {"name": "Mom", "phone": phone}

    assert people(mom, mom) == {frozenset({0, 1})}
    assert people(mom, {**mom, "type": "Emergency"}) == {frozenset({0}), frozenset({1})}


# -- laws ------------------------------------------------------------------------------------

NAMES = (
    "Ana Ruiz",
    "RUIZ, ANA",
    "Bo Ek",
    "John Ruiz Jr",
    "John Ruiz Sr",
    "John Ruiz",
    "Mom",
    "राम",
)
PHONES = ("", "5035550142", "15035550142", "5035550143", "0000000000", "5035550142 / 5035550143")
EMAILS = ("", "ana@example.org", "ANA@example.org", "bo@example.org", "none@none.com")


@st.composite
def files(draw: st.DrawFn) -> list[Row]:
    row = st.fixed_dictionaries(
        {
            "student_sis_id": st.sampled_from(["S1", "S2", "S3", "S4"]),
            "type": st.sampled_from(["Primary", "Emergency"]),
            "name": st.sampled_from(NAMES),
            "phone": st.sampled_from(PHONES),
            "email": st.sampled_from(EMAILS),
            "sis_id": st.sampled_from(["", "", "C1", "C2"]),
        }
    )
    return draw(st.lists(row, min_size=1, max_size=9))


@laws
@given(st.data(), files())
def test_the_order_of_rows_joins_nobody_else(data: st.DataObject, rows: list[Row]) -> None:
    order = data.draw(st.permutations(range(len(rows))))

    shuffled = people(*(rows[place] for place in order))

    assert {frozenset(order[row] for row in group) for group in shuffled} == people(*rows)


@laws
@given(files())
def test_nobody_has_two_ids_or_two_generations(rows: list[Row]) -> None:
    clean = kept(*rows)
    told = link(keys_of(clean, WORDS)).rows.hstack(clean.select("sis_id", "name_suffix"))
    counts = told.group_by("person").agg(pl.col("sis_id", "name_suffix").drop_nulls().n_unique())

    assert (counts["sis_id"] <= 1).all()
    # An id outweighs a generation: the source says who that is.
    without_id = told.filter(pl.col("sis_id").is_null().all().over("person"))
    generations = without_id.group_by("person").agg(pl.col("name_suffix").drop_nulls().n_unique())
    assert (generations["name_suffix"] <= 1).all()


@laws
@given(files())
def test_a_placeholder_is_joined_with_its_own_repeats_alone(rows: list[Row]) -> None:
    clean = kept(*rows)
    told = link(keys_of(clean, WORDS)).rows.hstack(
        clean.select("name_key", "student_sis_id", "type")
    )
    nobody = told.filter(pl.col("name_key").is_null().any().over("person"))

    assert nobody["name_key"].is_null().all()
    kinds = nobody.group_by("person").agg(pl.struct("student_sis_id", "type").n_unique().alias("n"))
    assert (kinds["n"] == 1).all()


@laws
@given(files())
def test_a_row_is_one_persons_with_all_its_phones(rows: list[Row]) -> None:
    told = linked(*rows).rows

    assert told.group_by("row").agg(pl.col("person").n_unique())["person"].max() == 1


def test_who_shares_an_id_is_one_person_whatever_else_parts_the_group() -> None:
    """John Ruiz, with and without Jr., was two contacts where somebody else bore his name."""
    john: Row = {"name": "John Ruiz", "email": "john@example.org"}
    rows = (
        at("S1", john, sis_id="C1"),
        at("S2", john, sis_id="C1", name="John Ruiz Jr."),
        at("S3", john, sis_id="C2"),
    )

    assert people(*rows) == {frozenset({0, 1}), frozenset({2})}
