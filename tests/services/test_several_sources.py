"""Several sources of one district: what stands of each, and what becomes of what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.domain.priority import read_marks
from kinsync.services import dossier, priorities, sources
from kinsync.services.arrivals import sync_arrived
from kinsync.services.arrived import Arrivals
from kinsync.services.browse import Whose
from kinsync.services.restore import restore
from kinsync.services.sources import Reach, add_source
from kinsync.services.sync import Outcome
from kinsync.services.uploads import Uploads
from kinsync.store import parts
from kinsync.store.sealing import open_sealer
from kinsync.store.sources import Source, find_source
from kinsync.store.staging import Shelf, Staging
from kinsync.store.storage import Storage
from tests.services.aeries_office import pull_tools, reading_aeries
from tests.services.office import Office
from tests.services.pupils import Line, as_csv, mother, school_of
from tests.services.uploader import upload_whole

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
HEADER = "student_id,type,first_name,last_name,relationship,phone,phone_type,email,contact_id\n"
SCHOOL = [replace(line, email="") for line in school_of(8)]
MOTHER = SCHOOL[0]
NEW_MAIL = "dolores.new@example.org"
COACH = "S001,Other,Imani,Okafor,,4255550177,Cell,imani@example.org,\n"


@dataclass
class Joined:
    """A district whose SIS writes students.csv, and a supplement that somebody keeps by hand."""

    office: Office
    sis: Source
    extra: Source

    def send(self, content: bytes | str | Sequence[Line], *, of: str = "sis") -> None:
        """A file arrives in the folder of one of the two."""
        if isinstance(content, str):
            content = (HEADER + content).encode()
        elif not isinstance(content, bytes):
            content = as_csv(content)
        path = "sis/students.csv" if of == "sis" else "extra/contacts.csv"
        upload_whole(Storage(self.office.home), self.office.district, content, path=path)

    @property
    def arrivals(self) -> Arrivals:
        return Arrivals(Shelf(Storage(self.office.home)))

    def sync(self) -> Outcome | None:
        return sync_arrived(self.office.id, self.arrivals, self.office.tools)

    def prefer(self, **fields: str) -> None:
        told = {name: order.split(",") for name, order in fields.items()}
        priorities.change(self.office.district, None, told, at=NOW, by="Pat")

    def mother(self) -> dict[str, object]:
        row = self.office.named().filter(
            pl.col("student") == MOTHER.student, pl.col("name") == MOTHER.name
        )
        return row.row(0, named=True)

    def marks(self) -> dict[str, int]:
        return read_marks(marks_of(self.office, str(self.mother()["contact_id"])))


def marks_of(office: Office, contact: str) -> str | None:
    contacts = office.published().frames["contact"]
    found: str | None = contacts.filter(pl.col("id") == contact)["sources"].item()
    return found


def of_mother(email: str = NEW_MAIL, phone: str = "", type_: str = "Family") -> str:
    first, last = MOTHER.name.split()
    return f"{MOTHER.student},{type_},{first},{last},,{phone},,{email},\n"


@pytest.fixture
def joined(office: Office) -> Joined:
    reach = Reach(open_sealer(office.home, ""), lambda: NOW)
    sis = add_source(office.district, "sis", "students-file", {}, reach)
    extra = add_source(office.district, "extra", "contacts-file", {}, reach)
    return Joined(office, sis, extra)


def codes(outcome: Outcome | None) -> dict[str, str]:
    """The findings, and the file in which each was met first."""
    assert outcome is not None
    assert outcome.report is not None
    return {rule.code: rule.places[0].file for rule in outcome.report.rules if rule.places}


def test_a_supplement_fills_what_the_sis_leaves_blank_and_adds_people(joined: Joined) -> None:
    joined.send(SCHOOL)
    joined.send(of_mother() + COACH, of="extra")
    done = joined.sync()

    assert done is not None
    assert done.sync.state == "published"
    assert joined.mother()["email"] == NEW_MAIL
    assert joined.mother()["phone"] == MOTHER.phone
    assert joined.mother()["type"] == MOTHER.type
    assert "Imani Okafor" in joined.office.names("S001")
    assert joined.marks() == {"email": joined.extra.id}


def test_each_file_accounts_for_its_own_rows(joined: Joined) -> None:
    joined.send(SCHOOL)
    joined.send(of_mother() + COACH + "NOBODY,Other,Al,Poe,,,,,\n", of="extra")
    done = joined.sync()

    assert done is not None
    told = {one["name"]: one for one in done.as_json()["sources"]}  # type: ignore[attr-defined]
    extra = told["Contacts file (extra)"]
    assert (extra["rows"], extra["published"], extra["held"]) == (3, 2, 1)
    assert told["Students file (sis)"]["rows"] == len(SCHOOL)
    assert codes(done)["student-unknown"] == "Contacts file (extra)"


def test_a_field_has_the_order_that_is_said_of_it(joined: Joined) -> None:
    joined.send(school_of(8))
    joined.send(of_mother(phone="4255550100"), of="extra")
    joined.sync()
    before = joined.mother()
    joined.prefer(email="extra,sis")
    joined.sync()

    after = joined.mother()
    assert (before["email"], after["email"]) == (MOTHER_MAIL, NEW_MAIL)
    assert after["phone"] == before["phone"] == MOTHER.phone
    assert after["contact_id"] == before["contact_id"]
    assert joined.sync() is None


MOTHER_MAIL = mother(0).email


@pytest.mark.parametrize("first", ["sis", "extra"])
def test_the_order_in_which_files_arrive_changes_nothing(joined: Joined, first: str) -> None:
    files: dict[str, str | list[Line]] = {"sis": SCHOOL, "extra": of_mother() + COACH}
    for of in sorted(files, key=lambda name: name != first):
        joined.send(files[of], of=of)
        if of == "sis":
            joined.sync()
    joined.sync()

    assert joined.mother()["email"] == NEW_MAIL
    assert joined.marks() == {"email": joined.extra.id}
    assert "Imani Okafor" in joined.office.names("S001")


def test_a_second_source_moves_no_id_and_marks_nobody_it_says_nothing_of(
    joined: Joined,
) -> None:
    joined.send(SCHOOL)
    alone = joined.sync()
    before = joined.office.named().sort("id")
    joined.send(of_mother(), of="extra")
    both = joined.sync()

    assert alone is not None
    assert both is not None
    assert both.changes is not None
    assert both.changes.counts()["contact"] == {"created": 0, "updated": 1, "deleted": 0}
    assert joined.office.named().sort("id")["id"].equals(before["id"])
    assert codes(alone)["source-not-arrived"] == "Contacts file (extra)"
    assert "source-not-arrived" not in codes(both)


def test_what_came_before_stands_where_the_newest_file_cannot_be_read(joined: Joined) -> None:
    joined.send(SCHOOL)
    joined.send(of_mother() + COACH, of="extra")
    joined.sync()
    joined.send(b"PK\x03\x04 a workbook", of="extra")
    joined.send([*SCHOOL, *school_of(9)[-2:]])
    done = joined.sync()

    assert done is not None
    assert done.sync.state == "published"
    assert codes(done)["source-older-used"] == "Contacts file (extra)"
    assert joined.mother()["email"] == NEW_MAIL
    assert "Imani Okafor" in joined.office.names("S001")
    assert "S008" in joined.office.students()
    assert joined.office.state(done.sync.id - 1) == "refused"


def test_a_source_of_which_nothing_could_ever_be_read_holds_up_no_other(joined: Joined) -> None:
    joined.send(b"", of="extra")
    joined.send(SCHOOL)
    done = joined.sync()

    assert done is not None
    assert done.sync.state == "published"
    assert codes(done)["source-not-arrived"] == "Contacts file (extra)"


def test_the_file_behind_what_is_published_outlives_its_retention(joined: Joined) -> None:
    joined.send(SCHOOL)
    joined.send(of_mother() + COACH, of="extra")
    joined.sync()
    storage = Storage(joined.office.home)
    later = datetime.now(UTC) + timedelta(days=90)
    gone = Uploads(Staging(storage), Shelf(storage), lambda: later).purge(before=later)
    joined.send(school_of(9))
    joined.sync()

    assert gone == 0
    assert "Imani Okafor" in joined.office.names("S001")


def test_nothing_is_deleted_for_want_of_a_file_that_is_gone(joined: Joined) -> None:
    joined.send(SCHOOL)
    sources.remove_source(joined.office.district, joined.extra)
    joined.sync()
    storage = Storage(joined.office.home)
    later = datetime.now(UTC) + timedelta(days=90)
    Uploads(Staging(storage), Shelf(storage), lambda: later).purge(before=later)
    reach = Reach(open_sealer(joined.office.home, ""), lambda: NOW)
    joined.extra = add_source(joined.office.district, "extra", "contacts-file", {}, reach)
    joined.send(COACH, of="extra")

    with pytest.raises(ChangeInput, match="'sis' is not kept any more"):
        joined.sync()
    assert joined.office.students() == {line.student for line in SCHOOL}


def test_a_source_that_is_paused_stands_as_it_was_published(joined: Joined) -> None:
    joined.send(SCHOOL)
    joined.send(of_mother(), of="extra")
    joined.sync()
    priorities.pause(joined.office.district, joined.extra, at=NOW)
    joined.send(of_mother("other@example.org"), of="extra")
    joined.send(school_of(9))
    paused = joined.sync()
    while_paused = joined.mother()["email"]
    priorities.resume(find_source(joined.office.id, "extra"))
    joined.send(school_of(9))
    joined.sync()

    assert codes(paused)["source-paused"] == "Contacts file (extra)"
    assert while_paused == MOTHER_MAIL  # which the SIS tells since
    assert joined.mother()["email"] == MOTHER_MAIL
    assert parts.parts(joined.office.id, joined.office.version)[1].arrival is not None


def test_without_a_source_its_own_people_go_and_that_is_shown_before(joined: Joined) -> None:
    joined.send(SCHOOL)
    joined.send(of_mother() + COACH, of="extra")
    joined.sync()
    told = priorities.without(
        joined.office.district, joined.extra, joined.arrivals, joined.office.tools
    )
    still = joined.office.names("S001")
    sources.remove_source(joined.office.district, joined.extra)
    joined.sync()

    assert told is not None
    assert told.changes is not None
    assert told.changes.counts()["contact"] == {"created": 0, "updated": 1, "deleted": 1}
    assert "Imani Okafor" in still
    assert "Imani Okafor" not in joined.office.names("S001")
    assert joined.mother()["email"] is None


def test_the_sis_is_believed_where_a_supplement_gives_its_id_to_somebody_else(
    joined: Joined,
) -> None:
    named = [replace(MOTHER, sis_id="C1"), *SCHOOL[1:]]
    joined.send(named)
    joined.send("S003,Other,Wanda,Zhou,,4255550188,,,C1\n", of="extra")
    done = joined.sync()

    assert codes(done)["sis-id-reused"] == "Contacts file (extra)"
    assert joined.mother()["contact_sis_id"] == "C1"
    assert "Wanda Zhou" not in joined.office.names("S003")


def test_a_file_of_the_districts_own_beside_its_sources_is_said_to_count_for_nothing(
    joined: Joined,
) -> None:
    joined.send(SCHOOL)
    upload_whole(Storage(joined.office.home), joined.office.district, as_csv(school_of(2)))

    assert codes(joined.sync())["file-beside-sources"] == "students.csv"


def test_a_contact_tells_of_each_value_which_source_it_is_of_and_was_of(joined: Joined) -> None:
    joined.send(school_of(8))
    joined.send(of_mother(), of="extra")
    joined.sync()
    joined.prefer(email="extra")
    joined.sync()
    id_ = str(joined.mother()["contact_id"])
    now = dossier.contact(Whose(joined.office.id, joined.office.version), id_)
    then = dossier.contact(Whose(joined.office.id, 1), id_)
    (change,) = [one.changes for one in now.history if one.what == "changed"]

    assert now.origins["email"] == "Contacts file (extra)"
    assert now.origins["phones"] == then.origins["email"] == "Students file (sis)"
    assert now.ties[0]["origins"]["type"] == "Students file (sis)"
    assert ("source of email", "Students file (sis)", "Contacts file (extra)") in change


def test_a_version_that_is_restored_knows_its_sources_again(joined: Joined) -> None:
    joined.send(SCHOOL)
    joined.send(of_mother(), of="extra")
    joined.sync()
    sources.remove_source(joined.office.district, joined.extra)
    joined.sync()
    restore(joined.office.district, 1, joined.office.tools)
    found = dossier.contact(
        Whose(joined.office.id, joined.office.version), str(joined.mother()["contact_id"])
    )

    assert found.origins["email"] == "Contacts file (extra)"


def test_a_priority_is_kept_with_who_said_it_and_names_what_there_is(joined: Joined) -> None:
    district = joined.office.district
    priorities.change(district, ["extra"], {"phones": ["sis"]}, at=NOW, by="Pat")
    priorities.change(district, None, {"phones": []}, at=NOW, by="Kim")
    with pytest.raises(ChangeInput, match="No field is called mobile"):
        priorities.change(district, None, {"mobile": ["sis"]}, at=NOW, by="Kim")
    from kinsync.store import priorities as kept

    told = kept.priority(district.id)
    assert priorities.named(district, told) == (["extra", "sis"], {})
    assert [one.saved_by for one in kept.history(district.id)] == ["Kim", "Pat"]


def test_a_system_that_is_asked_and_a_list_are_one_delivery(office: Office) -> None:
    with reading_aeries(office, students=8) as aeries:
        aeries.pull()
        aeries.sync()
        before = office.named().filter(pl.col("name").str.count_matches(" ") == 1)
        person = before.sort("id").row(0, named=True)
        reach = pull_tools(office).reach
        extra = add_source(office.district, "extra", "contacts-file", {}, reach)
        first, last = person["name"].split()
        row = f"{person['student']},Family,{first},{last},,,,{NEW_MAIL},\n"
        upload = (HEADER + row).encode()
        upload_whole(Storage(office.home), office.district, upload, path="extra/contacts.csv")
        priorities.change(office.district, None, {"email": ["extra"]}, at=NOW, by="Pat")
        done = aeries.sync()
        aeries.pull()
        again = aeries.sync()

    after = office.named().filter(pl.col("id") == person["id"]).row(0, named=True)
    assert done is not None
    assert again is not None
    assert (done.sync.state, again.sync.state) == ("published", "unchanged")
    assert (after["email"], after["phone"]) == (NEW_MAIL, person["phone"])
    assert after["contact_id"] == person["contact_id"]
    assert read_marks(marks_of(office, person["contact_id"])) == {"email": extra.id}
