"""The dashboard of the sample district in a real headless Chromium.

Where there is no Chromium on the path these tests are skipped, and say so.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.site import ARGUMENTS, Site, open_site

WHOLE = re.compile(rb"\d+,\d{6},")
"""How a row begins that names a school and a student."""
PATIENCE_MS = 20_000
"""After so long a test gives up; nothing is measured by it."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser. Its driver keeps a loop in this thread, which Django takes for another's."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on the path")
    expect.set_options(timeout=PATIENCE_MS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as driver:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(database_of_the_file: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample district after two nights, served; the tests of one file share it."""
    with open_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page of an owner who has signed in; what the browser complains of is a failure."""
    context = chromium.new_context(base_url=site.base, viewport={"width": 1280, "height": 850})
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda one: complaints.extend([one.text] if one.type == "error" else []))
    site.sign_in(page)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def other_night(tmp_path: Path, site: Site) -> Path:
    """A file of the sample district that lost most of its rows."""
    header, *rows = (site.sample / "students.csv").read_bytes().splitlines(keepends=True)
    whole = [row for row in rows if WHOLE.match(row)]  # a row without a student deletes nobody
    path = tmp_path / "students.csv"
    path.write_bytes(b"".join([header, *whole[: len(whole) // 3]]))
    return path
