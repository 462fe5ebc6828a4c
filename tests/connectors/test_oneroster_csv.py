"""OneRoster packages: zips of CSV files, as they are specified and as they are sent."""

import zipfile
from pathlib import Path

import pytest

from kinsync.connectors import find_connector
from kinsync.services.extracts import mapping_over, open_extract
from kinsync.simulators.extracts import EXTRACTS, write_extract
from kinsync.simulators.extracts.oneroster import QUIRKS
from tests.connectors.extracts import Taken, read_back, take_in

STUDENTS = 60
REFUSED = {
    "cut": "package-unreadable",
    "delta": "package-delta",
    "no-manifest": "package-incomplete",
    "no-users": "package-incomplete",
    "short-row": "package-incomplete",
}
"""Quirks for which nothing of a package can be read, and what is found."""


def package(folder: Path, *quirks: str, own: str = "", **settings: str) -> Taken:
    """A package with these quirks, as a check sees it."""
    return take_in("oneroster-csv", folder, *quirks, own=own, students=STUDENTS, settings=settings)


@pytest.mark.parametrize("version", [(), ("version-1.1",)])
@pytest.mark.parametrize("quirk", sorted(QUIRKS.keys() - REFUSED.keys() - {"version-1.1"}))
def test_no_quirk_loses_anybody_who_is_there(
    quirk: str, version: tuple[str, ...], tmp_path: Path
) -> None:
    taken = package(tmp_path, quirk, *version)

    if quirk == "cp1252":
        assert len(taken.pairs) == len(taken.true_pairs)
    else:
        assert taken.pairs == taken.true_pairs
    assert taken.counts.students == STUDENTS
    assert taken.counts.rows == taken.written.table.height
    assert taken.counts.held == 0
    assert taken.codes <= {"contact-unknown"}
    assert not taken.contacts["type"].has_nulls()


@pytest.mark.parametrize("quirk", sorted(REFUSED))
def test_a_package_that_is_not_whole_is_refused_and_says_where(quirk: str, tmp_path: Path) -> None:
    taken = package(tmp_path, quirk)

    assert taken.is_refused
    assert taken.codes == {REFUSED[quirk]}


def test_a_row_that_is_cut_is_named_by_its_file_and_row(tmp_path: Path) -> None:
    (finding,) = package(tmp_path, "short-row").findings.iter_rows(named=True)

    assert (finding["column"], finding["row"]) == ("users.csv", 3)


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    written = write_extract(EXTRACTS["oneroster-csv"], tmp_path, students=2)
    written.path.write_text("sourcedId,status\n", "utf-8")

    assert read_back("oneroster-csv", written).codes == {"package-unreadable"}


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    written = write_extract(EXTRACTS["oneroster-csv"], tmp_path, students=2)
    data = bytearray(written.path.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = -1
        while (place := data.find(signature, place + 1)) >= 0:
            data[place + flags] |= 1
    written.path.write_bytes(data)

    assert read_back("oneroster-csv", written).codes == {"package-unreadable"}


def test_a_column_that_has_to_be_there_is_named(tmp_path: Path) -> None:
    written = write_extract(EXTRACTS["oneroster-csv"], tmp_path, students=2)
    renamed(written.path, "agentSourcedIds", "agents")
    taken = read_back("oneroster-csv", written)

    assert taken.findings["column"].to_list() == ["agentSourcedIds of users.csv"]


def renamed(path: Path, old: str, new: str) -> None:
    """The same package, with another word in its files."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text.replace(old, new))


def test_a_contact_whom_there_is_not_is_named_by_the_row_of_the_student(tmp_path: Path) -> None:
    taken = package(tmp_path, "dangling-agents")
    unknown = taken.findings.filter(code="contact-unknown")

    assert unknown.height > 0
    assert set(unknown["file"]) == {"users.csv"}
    assert unknown["column"].str.contains(r"^agentSourcedIds of row \d+$").all()
    assert unknown["value"].str.starts_with("con-gone-").all()


def test_types_and_relationships_are_those_of_the_service(tmp_path: Path) -> None:
    taken = package(tmp_path, "metadata")

    assert set(taken.contacts["type"]) == {"Parent/Guardian", "Family"}
    assert {"Parent", "Grandparent", "Aunt/Uncle"} <= set(taken.contacts["relationship"])


def test_a_mapping_may_name_any_column_of_the_users(tmp_path: Path) -> None:
    own = """
    [fields]
    student_number = { column = "student.userIds.SIS" }
    contact_sis_id = { column = "contact.identifier" }
    """
    taken = package(tmp_path, own=own)

    numbers = taken.students["student_number"]
    assert numbers.null_count() == 0
    assert taken.contacts["sis_id"].str.contains(r"^\d+$").all()


def test_one_contact_of_several_students_is_one(tmp_path: Path) -> None:
    taken = take_in("oneroster-csv", tmp_path, students=200)

    assert taken.counts.contacts == taken.written.truth["person"].n_unique()
    assert taken.counts.contacts < taken.counts.relationships == taken.written.truth.height


def test_the_same_package_makes_the_same_rows(tmp_path: Path) -> None:
    first, second = package(tmp_path / "a"), package(tmp_path / "b")

    assert first.contacts.drop("contact").equals(second.contacts.drop("contact"))


def test_what_a_package_holds_is_gone_when_nobody_reads_it_any_more(tmp_path: Path) -> None:
    written = write_extract(EXTRACTS["oneroster-csv"], tmp_path, students=2)
    route = find_connector("oneroster-csv")
    delivery = open_extract(written.path, route, mapping_over(route, None), {})
    table = delivery.sources[0].file.path

    assert table.exists()
    del delivery
    assert not table.exists()


def test_a_night_changes_what_changed(tmp_path: Path) -> None:
    nights = [
        write_extract(EXTRACTS["oneroster-csv"], tmp_path / f"{n}", students=STUDENTS, night=n)
        for n in (1, 2)
    ]
    before, after = (read_back("oneroster-csv", one).contacts.drop("contact") for one in nights)
    new = after.join(before, on=after.columns, how="anti", nulls_equal=True)

    assert 0 < new.height < after.height / 2
