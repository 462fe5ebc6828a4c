"""``kinsync sync`` and what comes after it, as somebody at a terminal meets them."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.commands import Ended, Home, kinsync
from tests.services.pupils import Line, as_csv, mother, school_of, uncle, without_contacts, write

SCHOOL = school_of(12)
NIGHT = [replace(mother(0), phone="4255550199"), *SCHOOL[1:]]


@pytest.fixture
def district(home: Home) -> str:
    kinsync("district", "add", "Lakeside")
    return "Lakeside"


def sync(content: bytes | list[Line], *options: str, name: str = "students.csv") -> Ended:
    return kinsync("sync", "Lakeside", "--file", write(Path(name), content), *options)


def published(district: str = "Lakeside") -> int:
    version: int = kinsync("district", "show", district, "--json").json["version"]
    return version


def last_state() -> str:
    state: str = kinsync("district", "show", "Lakeside", "--json").json["syncs"][0]["state"]
    return state


# -- how it ends ---------------------------------------------------------------------------------


def test_a_clean_file_is_published(district: str) -> None:
    done = sync(SCHOOL)

    assert done.code == 0
    assert "Published as version 1 of Lakeside." in done.out
    assert "24 rows = 24 published + 0 held + 0 collapsed + 0 excluded" in done.out


def test_held_rows_are_said_by_the_exit_code(district: str) -> None:
    done = sync([*SCHOOL, replace(mother(0), name="")])

    assert done.code == 1
    assert "contact-name-missing" in done.out
    assert published() == 1


def test_the_same_bytes_again_end_like_before_and_say_that_nothing_was_done(
    district: str,
) -> None:
    rows = [*SCHOOL, replace(mother(0), name="")]
    sync(rows)

    again = sync(rows)

    assert again.code == 1
    assert "Nothing to do: version 1 of Lakeside was made from these very bytes." in again.out


def test_a_file_that_says_the_same_makes_no_version(district: str) -> None:
    sync(SCHOOL)

    done = sync(SCHOOL[::-1])

    assert done.code == 0
    assert "Nothing changed: Lakeside stays at version 1." in done.out


def test_a_preview_prints_the_changes_and_publishes_nothing(district: str) -> None:
    sync(SCHOOL)

    done = sync(NIGHT, "--preview")

    assert done.code == 0
    assert "nothing was published" in done.out
    assert "contacts" in done.out
    assert published() == 1


def test_the_json_of_a_sync_tells_counts_first_and_every_kind(district: str) -> None:
    told = sync(SCHOOL, "--json").json

    assert list(told)[:4] == ["rows", "students", "contacts", "relationships"]
    assert {"held", "collapsed", "findings", "version", "state"} < set(told)
    for act in ("created", "updated", "deleted"):
        assert set(told[act]) == {"school", "student", "contact", "relationship"}
    assert (told["version"], told["state"], told["created"]["contact"]) == (1, "published", 24)


@pytest.mark.parametrize("content", [SCHOOL, b"", SCHOOL[:8]], ids=["same", "empty", "half"])
def test_the_json_of_every_ending_has_the_same_shape(
    district: str, content: bytes | list[Line]
) -> None:
    first = sync(SCHOOL, "--json").json

    assert list(sync(content, "--json").json) == list(first)


def test_findings_are_counted_by_code_with_their_severity(district: str) -> None:
    told = sync([*SCHOOL, replace(mother(0), name="")], "--json").json

    assert told["findings"]["contact-name-missing"] == {"severity": "error", "count": 1}


# -- holds ---------------------------------------------------------------------------------------


def test_a_great_loss_is_held_with_its_own_exit_code_and_reasons(district: str) -> None:
    sync(SCHOOL)

    done = sync(SCHOOL[:12])

    assert done.code == 3
    assert "Hold: " in done.out
    assert "would be deleted" in done.out
    assert "version 1 stays published" in done.out
    assert published() == 1
    assert last_state() == "held"


def test_a_held_sync_can_be_looked_at_and_approved_by_its_number(district: str) -> None:
    sync(SCHOOL)
    number = sync(SCHOOL[:12], "--json").json["sync"]

    shown = kinsync("hold", "show", district, "--json").json
    done = kinsync("hold", "approve", district, number)

    assert shown["sync"] == number
    assert shown["reasons"]
    assert shown["changes"]["contact"]["deleted"] == 12
    assert (done.code, published()) == (0, 2)
    assert f"Sync {number} is published as version 2 of Lakeside." in done.out


def test_approval_of_a_replaced_hold_is_refused(district: str) -> None:
    sync(SCHOOL)
    older = sync(SCHOOL[:12], "--json").json["sync"]
    newer = sync(SCHOOL[:10], "--json").json["sync"]

    done = kinsync("hold", "approve", district, older)

    assert done.code == 2
    assert f"Sync {older} is not held any more; sync {newer} is." in done.err
    assert published() == 1


def test_a_discarded_hold_is_gone(district: str) -> None:
    sync(SCHOOL)
    sync(SCHOOL[:12])

    assert kinsync("hold", "discard", district).code == 0
    gone = kinsync("hold", "show", district)

    assert gone.code == 2
    assert gone.err.strip() == "No sync of Lakeside is held."


def test_a_file_without_contact_columns_is_held_while_contacts_are_published(
    district: str,
) -> None:
    sync(SCHOOL)

    done = sync(without_contacts(SCHOOL))

    assert done.code == 3
    assert "no contact columns, and 24 contacts are published" in done.out
    assert published() == 1


# -- versions ------------------------------------------------------------------------------------


def test_versions_are_listed_newest_first(district: str) -> None:
    sync(SCHOOL)
    sync(NIGHT)

    told = kinsync("versions", district, "--json").json

    assert told["published"] == 2
    assert [version["version"] for version in told["versions"]] == [2, 1]
    assert told["versions"][0]["changes"]["contact"] == {"created": 0, "updated": 1, "deleted": 0}


def test_an_earlier_version_is_restored_as_the_next(district: str) -> None:
    sync(SCHOOL)
    sync(NIGHT)

    done = kinsync("restore", district, 1)

    assert done.code == 0
    assert "Version 1 of Lakeside is published again, as version 3." in done.out
    assert published() == 3


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (2, "Version 2 is what Lakeside publishes now."),
        (9, "The district has no version 9."),
    ],
)
def test_a_version_that_cannot_be_restored_is_refused(
    district: str, version: int, message: str
) -> None:
    sync(SCHOOL)
    sync(NIGHT)

    done = kinsync("restore", district, version)

    assert (done.code, done.err.strip()) == (2, message)
    assert published() == 2


# -- broken files --------------------------------------------------------------------------------

WHOLE = as_csv(SCHOOL)
BROKEN = {
    "file-empty": b"",
    "file-header-only": WHOLE.split(b"\r\n")[0] + b"\r\n",
    "column-missing": WHOLE.replace(b"Student_id", b"Studnt_id", 1),
    "file-not-text": b"PK\x03\x04" + bytes(range(256)) * 40,
    "file-encoding": WHOLE + b"\x81\x8d\x8f\x90\x9d" * 40,
    "quote-unclosed": WHOLE.replace(b"Dolores Eriksen", b'"Dolores Eriksen', 1),
    "file-cut": WHOLE[: WHOLE.rindex(b"Lindqvist") + 4],
    "file-no-lines": b"Student_id," * 2_000_000,
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_file_is_refused_and_nobody_is_deleted(district: str, code: str) -> None:
    from kinsync.domain.rules import RULES

    sync(SCHOOL)

    done = sync(BROKEN[code], name="tonight.csv")

    assert done.code == 2
    assert "Nothing was published: Lakeside stays at version 1." in done.out
    assert f"tonight.csv is refused: {RULES[code].title}" in done.out
    assert RULES[code].advice in done.out
    assert published() == 1
    assert last_state() == "refused"


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_file_is_named_in_json_too(district: str, code: str) -> None:
    done = sync(BROKEN[code], "--json")

    assert done.code == 2
    assert code in done.json["findings"]
    assert (done.json["state"], done.json["version"]) == ("refused", None)


def test_a_missing_column_is_named_with_the_nearest_header(district: str) -> None:
    done = sync(BROKEN["column-missing"])

    assert "Student_id" in done.out
    assert "the nearest header is Studnt_id" in done.out


def test_an_open_quote_is_said_with_the_row_where_it_opened(district: str) -> None:
    row = 2 + SCHOOL.index(mother(4))

    assert f"row {row}" in sync(BROKEN["quote-unclosed"]).out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--file", "nowhere.csv"], "There is no file nowhere.csv."),
        (["--file", "."], ". is a folder."),
        (["--file", "students.csv", "--mapping", "nowhere.toml"], "There is no file nowhere.toml."),
        (["--file", "students.csv", "--contacts", "no.csv"], "There is no file no.csv."),
    ],
)
def test_a_file_that_is_not_there_is_said_plainly(
    district: str, options: list[str], message: str
) -> None:
    write(Path("students.csv"), SCHOOL)

    done = kinsync("sync", district, *options)

    assert done.code == 2
    assert done.err.startswith(message)
    assert published() == 0


def test_a_second_file_adds_contacts_to_known_students(district: str) -> None:
    write(Path("students.csv"), SCHOOL)
    header = (
        b"contact_id,student_id,first_name,last_name,type,relationship,phone,phone_type,email\r\n"
    )
    row = b"W1,S000,Wilhelmina,Abbott,Family,Grandparent,3605550111,Home,\r\n"
    write(Path("contacts.csv"), header + row)

    told = kinsync(
        "sync", district, "--file", "students.csv", "--contacts", "contacts.csv", "--json"
    ).json

    assert (told["state"], told["rows"], told["contacts"]) == ("published", 25, 25)


# -- districts beside each other -----------------------------------------------------------------


def test_two_districts_of_one_home_do_not_touch_each_other(district: str) -> None:
    kinsync("district", "add", "Hillside")
    sync(SCHOOL)
    sync(SCHOOL[:12])

    kinsync("sync", "Hillside", "--file", write(Path("theirs.csv"), school_of(30)))
    kinsync("sync", "Hillside", "--file", write(Path("theirs.csv"), school_of(29)))

    assert kinsync("hold", "show", district).code == 0
    assert kinsync("hold", "show", "Hillside").code == 2
    assert (published(), published("Hillside")) == (1, 2)


def test_a_held_contact_row_is_not_a_reason_to_lose_the_contact(district: str) -> None:
    sync(SCHOOL)

    done = sync([*SCHOOL[:-1], replace(uncle(11), type="")], "--json")

    assert done.code == 1
    assert done.json["deleted"] == {"school": 0, "student": 0, "contact": 0, "relationship": 0}
