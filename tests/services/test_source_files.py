"""Files of a source: uploaded into its folder, or laid in a folder of this machine."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.services.arrivals import sync_arrived
from kinsync.services.arrived import Arrivals
from kinsync.services.check import checked
from kinsync.services.pulls import PullTools, pull
from kinsync.services.sources import Reach, add_source, look_at, open_pulled
from kinsync.services.sync import Outcome
from kinsync.services.uploads import is_read
from kinsync.simulators.extracts import EXTRACTS, write_extract
from kinsync.store.sealing import open_sealer
from kinsync.store.sources import Source
from kinsync.store.staging import Shelf, Staging
from kinsync.store.storage import Storage
from tests.services.office import Office
from tests.services.pupils import as_csv, school_of
from tests.services.uploader import upload_whole

ONE_UPDATED = {"created": 0, "updated": 1, "deleted": 0}
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def reach(office: Office) -> Reach:
    return Reach(open_sealer(office.home, ""), lambda: NOW)


def tools(office: Office) -> PullTools:
    storage = Storage(office.home)
    return PullTools(reach(office), Staging(storage), Shelf(storage))


def source(office: Office, connector: str = "infinite-campus-auto", **settings: str) -> Source:
    return add_source(office.district, "Campus", connector, settings, reach(office))


def extract(folder: Path, night: int = 1, *quirks: str) -> Path:
    made = EXTRACTS["infinite-campus-auto"]
    path = write_extract(made, folder, students=12, night=night, quirks=quirks).path
    os.utime(path, (NOW.timestamp() - 3600, NOW.timestamp() - 3600))
    return path


def upload(office: Office, content: bytes, path: str) -> None:
    upload_whole(Storage(office.home), office.district, content, path=path)


def sync(office: Office) -> Outcome | None:
    return sync_arrived(office.id, Arrivals(Shelf(Storage(office.home))), office.tools)


def test_a_file_in_the_folder_of_a_source_is_synced_with_its_mapping(
    office: Office, tmp_path: Path
) -> None:
    source(office)
    upload(office, extract(tmp_path).read_bytes(), "campus/ic_contacts_20260914.csv")
    done = sync(office)

    assert done is not None
    assert done.sync.state == "published"
    assert done.report is not None
    assert done.report.counts.students == 12
    assert sync(office) is None


def test_only_files_of_a_source_are_read(office: Office) -> None:
    source(office, file="ic_*.csv")

    assert is_read(office.id, "Campus/IC_contacts.csv")
    assert not is_read(office.id, "Campus/readme.csv")
    assert not is_read(office.id, "Other/ic_contacts.csv")
    assert not is_read(office.id, "ic_contacts.csv")
    assert is_read(office.id, "students.csv")


def test_contacts_without_students_are_of_the_students_file_beside_them(
    office: Office, tmp_path: Path
) -> None:
    own = "student.studentNumber,contacts.firstName,contacts.lastName,contacts.relationship\n"
    pupils = school_of(4)
    rows = f"{pupils[0].student},Noor,Castellan,Mother\nZZ9,Ruben,Voss,Uncle\n"
    source(office)
    upload(office, as_csv(pupils), "students.csv")
    upload(office, (own + rows).encode(), "Campus/contacts.csv")
    done = sync(office)

    assert done is not None
    assert done.report is not None
    codes = {rule.code: rule.count for rule in done.report.rules}
    assert codes["student-unknown"] == 1
    assert done.report.counts.contacts == len({line.name for line in pupils if line.name}) + 1


def test_contacts_whose_students_nobody_names_are_refused(office: Office) -> None:
    source(office)
    upload(office, b"student.studentNumber,contacts.firstName\n1,Noor\n", "Campus/contacts.csv")

    with pytest.raises(ChangeInput, match=r"student\.lastName, student\.firstName"):
        sync(office)
    assert office.version == 0


def test_the_newest_file_of_a_folder_is_pulled(office: Office, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    made = source(office, folder=str(inbox), file="ic_*.csv")
    path = extract(inbox)
    (inbox / "notes.csv").write_text("x\n", "utf-8")
    pulled = pull(office.district, made, tools(office))
    done = sync(office)

    assert pulled.state == "complete"
    assert pulled.size == path.stat().st_size
    assert done is not None
    assert done.sync.state == "published"


def test_a_file_that_is_still_being_written_waits(office: Office, tmp_path: Path) -> None:
    made = source(office, folder=str(tmp_path))
    path = extract(tmp_path)
    os.utime(path, (NOW.timestamp() - 5, NOW.timestamp() - 5))

    with pytest.raises(TryAgainLater, match="last minute"):
        pull(office.district, made, tools(office))
    assert sync(office) is None


def test_a_folder_without_a_file_of_the_source_is_said(office: Office, tmp_path: Path) -> None:
    made = source(office, folder=str(tmp_path), file="ic_*.csv")

    with pytest.raises(ChangeInput, match=r"ic_\*\.csv"):
        pull(office.district, made, tools(office))


def test_the_export_after_the_change_of_year_deletes_nobody(office: Office, tmp_path: Path) -> None:
    source(office)
    upload(office, extract(tmp_path / "a").read_bytes(), "Campus/a.csv")
    sync(office)
    office.day += timedelta(days=1)
    upload(office, extract(tmp_path / "b", 2, "header-only").read_bytes(), "Campus/b.csv")
    done = sync(office)

    assert done is not None
    assert done.sync.state == "refused"
    assert office.version == 1


def test_a_night_of_an_extract_changes_what_changed(office: Office, tmp_path: Path) -> None:
    source(office)
    nights = [extract(tmp_path / "a"), extract(tmp_path / "b", 2)]
    for path in nights:
        upload(office, path.read_bytes(), f"Campus/{path.parent.name}.csv")
        done = sync(office)
        office.day += timedelta(days=1)
    first, second = (pl.read_csv(path, infer_schema=False) for path in nights)
    changed = second.join(first, on=second.columns, how="anti", nulls_equal=True)
    changed_people = changed["contacts.contactPersonID"].n_unique()

    assert done is not None
    assert done.changes is not None
    assert changed_people
    assert done.changes.counts()["contact"] == {**ONE_UPDATED, "updated": changed_people}


def test_a_night_with_many_phones_is_looked_at_line_by_line(office: Office, tmp_path: Path) -> None:
    made = source(office, "illuminate")
    files = [
        write_extract(EXTRACTS["illuminate"], tmp_path / f"{n}", students=30, night=n).path
        for n in (1, 2)
    ]
    for file in files:
        upload(office, file.read_bytes(), "Campus/contacts.csv")
        done = sync(office)
        office.day += timedelta(days=1)
    with checked(open_pulled(files[1], made)) as intake:
        whole = (intake.counts, intake.linked)

    assert done is not None
    assert done.report is not None
    assert done.changes is not None
    assert done.changes.counts()["contact"] == ONE_UPDATED
    assert (done.report.counts, done.report.linked) == whole


def test_a_look_at_a_source_names_its_newest_file(office: Office, tmp_path: Path) -> None:
    made = source(office, folder=str(tmp_path), file="ic_*.csv")
    path = extract(tmp_path)

    assert path.name in "".join(look_at(made, reach(office)))


def test_a_layout_that_cannot_be_is_refused_when_it_is_told(office: Office) -> None:
    with pytest.raises(ChangeInput, match="widths are numbers"):
        source(office, widths="10,x", delimiter="comma")
