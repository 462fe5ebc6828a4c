"""The sample files are what the generator makes, and hold what their README says."""

from pathlib import Path

import polars as pl

from kinsync.domain.rules import FILE_CODES, RULES
from kinsync.simulators.families import sample
from kinsync.simulators.families.words import table

SAMPLES = Path(__file__).parents[2] / "samples"
NOT_PLANTED = {
    *FILE_CODES,
    *("student-unknown", "contact-unknown", "encoding-guessed", "deletions-deferred"),
    *("column-unknown", "column-duplicate"),  # in the header
    *("phone-shared", "email-shared"),  # the school offices
    *("contact-flag-unknown", "contact-order-unknown", "contact-date-unknown"),
    "contact-restricted-unknown",  # of columns that are beside Clever's format, as the three above
    *("deletions-at-next-whole-pull", "source-older-used"),  # of sources
    *("source-not-arrived", "source-paused", "file-beside-sources"),
}


def _nights() -> list[pl.DataFrame]:
    nights = zip(sample.NIGHTS, sample.drawn_nights(), strict=True)
    return [sample.file_of(drawn, night) for night, drawn in nights]


def test_the_files_are_what_the_generator_makes() -> None:
    for name, text in sample.texts().items():
        assert (SAMPLES / name).read_bytes() == text.encode(), f"write {name} again"


def test_every_rule_of_a_row_has_its_planted_row() -> None:
    source = Path(sample.__file__).with_name("sample.toml").read_text(encoding="utf-8")

    assert [code for code in RULES if code not in NOT_PLANTED and f"{code}" not in source] == []


def test_every_planted_row_found_its_student() -> None:
    first, second = _nights()
    plants = table("sample.toml")["row"]

    assert {plant["student"] for plant in plants} <= set(first["student"])
    assert {plant["student"] for plant in plants} <= set(second["student"])


def test_the_district_has_its_size_and_six_schools() -> None:
    first, second = _nights()

    assert 1_950 < first["student"].n_unique() < 2_050
    assert 4_300 < first.height < 4_700
    assert first["School_id"].n_unique() == 6
    assert abs(first.height - second.height) < 40


def test_a_school_offices_phone_and_mailbox_stand_under_many_names() -> None:
    first = _nights()[0]

    for column in ("Contact_phone", "Contact_email"):
        names = first.group_by(column).agg(pl.col("Contact_name").n_unique()).drop_nulls(column)
        offices = names.filter(pl.col(column) != "2535550130")
        assert offices["Contact_name"].max() >= 10  # type: ignore[operator]


def test_a_night_later_every_kind_of_change_has_come() -> None:
    rows = sample.drawn_nights()[1]
    first, second = _nights()

    assert set(rows["change"]) >= {
        *("phone", "email", "phone+email", "type", "relationship", "surname"),
        *("gained-sis-id", "new", "shuffled"),
    }
    before = sample.drawn_nights()[0].filter(pl.col("student").is_in(rows["student"].implode()))
    assert 1 <= len(set(before["person"].drop_nulls()) - set(rows["person"].drop_nulls())) <= 20
    students = [set(night["student"]) for night in (first, second)]
    assert 1 <= len(students[0] - students[1]) <= 20
    assert 1 <= len(students[1] - students[0]) <= 20


def test_the_quoted_family_is_the_same_on_both_nights() -> None:
    first, second = (night.filter(pl.col("student").is_in([100001, 100002])) for night in _nights())

    assert first.equals(second)
    assert first["Contact_name"].to_list() == ["Lucía Marlowe", "Rosario Quintana"] * 2
