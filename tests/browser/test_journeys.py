"""What people come to do, in a real browser, with and without scripts."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site

LUCIA = "Lucía Marlowe"


def test_a_contact_is_found_by_phone_while_typing_and_its_history_is_read(page: Page) -> None:
    page.get_by_role("link", name="Data Browser").click()
    page.get_by_label("Name, phone, e-mail or id").press_sequentially("360 555 0142")
    expect(page.locator("tbody th")).to_have_text([LUCIA])
    page.get_by_role("link", name=LUCIA).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(LUCIA)
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_text("In the source's words")).to_be_visible()


def test_a_list_goes_on_and_comes_back(page: Page) -> None:
    page.goto("/data-browser/contacts")
    first = page.locator("tbody th").first.inner_text()
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("tbody th").first).not_to_have_text(first)
    page.go_back()

    expect(page.locator("tbody th").first).to_have_text(first)


def test_everything_works_without_scripts(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.base, java_script_enabled=False)
    page = context.new_page()
    site.sign_in(page)
    page.goto("/data-browser/contacts")
    page.get_by_label("Name, phone, e-mail or id").fill("marlowe")
    page.get_by_label("Type").select_option("Primary")
    page.get_by_role("button", name="Find").click()

    expect(page.locator("tbody th")).to_have_text([LUCIA])
    context.close()


def test_the_keyboard_alone_leads_to_the_page(page: Page) -> None:
    page.goto("/sync")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the page")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("main :focus")).to_have_count(1)


def test_an_upload_shows_how_much_of_it_is_sent(page: Page, site: Site) -> None:
    page.goto("/sync")
    slowly = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slowly)
    page.get_by_label("students.csv").set_input_files(site.sample / "students.csv")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("progressbar", name="Sent")).to_be_visible()
    expect(page.get_by_text("% is sent")).to_be_visible()

    expect(page.get_by_text("This is a preview")).to_be_visible()


def test_a_broken_file_is_previewed_held_reviewed_and_discarded(
    page: Page, other_night: Path
) -> None:
    page.goto("/sync")
    page.get_by_label("students.csv").set_input_files(other_night)
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("This is a preview")).to_be_visible()
    page.get_by_role("button", name="Sync this file").click()
    expect(page.get_by_role("heading", name="Why it is held")).to_be_visible()
    page.get_by_role("link", name="contacts deleted:").click()
    expect(page.locator(".diffs li").first).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Discard").click()

    expect(page.locator(".head .badge").first).to_have_text("Discarded")
