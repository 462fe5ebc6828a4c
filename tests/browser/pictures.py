"""``make pictures``: the pictures of the docs, taken anew, and the page that shows them all.

They are looked at before they are committed. Every page of the dashboard is taken at three widths,
in light and dark; a few of them once more as somebody works with them.
"""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.site import Site
from tests.conventions.pages import ROOT

IMAGES = ROOT / "docs/img"
WIDTHS = {1280: 900, 820: 1000, 390: 900}
"""Width of a screen, and the most that is shown of a page's height, in pixels."""
SCHEMES = ("light", "dark")
QUALITY = 35
PAGE = ROOT / "docs/pictures.md"
HEADING = """# Every page in pictures

The [dashboard](dashboard.md) of an invented district, at three widths, in light and dark.
`make pictures` takes them anew.
"""


def take(page: Page, path: Path, height: int | None = None) -> None:
    """A picture of a page as it stands, down to ``height`` at most."""
    size = page.viewport_size
    assert size is not None
    whole = page.evaluate("document.documentElement.scrollHeight")
    if height is not None:
        page.set_viewport_size({"width": size["width"], "height": min(whole, height)})
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    session.detach()
    page.set_viewport_size(size)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(base64.b64decode(taken["data"]))


def test_pictures_of_what_people_do(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 760})
    page.goto("/data-browser/contacts")
    page.get_by_label("Name, phone, e-mail or id").fill("mar")
    page.wait_for_timeout(1500)
    take(page, IMAGES / "data-browser.webp")
    page.get_by_label("Name, phone, e-mail or id").fill("marlowe")
    page.wait_for_timeout(1500)
    page.get_by_role("link", name="Lucía Marlowe").click()
    take(page, IMAGES / "contact.webp")
    page.goto("/")
    take(page, IMAGES / "home.webp")
    page.goto("/sources/1/mapping")
    page.get_by_text("Contact name", exact=True).click()
    page.locator("#contact_name-form").select_option("a column")
    page.get_by_label("Contact name, column 1").fill("Parent_Name")
    page.locator("[name='contact_name:turn']").check()
    page.get_by_role("button", name="Save it").wait_for()
    take(page, IMAGES / "mapping.webp")


@pytest.fixture
def pages(page: Page, site: Site) -> dict[str, str]:
    """Every page, by what it is called."""
    page.goto("/data-browser/contacts")
    page.get_by_label("Name, phone, e-mail or id").press_sequentially("marlowe lucia")
    page.locator("tbody th a").get_by_text("Lucía Marlowe").wait_for()
    contact = page.locator("tbody th a").first.get_attribute("href")
    student = page.locator("tbody td a").first.get_attribute("href")
    return {**site.pages, "contact": str(contact), "student": str(student)}


def test_pictures_of_every_page(
    chromium: Browser, site: Site, page: Page, pages: dict[str, str], other_night: Path
) -> None:
    for old in (IMAGES / "pages").glob("*.webp"):
        old.unlink()
    take_all(chromium, site, pages)
    take_all(chromium, site, {"sign-in": "/accounts/login/"}, is_signed_in=False)
    page.goto("/sync")
    page.get_by_label("students.csv").set_input_files(other_night)
    page.get_by_role("button", name="Show what would change").click()
    page.get_by_role("heading", name="This is a preview").wait_for()
    take_all(chromium, site, {"preview": page.url})
    page.get_by_role("button", name="Sync this file").click()
    page.get_by_role("heading", name="Why it is held").wait_for()
    take_all(chromium, site, {"hold": page.url})
    every = ["sign-in", *pages, "preview", "hold"]
    PAGE.write_text("\n".join([HEADING, *map(shown, every)]), encoding="utf-8")


def take_all(
    chromium: Browser, site: Site, pages: dict[str, str], *, is_signed_in: bool = True
) -> None:
    """These pages at every width, in light and dark."""
    for scheme in SCHEMES:
        for width, height in WIDTHS.items():
            context = chromium.new_context(
                base_url=site.base,
                viewport={"width": width, "height": 800},
                color_scheme="light" if scheme == "light" else "dark",
            )
            page = context.new_page()
            if is_signed_in:
                site.sign_in(page)
            for name, address in pages.items():
                page.goto(address)
                take(page, IMAGES / "pages" / f"{name}-{width}-{scheme}.webp", height)
            context.close()


def shown(name: str) -> str:
    """The part of the docs' page that shows one page of the dashboard."""
    title = name.replace("-", " ").capitalize()
    lines = [f"## {title}", ""]
    for scheme in SCHEMES:
        lines += [
            f'<img src="img/pages/{name}-{width}-{scheme}.webp" width="{share}%" loading="lazy"'
            f' alt="{title}, {width} pixels wide, {scheme}">'
            for width, share in zip(WIDTHS, (56, 27, 13), strict=True)
        ]
        lines.append("")
    return "\n".join(lines)
