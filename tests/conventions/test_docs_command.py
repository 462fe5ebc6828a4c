"""``kinsync docs`` writes the generated parts of pages, and nothing else."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kinsync.cli import kinsync, main
from tests.conventions.pages import DOCS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the pages, one of them behind."""
    shutil.copytree(DOCS, tmp_path / "docs")
    page = tmp_path / "docs" / "rules.md"
    page.write_text(page.read_text("utf-8").replace("### file-empty\n", "### file-void\n"), "utf-8")
    return tmp_path / "docs"


def test_a_page_that_is_behind_is_written_again(folder: Path) -> None:
    main_code = _run("docs", "--out", str(folder))

    assert main_code == 0
    assert (folder / "rules.md").read_bytes() == (DOCS / "rules.md").read_bytes()


def test_check_names_the_page_and_writes_nothing(folder: Path) -> None:
    behind = (folder / "rules.md").read_bytes()
    code = _run("docs", "--out", str(folder), "--check")

    assert code == 2
    assert (folder / "rules.md").read_bytes() == behind


def test_pages_that_are_up_to_date_pass_the_check() -> None:
    assert _run("docs", "--out", str(DOCS), "--check") == 0


def test_a_folder_without_pages_is_refused(tmp_path: Path) -> None:
    assert _run("docs", "--out", str(tmp_path)) == 2


def test_the_command_is_not_shown_to_districts() -> None:
    shown = CliRunner().invoke(kinsync, ["--help"]).output

    assert "check " in shown
    assert "docs " not in shown


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(str(ended.value.code))
