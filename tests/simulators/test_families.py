"""Files of invented families: the amounts they promise, and that only the seed decides."""

import hashlib
from pathlib import Path

import numpy as np
import phonenumbers
import polars as pl
import pytest

from kinsync.simulators.families import Generated, Mess, generate, small_families
from kinsync.simulators.families.phones import number
from kinsync.simulators.families.rows import COLUMNS
from kinsync.simulators.families.words import words

STUDENTS = 20_000
DIGEST = "bf495f98a3c56a7b6d53b3355d982372901b86472e7524d544003aa7d0ef9885"


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    folder = tmp_path_factory.mktemp("district")
    return generate(folder, students=STUDENTS, nights=3, truth=True)


def _read(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, infer_schema=False, truncate_ragged_lines=True)


def _truth(file: Path) -> pl.DataFrame:
    return pl.read_csv(file.with_name("truth.csv"))


def _bytes(folder: Path) -> dict[str, bytes]:
    files = sorted(folder.rglob("*.csv"))
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_the_bytes_do_not_depend_on_the_size_of_the_chunks(tmp_path: Path) -> None:
    for size in (7, 90, 1_000):
        folder = tmp_path / str(size)
        generate(folder, students=200, nights=4, truth=True, mess=20, chunk_students=size)

    assert _bytes(tmp_path / "7") == _bytes(tmp_path / "1000")
    assert _bytes(tmp_path / "90") == _bytes(tmp_path / "1000")


def test_a_night_does_not_depend_on_how_many_follow(tmp_path: Path) -> None:
    generate(tmp_path / "short", students=300, nights=2)
    generate(tmp_path / "long", students=300, nights=4)

    short = _bytes(tmp_path / "short")
    assert short.items() <= _bytes(tmp_path / "long").items()


def test_another_seed_is_another_district(tmp_path: Path) -> None:
    first = generate(tmp_path / "1", students=50, nights=1, seed=1).files[0]
    second = generate(tmp_path / "2", students=50, nights=1, seed=2).files[0]

    assert first.read_bytes() != second.read_bytes()


def test_a_student_has_three_rows_on_average(district: Generated) -> None:
    first = _read(district.files[0])

    assert tuple(first.columns) == COLUMNS
    assert first["Student_id"].n_unique() == STUDENTS
    assert first.height == district.rows[0]
    assert first.height / STUDENTS == pytest.approx(3.0, rel=0.02)


def test_rows_are_about_as_long_as_a_real_districts(district: Generated) -> None:
    assert 220 < district.files[0].stat().st_size / district.rows[0] < 260


def test_fifteen_percent_of_the_students_have_siblings(district: Generated) -> None:
    known = _truth(district.files[0]).drop_nulls("person")
    children = known.group_by("person").agg(pl.col("student").unique())
    siblings = children.filter(pl.col("student").list.len() > 1)["student"].explode().n_unique()

    assert siblings / STUDENTS == pytest.approx(0.15, abs=0.01)


def test_a_tenth_of_the_rows_or_less_goes_beyond_ascii(district: Generated) -> None:
    lines = district.files[0].read_text(encoding="utf-8").splitlines()
    share = sum(not line.isascii() for line in lines) / len(lines)

    assert 0.05 < share < 0.10


def test_rows_that_would_be_held_are_well_under_one_percent(district: Generated) -> None:
    rows = _read(district.files[0])
    contact = [name for name in rows.columns if name.startswith("Contact_")]
    somebody = rows.filter(pl.any_horizontal(pl.col(contact).is_not_null()))
    blank = somebody.filter(pl.any_horizontal(pl.col("Contact_type", "Contact_name").is_null()))

    assert 0.0005 < blank.height / rows.height < 0.005


def test_most_phones_could_be_in_use(district: Generated) -> None:
    cells = _read(district.files[0])["Contact_phone"].drop_nulls()
    sample = cells.filter(cells.str.contains(r"^\d{10}$")).head(2_000).to_list()
    valid = sum(phonenumbers.is_valid_number(phonenumbers.parse(cell, "US")) for cell in sample)

    assert valid / len(sample) > 0.98


def test_different_people_do_not_share_a_phone_by_chance() -> None:
    keys = np.arange(0, 3_000_000, 3, dtype=np.int64)
    assert number(keys, np.zeros_like(keys)).n_unique() == len(keys)


def test_every_kind_of_change_comes_and_half_a_percent_of_the_rows_changes(
    district: Generated,
) -> None:
    second, third = (_truth(file) for file in district.files[1:])
    kinds = set(second["change"])

    assert kinds == {
        *("same", "phone", "email", "phone+email", "type", "relationship", "surname"),
        *("gained-sis-id", "absent", "new", "gone", "shuffled"),
    }
    assert "returned" in set(third["change"])
    assert 0.004 < (second["change"] != "same").mean() < 0.008  # type: ignore[operator]


def test_the_truth_says_what_is_in_the_file(district: Generated) -> None:
    rows = _read(district.files[1]).with_row_index("row", offset=2)
    truth = _truth(district.files[1])
    both = rows.join(truth.drop_nulls("row"), on="row", how="full", coalesce=True)

    assert both.height == district.rows[1]
    assert (both["Student_id"] == both["student"].cast(pl.String)).all()
    assert set(truth.filter(pl.col("row").is_null())["change"]) == {"absent", "gone"}


def test_rows_that_are_the_same_read_the_same_a_night_later(district: Generated) -> None:
    lines = [file.read_text(encoding="utf-8").splitlines() for file in district.files[:2]]
    truth = _truth(district.files[1]).drop_nulls("row")
    quiet = pl.col("change").is_in(["same", "shuffled"])
    same = truth.filter(quiet, pl.col("person").is_not_null())["row"].to_list()
    before = set(lines[0])

    assert len(same) > 50_000
    assert [row for row in same if lines[1][row - 1] not in before] == []


def test_rows_that_changed_read_differently_a_night_later(district: Generated) -> None:
    lines = [file.read_text(encoding="utf-8").splitlines() for file in district.files[:2]]
    truth = _truth(district.files[1]).drop_nulls("row")
    moved = truth.filter(~pl.col("change").is_in(["same", "shuffled", "returned"]))
    before = set(lines[0])

    assert [row for row in moved["row"].to_list() if lines[1][row - 1] in before] == []


def test_no_mess_is_a_clean_file(tmp_path: Path) -> None:
    rows = _read(generate(tmp_path, students=2_000, nights=1, mess=0).files[0])
    contacts = rows.filter(pl.col("Contact_name").is_not_null())

    assert contacts["Contact_phone"].str.contains(r"^\d{10}$").all()
    assert contacts["Contact_email"].str.contains("@").all()
    assert set(contacts["Contact_phone_type"]) == {"Cell", "Home"}


def test_the_mess_comes_in_the_amounts_that_are_named(district: Generated) -> None:
    rows = _read(district.files[0]).drop_nulls("Contact_name")
    named = Mess()
    word = "Contact_phone_type"
    shares = {
        "name_placeholder": rows["Contact_name"].is_in(words("placeholders", "names")),
        "name_titled": rows["Contact_name"].str.contains(r"^Mrs?\. "),
        "type_unknown": rows["Contact_type"].is_in(words("types", "unknown")),
        "relationship_unknown": rows["Contact_relationship"].is_in(
            words("relationships", "unknown")
        ),
        "phone_type_unknown": rows[word].is_in(words("phone_types", "unknown")),
        "phone_extension": rows["Contact_phone"].str.contains(" x"),
        "phone_second": rows["Contact_phone"].str.contains(" / "),
        "email_typo": rows["Contact_email"].str.contains("gmial|gmail|yahoo|hotmial"),
        "email_office": rows["Contact_email"].str.starts_with("office"),
        "sis_id": rows["Contact_sis_id"].is_not_null(),
    }
    for amount, found in shares.items():
        share = (found.sum() or 0) / rows.height
        assert share == pytest.approx(getattr(named, amount), rel=0.35), amount


def test_namesakes_and_stepmothers_share_a_landline_under_names_of_their_own() -> None:
    rows = small_families(seed=11, students=3_000, mess=0).rows.drop_nulls("person")
    tails = rows.filter(pl.col("Contact_name").str.contains(r" [JS]r\.$"))
    step = rows.filter(pl.col("Contact_relationship") == "Stepmother")
    landlines = rows.group_by("Contact_phone").agg(pl.col("Contact_name").n_unique())

    assert tails.height >= 20
    assert step.height >= 20
    for some in (tails, step):
        shared = some.join(landlines, on="Contact_phone", suffix="_names")
        assert shared.filter(pl.col("Contact_name_names") >= 2).height >= 20


def test_a_seed_means_the_same_district_on_every_machine(tmp_path: Path) -> None:
    generate(tmp_path, students=120, nights=3, seed=5, truth=True, mess=5)
    digest = hashlib.sha256(b"".join(_bytes(tmp_path).values())).hexdigest()

    assert digest == DIGEST, "the generator changed: benchmarks before and after do not compare"
