"""A system is connected and read, and its mapping changed, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kinsync.simulators.aeries import AeriesSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from kinsync.store import records
from tests.browser.site import NEW_DISTRICT, NEW_OWNER, Site
from tests.jobs.crew import Crew, until

STUDENTS = 30


@pytest.fixture
def worker(site: Site) -> Iterator[Crew]:
    """Somebody who reads what waits to be read."""
    crew = Crew(site.home)
    crew.start()
    yield crew
    crew.end()


def test_a_system_is_added_tested_read_and_published(
    chromium: Browser, site: Site, worker: Crew
) -> None:
    context = chromium.new_context(base_url=site.base)
    context.set_default_timeout(60_000)
    page = context.new_page()
    with Serving(AeriesSystem(Roster(students=STUDENTS, seed=5))) as aeries:
        site.sign_in(page, NEW_OWNER, NEW_DISTRICT)
        page.get_by_role("link", name="Sources", exact=True).click()
        page.get_by_role("link", name="Add a source", exact=True).click()
        page.get_by_role("link", name="Aeries").click()
        page.get_by_label("Name in this dashboard").fill("Nightly Aeries")
        page.get_by_label("Address").fill(aeries.settings["url"])
        page.get_by_label("Certificate").fill(aeries.settings["certificate"])
        page.get_by_role("button", name="Add the source").click()
        page.get_by_role("button", name="Test the connection").click()
        expect(page.get_by_role("heading", name="The connection works")).to_be_visible()
        page.get_by_role("button", name="Read it now").click()
        expect(page.locator("#state .badge")).to_have_text("Read", timeout=90_000)

    until(lambda: records.find_district(NEW_DISTRICT).published == 1, "published")
    page.get_by_role("link", name="What became of it").click()
    page.locator("tbody th a").first.click()
    expect(page.locator(".head .badge").first).to_have_text("Published")
    page.get_by_role("link", name="Data Browser").click()
    expect(page.locator("tbody th").first).to_be_visible()
    context.close()


def test_a_mapping_is_changed_in_the_form_seen_live_and_saved(page: Page) -> None:
    page.goto("/sources/1/mapping")
    expect(page.locator("#effect")).to_contain_text("would be refused")
    page.get_by_text("Contact name", exact=True).click()
    page.locator("#contact_name-form").select_option("a column")
    page.get_by_label("Contact name, column 1").fill("Parent_Name")
    page.locator("[name='contact_name:turn']").check()
    expect(page.locator("#effect")).to_contain_text("60")
    page.get_by_text("Contact phone", exact=True).click()
    page.locator("#contact_phone-form").select_option("every column that is filled")
    page.get_by_label("Contact phone, column 1").fill("Parent_Phone")
    page.get_by_label("Contact phone, column 2").fill("E1_Pri_Phone")
    page.get_by_label("Contact phone, column 2").blur()
    page.get_by_role("button", name="Show what it would change").click()
    expect(page.locator("#toml")).to_have_value(re.compile("Parent_Name.*Parent_Phone", re.S))
    page.get_by_role("button", name="Save it").click()

    expect(page.get_by_text("Saved as version 1")).to_be_visible()
    expect(page.get_by_text("version 1 in use")).to_be_visible()
