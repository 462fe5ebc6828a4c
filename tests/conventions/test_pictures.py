"""The docs show every page of the dashboard as it is, and are not heavy."""

import re

from tests.browser.pictures import IMAGES, PAGE, SCHEMES, WIDTHS
from tests.browser.site import PAGES
from tests.conventions.pages import ROOT

MOST_BYTES = 6_000_000


def test_every_page_has_its_picture_at_every_width_in_light_and_dark() -> None:
    wanted = {
        f"{name}-{width}-{scheme}.webp" for name in PAGES for width in WIDTHS for scheme in SCHEMES
    }
    there = {path.name for path in (IMAGES / "pages").iterdir()}
    shown = set(re.findall(r'src="img/pages/([^"]+)"', PAGE.read_text("utf-8")))

    assert sorted(wanted - there) == [], "run: make pictures"
    assert shown == there


def test_pictures_are_small() -> None:
    assert sum(path.stat().st_size for path in IMAGES.rglob("*.*")) < MOST_BYTES


def test_the_first_screen_of_the_readme_shows_the_data_browser() -> None:
    first = "".join((ROOT / "README.md").read_text("utf-8").splitlines(keepends=True)[:20])

    assert "](docs/img/data-browser.webp)" in first
