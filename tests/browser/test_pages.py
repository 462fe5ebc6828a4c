"""Every page, at every width, in light and dark: nobody is kept out, nothing is cut off."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.site import Site

GRAVE = ("serious", "critical")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(
    scheme: str, page: Page, site: Site, chromium: Browser
) -> None:
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    found: list[str] = []
    for name, address in site.pages.items():
        page.goto(address)
        found += _grave(page, name)
    page.goto("/data-browser/contacts")
    page.locator("tbody th a").first.click()
    found += _grave(page, "contact")
    page.locator("tbody th a").first.click()
    found += _grave(page, "student")

    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_at_the_sign_in(
    scheme: str, site: Site, chromium: Browser
) -> None:
    context = chromium.new_context(color_scheme="light" if scheme == "light" else "dark")
    page = context.new_page()
    page.goto(f"{site.base}/accounts/login/")

    assert _grave(page, "sign-in") == []
    context.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_no_page_is_wider_than_the_screen(width: int, page: Page, site: Site) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    too_wide = []
    for name, address in site.pages.items():
        page.goto(address)
        inner = page.evaluate("document.documentElement.scrollWidth")
        if inner > width:
            too_wide.append((name, inner))

    assert too_wide == []


def _grave(page: Page, name: str) -> list[str]:
    results = Axe().run(page).response["violations"]
    return [
        f"{name}: {one['id']} at {node['target']}"
        for one in results
        if one["impact"] in GRAVE
        for node in one["nodes"][:3]
    ]
