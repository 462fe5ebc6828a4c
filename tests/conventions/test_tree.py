"""The repository itself: what may stand in it, how large files are, what the locks hold."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.conventions.pages import DOCS, ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
LONGEST_FILE = 400
TOO_LONG: tuple[str, ...] = ()
"""Modules that are longer all the same, with a reason beside each."""

UNWELCOME = {
    "a path of somebody's machine": r"(?<![\w.])/(?:work|tmp|home|Users|mnt)/[a-z]",
    "a package index": r"pypi\.org|pythonhosted|index-url|find-links (?!\\)",
    "unfinished work": r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b",
}
WELCOME = {
    "a package index": {"Makefile", "requirements.lock", "requirements-dev.lock"},
    "unfinished work": {"src/kinsync/domain/vocabulary.toml"},
}
"""Where a pattern stands for something else: options of ``make lock``, a name that is none."""


@cache
def tracked() -> dict[str, str]:
    """Every text file of the repository that git knows or would take, with its text."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    files = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    texts = {name: (ROOT / name).read_text("utf-8", errors="ignore") for name in files}
    return {name: text for name, text in texts.items() if "\0" not in text}


@pytest.mark.parametrize("what", UNWELCOME)
def test_the_repository_is_free_of(what: str) -> None:
    pattern = re.compile(UNWELCOME[what])
    own = Path(__file__).relative_to(ROOT).as_posix()
    left_out = {own, "LICENSE", *WELCOME.get(what, ())}
    found = [
        f"{name}: {hit[0]}"
        for name, text in tracked().items()
        if name not in left_out
        and not name.startswith("samples/")
        and (hit := pattern.search(text))
    ]

    assert found == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_by_hash_and_names_no_address(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    requirements = re.sub(r"\\\n", "", text).strip().splitlines()
    pinned = re.compile(
        r"^[\w.-]+(?:\[[\w,-]+\])?==\S+(?: ; [^-]+?)?(?:\s+--hash=sha256:[0-9a-f]{64})+$"
    )

    assert "http" not in text.replace("httpcore", "").replace("httpx", "")
    assert [line[:60] for line in requirements if not pinned.match(line)] == []


def test_the_lock_to_develop_holds_the_lock_to_run() -> None:
    run, develop = (
        set(re.findall(r"^([\w.-]+==[^\s;\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in LOCKS
    )

    assert run - develop == set()


def test_every_package_that_the_code_imports_is_a_dependency() -> None:
    named = {_normal(name) for name in _dependencies("")}
    installed = packages_distributions()
    imported = {
        _normal(distribution)
        for name in _imported()
        if name not in sys.stdlib_module_names and name != "kinsync"
        for distribution in installed.get(name, [name])
    }

    assert imported - named == set()


def test_every_dependency_says_what_it_earns() -> None:
    page = (DOCS / "dependencies.md").read_text("utf-8")
    told = set(re.findall(r"^\| `([\w-]+)` \| \S", page, re.MULTILINE))

    assert told == {_normal(name) for name in (*_dependencies(""), *_dependencies("dev"))}


def _dependencies(extra: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    listed = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [re.split(r"[\[<>=~! ;]", one)[0] for one in listed]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported() -> set[str]:
    """The first part of everything that the package imports from elsewhere."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


def test_no_module_is_longer_than_two_ideas() -> None:
    lengths = {
        name: text.count("\n")
        for name, text in tracked().items()
        if name.endswith(".py") and "/migrations/" not in name
    }

    assert [name for name in lengths if lengths[name] > LONGEST_FILE and name not in TOO_LONG] == []


def test_no_module_has_a_name_that_could_hold_anything() -> None:
    vague = re.compile(r"(?:^|/|_)(?:utils?|helpers?|common|managers?|misc)(?:_|\.py$|/)")

    assert [name for name in tracked() if name.endswith(".py") and vague.search(name)] == []


def test_the_licence_is_the_one_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text("utf-8")
