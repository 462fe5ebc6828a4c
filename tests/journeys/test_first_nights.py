"""A district's first two nights and three broken ones, as an application that reads sees them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kinsync.services.read import Contact
    from tests.services.office import Office

SAMPLES = Path(__file__).parents[2] / "samples"
FIRST = (SAMPLES / "students.csv").read_bytes()
SECOND = (SAMPLES / "night2" / "students.csv").read_bytes()
LUCIA, ROSARIO = "Lucía Marlowe", "Rosario Quintana"
PAGE = 1_000


@pytest.fixture
def office(database: None, tmp_path: Path) -> "Office":
    """A district that has published nothing yet."""
    from tests.services.office import Office  # needs Django, which is set up after this file

    return Office("Lakeside", tmp_path)


def read(office: "Office") -> dict[str, "Contact"]:
    """Everybody whom an application that sees the whole district reads, page by page, by id."""
    from kinsync.services.read import Scope, Window, contact_page

    district = office.district
    scope = Scope(0, district.id, district.public_id, district.published)

    def pages() -> Iterator["Contact"]:
        after = None
        while True:
            page = contact_page(scope, Window(PAGE, after=after))
            yield from page.records
            if not page.has_after:
                return
            after = page.records[-1].id

    return {contact.id: contact for contact in pages()}


def named(contacts: dict[str, "Contact"], name: str) -> "Contact":
    (found,) = (contact for contact in contacts.values() if contact.row.name == name)
    return found


def test_what_an_application_reads_through_good_and_broken_nights(office: "Office") -> None:
    first = office.sync(FIRST)
    before = read(office)

    assert first.sync.state == "published"
    assert first.report is not None
    assert len(before) == first.report.counts.contacts
    assert len(named(before, LUCIA).relationships) == 2
    assert {tie.relationship for tie in named(before, ROSARIO).relationships} == {"Grandparent"}

    second = office.sync(SECOND)
    after = read(office)

    assert second.sync.state == "published"
    assert second.changes is not None
    contacts = second.changes.kinds["contact"]
    assert set(contacts.created["id"]) == after.keys() - before.keys()
    assert set(contacts.deleted["id"]) == before.keys() - after.keys()
    changed = {id_ for id_ in before.keys() & after.keys() if before[id_].row != after[id_].row}
    assert changed == set(contacts.updated["id"])
    assert 0 < len(changed) < 100
    assert named(after, LUCIA) == named(before, LUCIA)

    cut = office.sync(SECOND[:-40])
    short = office.sync(b"".join(SECOND.splitlines(keepends=True)[:2_000]))
    again = office.sync(SECOND)

    assert [night.sync.state for night in (cut, short)] == ["refused", "held"]
    assert again.changes is None or again.changes.is_empty
    assert read(office) == after
    assert office.version == 2
