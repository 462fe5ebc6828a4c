"""Purging, periods and removal as an operator calls them."""

from pathlib import Path

from tests.cli.commands import Home, kinsync
from tests.services.pupils import school_of, write

SCHOOL = school_of(4)


def publish(folder: Path) -> None:
    assert kinsync("district", "add", "Lakeside").code == 0
    path = write(folder / "students.csv", SCHOOL)
    assert kinsync("sync", "Lakeside", "--file", path).code == 0


def test_a_purge_says_what_went_and_what_is_left_to_say(home: Home, tmp_path: Path) -> None:
    publish(tmp_path)
    would = kinsync("purge", "Lakeside", "--dry-run", "--json").json
    done = kinsync("purge", "--json").json

    assert would["districts"] == done["districts"]
    assert (would["is_rewritten"], done["is_rewritten"]) == (False, True)
    assert not done["is_log_clean"], "the server is not the embedded one of this home"
    assert "Lakeside: nothing went" in kinsync("purge").out
    assert kinsync("purge", "Hillside").code == 2


def test_tables_above_the_limit_are_rewritten_when_that_is_asked_for(
    home: Home, tmp_path: Path
) -> None:
    publish(tmp_path)
    Path("kinsync.toml").write_text("rewrite_mb = 0\n")

    assert not kinsync("purge", "--json").json["is_rewritten"]
    assert kinsync("purge", "--rewrite", "--json").json["is_rewritten"]


def test_a_district_has_periods_of_its_own_within_what_is_promised(home: Home) -> None:
    kinsync("district", "add", "Lakeside")
    told = kinsync("district", "set", "Lakeside", "--keep", "findings=14", "--json").json

    assert told["settings"] == {"keep_days": {"findings": 14}}
    for wrong in ("findings", "findings=soon", "letters=3", "deleted=10", "record=40", "uploads=0"):
        refused = kinsync("district", "set", "Lakeside", "--keep", wrong)
        assert refused.code == 2, wrong
        assert "Traceback" not in refused.err
    assert kinsync("district", "set", "Lakeside", "--keep", "findings=", "--json").json == {
        **told,
        "settings": {},
    }


def test_a_district_is_removed_when_that_is_meant(home: Home, tmp_path: Path) -> None:
    publish(tmp_path)

    assert kinsync("district", "remove", "Lakeside").code == 2
    assert kinsync("district", "show", "Lakeside").code == 0
    assert "is gone" in kinsync("district", "remove", "Lakeside", "--yes").out
    assert kinsync("district", "show", "Lakeside").code == 2
    assert kinsync("district", "list", "--json").json == {"districts": []}


def test_versions_say_which_are_purged(home: Home, tmp_path: Path) -> None:
    publish(tmp_path)

    assert [one["purged_at"] for one in kinsync("versions", "Lakeside", "--json").json["versions"]]\
        == [None]  # fmt: skip
