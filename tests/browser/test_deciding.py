"""What a district decides, in a real browser: what is shared, who is one person, what is held."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site

GRAVE = ("serious", "critical")


def is_fine(page: Page) -> bool:
    """Whether axe has nothing serious to say of the page as it stands now."""
    found = Axe().run(page).response["violations"]
    grave = [
        f"{one['id']} at {one['nodes'][0]['target']}" for one in found if one["impact"] in GRAVE
    ]
    assert grave == []
    return True


@pytest.fixture
def without_scripts(chromium: Browser, site: Site) -> Page:
    """The owner in a browser that runs no script at all."""
    context = chromium.new_context(base_url=site.base, java_script_enabled=False)
    page = context.new_page()
    site.sign_in(page)
    return page


def test_an_application_is_connected_without_emergency_contacts(page: Page) -> None:
    page.goto("/applications")
    page.get_by_label("Name").fill("Reading Room")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("The secret is shown this once")).to_be_visible()
    page.get_by_role("link", name="Choose what it receives").click()
    types = page.get_by_role("group", name="Types of contact").first
    types.get_by_label("Only these:").check()
    for word in ("Primary", "Secondary", "Parent/Guardian", "Family"):
        types.get_by_label(word, exact=True).check()
    page.get_by_role("button", name="Show what it would receive").click()
    effect = page.locator("#effect")
    expect(effect.get_by_role("row", name="Contacts")).to_be_visible()
    assert is_fine(page)
    effect.get_by_role("button", name="Connect Reading Room").click()

    expect(page.get_by_text("Types of contact: Family, Parent/Guardian")).to_be_visible()
    page.get_by_role("button", name="Make a token").click()
    token = page.locator("code.secret").inner_text()
    answer = page.request.get(
        "/v3.1/users?role=contact&limit=1000", headers={"authorization": f"Bearer {token}"}
    ).json()
    kinds = {
        tie["type"]
        for one in answer["data"]
        for tie in one["data"]["roles"]["contact"]["student_relationships"]
    }
    assert kinds
    assert "Emergency" not in kinds


def test_one_students_records_are_seen_before_anything_is_saved(page: Page, site: Site) -> None:
    page.goto(site.pages["sharing"])
    page.get_by_label("Name, student number or id").fill("marlowe")
    page.get_by_role("button", name="Show what it would receive").click()
    several = page.get_by_role("group", name="Students found")
    if several.is_visible():
        several.get_by_role("button").first.click()
    expect(page.get_by_text("received").first).to_be_visible()
    page.get_by_text("The records as").click()

    expect(page.locator("pre")).to_contain_text('"roles"')
    assert is_fine(page)


def test_two_contacts_are_joined_and_split_again(page: Page, without_scripts: Page) -> None:
    for one in (page, without_scripts):
        one.goto("/same-person")
        one.get_by_role("link", name="Look at both").first.click()
        expect(one.get_by_role("heading", name="What it would do")).to_be_visible()
        one.get_by_role("button", name="The same person").click()
        expect(one.get_by_text("They are one person now")).to_be_visible()
        pair = one.url
        one.get_by_role("region", name="Contacts side by side").first.get_by_role(
            "link"
        ).first.click()
        one.get_by_role("button", name="Not the same person: split").first.click()
        expect(one.get_by_text("They are two people")).to_be_visible()
        one.goto(f"{pair.partition('?')[0]}?as=undo")
        one.get_by_role("button", name="Take the decision back").click()
        expect(one.get_by_text("Taken back")).to_be_visible()


def test_somebody_who_is_invited_comes_by_the_link(
    page: Page, chromium: Browser, site: Site
) -> None:
    page.get_by_role("link", name="Team").click()
    page.get_by_label("E-mail", exact=True).first.fill("desk@lakeside.example")
    page.get_by_role("button", name="Invite").click()
    link = page.locator("code.secret").inner_text()
    assert is_fine(page)
    context = chromium.new_context()
    other = context.new_page()
    other.goto(link)
    other.get_by_label("Choose a password").fill("nine geese over the lake")
    other.get_by_role("button", name="Come to the team").click()
    other.get_by_label("E-mail").fill("desk@lakeside.example")
    other.get_by_label("Password").fill("nine geese over the lake")
    other.get_by_role("button", name="Sign in", exact=True).click()

    expect(other.get_by_role("heading", name="Lakeside Unified")).to_be_visible()
    context.close()


def test_a_hold_is_reviewed_by_its_picture_and_approved(page: Page, other_night: Path) -> None:
    page.goto("/sync")
    page.get_by_label("students.csv").set_input_files(other_night)
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_role("button", name="Sync this file").click()
    stay = page.get_by_role("img", name="Students who stay")
    expect(stay.first).to_be_visible()
    expect(page.get_by_role("heading", name="What applications would notice")).to_be_visible()
    assert is_fine(page)
    page.emulate_media(color_scheme="dark")
    assert is_fine(page)
    page.get_by_role("button", name="Approve and publish").click()

    expect(page.locator(".head .badge").first).to_have_text("Published")
