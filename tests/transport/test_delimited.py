"""What a district may send, and what is said about what cannot be read."""

from pathlib import Path

import pytest

from kinsync.transport import delimited
from kinsync.transport.delimited import open_delimited
from kinsync.transport.dialect import Dialect
from tests.transport.reading import read_bytes

PLAIN = "id,name,phone\n1,Zoë,555\n2,José,556\n"
CELLS = [["1", "Zoë", "555"], ["2", "José", "556"]]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.encode("cp1252"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("\n", "\r").encode("utf-16"),
        PLAIN.replace("\n", "\r\n", 1).encode(),
        PLAIN.replace("\n", "\r", 2).encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", "|").encode(),
        PLAIN.rstrip("\n").encode(),
        ("\n\n" + PLAIN + "\n \n,,\n").encode(),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
def test_a_file_reads_the_same_however_it_is_written(
    tmp_path: Path, content: bytes, block_bytes: int
) -> None:
    whole = read_bytes(tmp_path, content, block_bytes=block_bytes)

    assert whole.file.columns == ("id", "name", "phone")
    assert whole.cells == CELLS
    assert not whole.file.is_refused


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        ("id,name\n1,a\n2,b\n", [2, 3]),
        ("\ufeffid,name\n1,a\n2,b\n", [2, 3]),
        ("\n\nid,name\n1,a\n2,b\n", [4, 5]),
        ("id,name\n\n1,a\n  \n,\n2,b\n", [3, 6]),
        ('id,name\n1,"a\nb\n\nc"\n2,b\n', [2, 3]),
        ('id,"full\nname"\n1,a\n2,b\n', [2, 3]),
        ('id,name\n1,a\n"",""\n2,b\n', [2, 4]),
        ("id,name\r1,a\r\r2,b\r", [2, 4]),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 5, 1 << 20])
def test_a_row_has_the_number_that_a_spreadsheet_shows(
    tmp_path: Path, content: str, numbers: list[int], block_bytes: int
) -> None:
    assert read_bytes(tmp_path, content.encode(), block_bytes=block_bytes).numbers == numbers


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"\xef\xbb\xbf", "file-empty"),
        (b"\xff\xfe", "file-empty"),
        (b"\r\n\r\n  \n", "file-empty"),
        (b"id,name", "file-header-only"),
        (b"id,name\n", "file-header-only"),
        (b"id,name\r\n\r\n,,\r\n", "file-header-only"),
        (b"PK\x03\x04\x14\x00", "file-not-text"),
        (b"\x1f\x8b\x08\x00", "file-not-text"),
        (b"%PDF-1.7\n", "file-not-text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "file-not-text"),
        (b"-----BEGIN PGP MESSAGE-----\n", "file-not-text"),
        (b"<!DOCTYPE html>\n<html>", "file-not-text"),
        (b"id,name\n1,a\0b\n", "file-not-text"),
        (b"\x01\x02\x03\x04\x05,\n\x06", "file-not-text"),
        (b"id,name\n1,Jos\xe9\n2,\x81\n", "file-encoding"),
        (b"\xef\xbb\xbfid,name\n1,Jos\xe9\n", "file-encoding"),
        (b"\xff\xfei\0d\0\n\0x", "file-encoding"),
        (b"\xff\xfei\0d\0\n\0\x00\xd8a\0", "file-encoding"),
        (b'id,"name\n1,a\n', "quote-unclosed"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, code: str) -> None:
    whole = read_bytes(tmp_path, content)

    assert [found for found, _ in whole.found] == [code]
    assert whole.file.is_refused
    assert not whole.cells


def test_windows_1252_is_a_guess_and_said_to_be_one(tmp_path: Path) -> None:
    whole = read_bytes(tmp_path, "id,name\n1,José\n2,Søren\n".encode("cp1252"))

    assert whole.cells == [["1", "José"], ["2", "Søren"]]
    assert whole.found == [("encoding-guessed", None)]
    assert whole.file.dialect == Dialect("cp1252", ",")


def test_an_encoding_that_is_known_is_not_guessed(tmp_path: Path) -> None:
    known = Dialect(encoding="cp1252", delimiter=";")
    whole = read_bytes(tmp_path, "id;a,b,c\n1;José\n".encode("cp1252"), dialect=known)

    assert whole.cells == [["1", "José"]]
    assert whole.found == []


def test_a_known_encoding_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    whole = read_bytes(tmp_path, b"id\nJos\xe9\n", dialect=Dialect(encoding="utf-8"))

    assert whole.found == [("file-encoding", None)]


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
def test_a_delimiter_of_another_dialect_is_a_value(tmp_path: Path, block_bytes: int) -> None:
    assert read_bytes(tmp_path, b"a;b\n,;|\n", block_bytes=block_bytes).cells == [[",", "|"]]


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
def test_a_ragged_row_is_held_alone(tmp_path: Path, block_bytes: int) -> None:
    content = b'a,b,c\n1,2,3\n4,5\n6,7,8,9\n"x"y,1,2\n\n10,11,12\n'
    whole = read_bytes(tmp_path, content, block_bytes=block_bytes)

    assert whole.cells == [["1", "2", "3"], ["10", "11", "12"]]
    assert whole.numbers == [2, 7]
    assert whole.found == [("row-shape", 3), ("row-shape", 4), ("row-shape", 5)]
    assert whole.ragged.fill_null("").rows() == [
        (3, "4", "5", ""),
        (4, "6", "7", "8"),
        (5, "xy", "1", "2"),
    ]
    assert whole.findings["value"].to_list() == [
        "2 fields instead of 3",
        "4 fields instead of 3",
        "misplaced quotation mark",
    ]


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
def test_a_stray_quotation_mark_is_a_character_like_others(
    tmp_path: Path, block_bytes: int
) -> None:
    content = b'a,b\n1,5\'6" tall\n2,x"y"z\n3, "q"\n4,"w ""x"" y"\n'
    whole = read_bytes(tmp_path, content, block_bytes=block_bytes)

    assert whole.cells == [["1", "5'6\" tall"], ["2", 'x"y"z'], ["3", ' "q"'], ["4", 'w "x" y']]
    assert whole.numbers == [2, 3, 4, 5]
    assert whole.found == []


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
def test_a_stray_opening_mark_does_not_swallow_the_rows_behind_it(
    tmp_path: Path, block_bytes: int
) -> None:
    content = b'a,b,c\n1,"Bob,x\n2,Al,y\n3,"Kim",z\n4,"Lee, Ann",w\n'
    whole = read_bytes(tmp_path, content, block_bytes=block_bytes)

    assert whole.cells == [["2", "Al", "y"], ["3", "Kim", "z"], ["4", "Lee, Ann", "w"]]
    assert whole.numbers == [3, 4, 5]
    assert whole.found == [("row-shape", 2)]


@pytest.mark.parametrize("block_bytes", [1, 9, 1 << 20])
def test_a_quote_that_never_closes_is_named_by_the_row_that_opened_it(
    tmp_path: Path, block_bytes: int
) -> None:
    content = b'a,b\n1,x\n2,"y\n3,z\n4,w\n'
    whole = read_bytes(tmp_path, content, block_bytes=block_bytes)

    assert whole.cells == [["1", "x"]]
    assert whole.found == [("quote-unclosed", 3)]


@pytest.mark.parametrize("last", [b"3,x", b"3", b'3,"x', b"3,\xc3"])
@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_a_file_that_ends_within_a_row_is_cut(
    tmp_path: Path, last: bytes, block_bytes: int
) -> None:
    content = "a,b,c\n1,é,x\n2,y,z\n".encode() + last
    whole = read_bytes(tmp_path, content, block_bytes=block_bytes)

    assert whole.numbers == [2, 3]
    assert whole.found == [("file-cut", 4)]
    assert whole.ragged.is_empty()


def test_a_last_row_with_too_many_fields_is_ragged_and_not_cut(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b"a,b\n1,2\n3,4,5").found == [("row-shape", 3)]


def test_an_accent_that_ends_an_old_file_is_no_cut(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b"a,b\n1,Jos\xe9").cells == [["1", "José"]]


def test_repeated_blank_and_reserved_columns_are_left_out(tmp_path: Path) -> None:
    whole = read_bytes(tmp_path, b"id,name,name,,row,\n1,a,b,c,d,e\n")

    assert whole.file.columns == ("id", "name")
    assert whole.cells == [["1", "a"]]
    assert whole.found == [("column-duplicate", 1)]


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    content = b"a,b,c\n1,2,3\n4,5\n6,7,8,9\n,,x\n"
    whole = read_bytes(tmp_path, content, columns=["c", "a"])

    assert whole.rows.fill_null("").rows() == [(2, "3", "1"), (5, "x", "")]
    assert whole.ragged.fill_null("").rows() == [(3, "", "4"), (4, "8", "6")]


def test_no_columns_at_all_still_count_the_rows(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b"a,b\n1,2\n3,4\n", columns=[]).numbers == [2, 3]


def test_blocks_can_be_read_again_and_say_how_far_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(PLAIN.encode())
    file = open_delimited(path, name="students.csv")

    first = [block.rows.rows() for block in file.blocks(block_bytes=16)]
    again = list(file.blocks(block_bytes=16))

    assert [block.rows.rows() for block in again] == first
    assert [block.bytes_read for block in again] == sorted(block.bytes_read for block in again)
    assert again[-1].bytes_read == file.size
    assert file.name == "students.csv"


def test_a_long_file_without_lines_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as file:
        for _ in range(40):
            file.write(b"a,b;" * (1 << 18))

    assert open_delimited(path).findings["code"].to_list() == ["file-no-lines"]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b'2,"x\n' + b"3,y\n" * 1000, "quote-unclosed"),
        (b"2," + b"y" * 4000, "file-no-lines"),
        (b'2,"' + b"y" * 4000, "file-no-lines"),
    ],
)
def test_a_record_without_end_is_not_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: bytes, code: str
) -> None:
    monkeypatch.setattr(delimited, "LONGEST_RECORD_BYTES", 2000)
    whole = read_bytes(tmp_path, b"a,b\n1,x\n" + record, block_bytes=100)

    assert whole.cells == [["1", "x"]]
    assert whole.found == [(code, 3)]
