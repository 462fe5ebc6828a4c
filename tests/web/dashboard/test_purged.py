"""What pages say of values that are kept no longer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from kinsync import bootstrap
from kinsync.services.purge import purge_district
from kinsync.store import records
from kinsync.store.database import connect
from tests.web.dashboard.brookfield import EVERYBODY, FAMILIES, HEADER, sync_file
from tests.web.dashboard.desk import Desk

PHONE = "5035550200"
OTHER_PHONE = "5035559900"


@pytest.fixture
def purged(office: Desk) -> Desk:
    """A family went and another got a new phone; two months later a purge took what they were."""
    for content in (EVERYBODY, HEADER + "".join(FAMILIES[:-1]).replace(PHONE, OTHER_PHONE)):
        assert "Published" in sync_file(office, content).text
    gone = office.send("/data-browser/contacts", {"q": "Holm59", "version": "1"})
    assert "Parent Holm59" in gone.text
    tools = bootstrap.purge_tools(bootstrap.read_settings())
    later = bootstrap.now() + timedelta(days=61)
    purge_district(records.find_district("Brookfield").id, replace(tools, now=lambda: later))
    return office


def test_a_version_that_is_purged_is_refused_and_not_offered(purged: Desk) -> None:
    refused = purged.see("/data-browser/contacts?version=1")

    assert refused.status == 400
    assert "Version 1 is purged" in refused.text
    assert "version=1" not in purged.see("/sync").html
    assert "purged" in purged.see("/sync").text
    assert purged.see("/data-browser/contacts?version=2").status == 200
    [first, *_] = [one for one in records.list_syncs(district_id(), limit=5) if one.version == 2]
    for act in ("updated", "deleted"):
        assert purged.see(f"/sync/{first.id}/changes/contact?act={act}").status == 400


def test_who_was_purged_is_found_no_more_and_the_page_says_why(
    purged: Desk, ids: Callable[[str], list[str]]
) -> None:
    assert "Holm59" not in purged.send("/data-browser/contacts", {"q": "Holm59"}).text
    [gone] = ids("until <= 2 AND name IS NULL AND id NOT IN (SELECT id FROM contact"
                 " WHERE name IS NOT NULL)")  # fmt: skip
    seen = purged.see(f"/data-browser/contacts/{gone}")

    assert "A contact who was deleted" in seen.text
    assert "The values are purged" in seen.text


def test_history_before_a_purge_says_that_it_is_not_kept(
    purged: Desk, ids: Callable[[str], list[str]]
) -> None:
    [moved] = ids(f"phone = '{OTHER_PHONE}'")
    seen = purged.see(f"/data-browser/contacts/{moved}")

    assert "(what it was before is not kept any more)" in seen.text
    assert PHONE not in seen.html


def district_id() -> int:
    return records.find_district("Brookfield").id


@pytest.fixture
def ids() -> Callable[[str], list[str]]:
    """Ids of the district's contacts that are like a condition."""

    def found(condition: str) -> list[str]:
        statement = f"SELECT DISTINCT id FROM contact WHERE district_id = %s AND {condition}"
        with connect() as connection:
            return [row[0] for row in connection.execute(statement.encode(), (district_id(),))]

    return found
