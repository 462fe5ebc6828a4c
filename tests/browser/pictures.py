"""``python -m pytest tests/browser/pictures.py``: the pictures of the docs, taken anew.

They are looked at before they are committed. With KINSYNC_PICTURES a folder gets one of every page
at three widths, in light and dark.
"""

import os
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.site import Site
from tests.conventions.pages import ROOT

WIDTHS = (390, 820, 1280)
ALL = os.environ.get("KINSYNC_PICTURES", "")


def test_pictures_of_the_docs(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 760})
    page.goto("/data-browser/contacts")
    page.get_by_label("Name, phone, e-mail or id").fill("mar")
    page.wait_for_timeout(1500)
    page.screenshot(path=ROOT / "docs/img/data-browser.png")
    page.get_by_label("Name, phone, e-mail or id").fill("marlowe")
    page.wait_for_timeout(1500)
    page.get_by_role("link", name="Lucía Marlowe").click()
    page.screenshot(path=ROOT / "docs/img/contact.png")
    page.goto("/")
    page.screenshot(path=ROOT / "docs/img/home.png")
    page.goto("/sources/1/mapping")
    page.get_by_text("Contact name", exact=True).click()
    page.locator("#contact_name-form").select_option("a column")
    page.get_by_label("Contact name, column 1").fill("Parent_Name")
    page.locator("[name='contact_name:turn']").check()
    page.get_by_role("button", name="Save it").wait_for()
    page.screenshot(path=ROOT / "docs/img/mapping.png")


def test_pictures_of_every_page(chromium: Browser, site: Site) -> None:
    if not ALL:
        return
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            context = chromium.new_context(
                base_url=site.base,
                viewport={"width": width, "height": 900},
                color_scheme="light" if scheme == "light" else "dark",
            )
            page = context.new_page()
            site.sign_in(page)
            for name, address in site.pages.items():
                page.goto(address)
                page.screenshot(path=Path(ALL) / f"{name}-{width}-{scheme}.png", full_page=True)
            context.close()
