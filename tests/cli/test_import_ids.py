"""``kinsync import-ids``, as somebody at a terminal meets it."""

from pathlib import Path

import pytest

from tests.cli.commands import Ended, Home, kinsync
from tests.moving.abroad import contact, student, table, their_id
from tests.services.pupils import mother, school_of, uncle, write

SCHOOL = school_of(3)
ROWS = (contact(mother(0), their_id(1)), student(mother(0), their_id(2)))


@pytest.fixture
def district(home: Home) -> str:
    kinsync("district", "add", "Lakeside")
    return "Lakeside"


def bring(*options: str, rows: tuple[tuple[str, ...], ...] = ROWS) -> Ended:
    return kinsync("import-ids", "Lakeside", table(Path("ids.csv"), rows), *options)


def sync() -> Ended:
    return kinsync("sync", "Lakeside", "--file", write(Path("students.csv"), SCHOOL))


def test_before_the_first_sync_everything_waits(district: str) -> None:
    done = bring()

    assert done.code == 0
    assert "Lakeside stays at version 0. What waits is given to the records" in done.out


def test_after_it_ids_change_in_a_version_that_can_be_undone(district: str) -> None:
    sync()

    done = bring("--json")

    assert done.code == 0
    assert done.json["state"] == "published"
    assert done.json["version"] == 2
    assert done.json["ids"]["contact"]["adopted"] == 1
    assert done.json["changes"]["student"] == {"created": 1, "updated": 0, "deleted": 1}
    assert kinsync("versions", "Lakeside", "--json").json["versions"][0]["origin"] == "import-ids"
    assert kinsync("restore", "Lakeside", "1").code == 0


def test_what_is_left_is_said_by_the_exit_code_and_listed(district: str, tmp_path: Path) -> None:
    left = tmp_path / "left.csv"

    done = bring("--unmatched", str(left), rows=(*ROWS, student(uncle(1), "44")))

    assert done.code == 1
    assert "ids.csv,4,student,44," in left.read_text("utf-8-sig")
    assert "Dolores" not in done.said


def test_ids_that_an_application_may_know_need_a_yes(district: str) -> None:
    sync()
    kinsync("app", "add", "Bright Messages")
    kinsync("connect", "Lakeside", "Bright Messages")
    kinsync("token", "Lakeside", "Bright Messages")

    refused = bring()

    assert refused.code == 2
    assert "--yes" in refused.err
    assert "Bright Messages" in bring("--preview").out
    assert bring("--yes").code == 0


@pytest.mark.parametrize("content", ["", "no table", "<html></html>", '{"data": [', "a,b\n1,2\n"])
def test_a_file_that_is_neither_pages_nor_a_table_is_refused(district: str, content: str) -> None:
    Path("ids.json").write_text(content, "utf-8")

    done = kinsync("import-ids", "Lakeside", "ids.json", "--json")

    assert done.code == 2
    assert "ids.json" in done.json["error"]
    assert "Nothing was adopted" in done.json["error"]
