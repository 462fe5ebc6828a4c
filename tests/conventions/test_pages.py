"""The pages say what the code does: references, examples, links, and a page for everything."""

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest

from kinsync import connectors
from kinsync.cli import kinsync
from kinsync.cli.docs import renew
from kinsync.cli.reference import parts
from kinsync.domain.mapping import Mapping
from kinsync.domain.rules import RULES
from kinsync.domain.settings import PREFIX, Settings
from kinsync.domain.share import OPTIONAL
from kinsync.simulators.families import sample
from tests.conventions.console import as_shown, run_page
from tests.conventions.pages import DOCS, ROOT, blocks, name_of, pages
from tests.conventions.two_nights import outcomes

EVERY_PAGE = pytest.mark.parametrize("page", pages(), ids=name_of)
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]*)(?:#[^)\s]*)?\)")


@EVERY_PAGE
def test_generated_parts_are_what_the_code_says(page: Path) -> None:
    text = page.read_text("utf-8")

    assert renew(text, parts(kinsync), page=page.name) == text, "run: kinsync docs --out docs"


@EVERY_PAGE
def test_what_a_page_shows_of_a_terminal_is_what_is_printed(page: Path) -> None:
    for shown, printed in run_page(page.read_text("utf-8")):
        now = as_shown(shown, printed)

        assert shown.output == now, "run: python -m tests.conventions.console"


@EVERY_PAGE
def test_what_a_page_says_of_two_nights_is_what_becomes_of_them(page: Path) -> None:
    for block, now in outcomes(page.read_text("utf-8")):
        assert block.text == now, block.title


@EVERY_PAGE
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    targets = [link for link in _LINK.findall(page.read_text("utf-8")) if link]

    assert [link for link in targets if not (page.parent / link).exists()] == []


def test_the_pages_build_without_a_warning_and_fetch_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    built = "".join(page.read_text("utf-8") for page in tmp_path.rglob("*.html"))

    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r'<(?:script|link|img)\b[^>]*(?:src|href)="(?:https?:)?//[^"]+"', built) == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    written = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]

    assert [page for page in written if f"- {page}\n" not in navigation] == []


def test_every_rule_has_its_place_on_the_rules_page() -> None:
    page = (DOCS / "rules.md").read_text("utf-8")

    assert [code for code in RULES if f"\n### {code}\n" not in page] == []


def test_every_rule_that_a_page_links_to_is_there() -> None:
    linked = {
        anchor
        for page in DOCS.rglob("*.md")
        for anchor in re.findall(r"rules\.md#([a-z-]+)", page.read_text("utf-8"))
    }

    assert linked - RULES.keys() <= {"the-file-is-refused", "the-row-is-held"}


def test_every_command_has_its_place_on_the_commands_page() -> None:
    page = (DOCS / "commands.md").read_text("utf-8")

    assert [path for path in _commands(kinsync, "kinsync") if f"# {path}\n" not in page] == []


def _commands(command: click.Command, path: str) -> list[str]:
    if not isinstance(command, click.Group):
        return [path]
    below = [
        found
        for name, child in command.commands.items()
        if not child.hidden
        for found in _commands(child, f"{path} {name}")
    ]
    return below if command is kinsync else [path, *below]


def test_every_setting_has_its_line_and_says_what_it_sets() -> None:
    page = (DOCS / "settings.md").read_text("utf-8")
    lines = [rf"\| `{PREFIX}{one.name.upper()}` \|.*\| \S[^|]+ \|\n" for one in fields(Settings)]

    assert [line for line in lines if not re.search(line, page)] == []


@EVERY_PAGE
def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    known = {f"{PREFIX}{field.name.upper()}" for field in fields(Settings)}
    known |= {f"{PREFIX}SOURCE_{name.upper()}" for name in _secrets()} | {f"{PREFIX}SOURCE_"}
    named = re.findall(rf"{PREFIX}[A-Z_]+", page.read_text("utf-8"))

    assert [name for name in named if name not in known] == []


def _secrets() -> set[str]:
    """What sources are told in secret."""
    routes = [connectors.find_connector(name) for name in connectors.CONNECTORS]
    return {one.name for route in routes for one in route.settings if one.is_secret}


def test_every_connector_has_its_page() -> None:
    folder = Path(str(connectors.__file__)).parent
    names = [
        one.name.replace("_", "-") for one in folder.iterdir() if (one / "__init__.py").exists()
    ]

    assert names != []
    assert [name for name in names if not (DOCS / "connectors" / f"{name}.md").exists()] == []


_SAID = ("What is read.", "How codes are mapped.", "How it is changed.")


@pytest.mark.parametrize("page", [p for p in pages() if "## Default mapping of" in p.read_text()])
def test_every_connector_says_what_is_read_how_codes_are_mapped_and_how_to_change_it(
    page: Path,
) -> None:
    counted = {said: page.read_text("utf-8").count(f"\n**{said}**") for said in _SAID}

    assert min(counted.values()) >= 1
    assert len(set(counted.values())) == 1, counted


def test_every_mapping_that_a_page_of_a_connector_shows_is_one() -> None:
    shown = {
        f"{name_of(page)}: {one.title or one.text[:20]}": one.text
        for page in (DOCS / "connectors").glob("*.md")
        for one in blocks(page.read_text("utf-8"))
        if one.language == "toml"
    }

    assert len(shown) > len(connectors.CONNECTORS), "the defaults, and examples"
    for place, text in shown.items():
        assert Mapping.from_toml(text, name=place).columns, place


def test_every_decision_says_its_context_choice_and_cost() -> None:
    decisions = sorted((DOCS / "decisions").glob("0*.md"))
    contents = (DOCS / "decisions" / "index.md").read_text("utf-8")

    assert [page.name for page in decisions if page.name not in contents] == []
    for page in decisions:
        assert re.findall(r"\*\*(\w+)\.\*\*", page.read_text("utf-8")) == [
            "Context",
            "Choice",
            "Cost",
        ], page.name


def test_the_contact_on_the_pages_is_one_of_the_sample() -> None:
    night = sample.file_of(sample.drawn_nights()[0], sample.NIGHTS[0])
    sent = night.filter(pl.col("Contact_sis_id") == "P900001").row(0, named=True)

    for user in _contacts_shown():
        role = user["roles"]["contact"]

        assert user["name"]["last"] == sent["Contact_name"]
        assert user["email"] == sent["Contact_email"]
        assert (role["phone"], role["phone_type"]) == (
            sent["Contact_phone"],
            sent["Contact_phone_type"],
        )


def _contacts_shown() -> list[dict[str, Any]]:
    """The v3 contacts that pages show as JSON."""
    shown = []
    for page in (ROOT / "README.md", DOCS / "api.md"):
        for block in blocks(page.read_text("utf-8")):
            if block.language == "json" and block.title.startswith("/v3"):
                data = json.loads(block.text)["data"]
                shown.append(data if isinstance(data, dict) else data[0]["data"])
    assert len(shown) == 2
    return shown


def test_every_field_that_a_share_can_leave_out_is_on_its_page() -> None:
    page = (DOCS / "sharing.md").read_text("utf-8")

    assert [field for field in OPTIONAL if f"`{field}`" not in page] == []
