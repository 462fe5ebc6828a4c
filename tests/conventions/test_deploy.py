"""What is given to operators is what Kinsync accepts: units, the container, commands of pages."""

import ast
import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kinsync.bootstrap import read_settings
from kinsync.domain.rules import RULES
from kinsync.domain.settings import PREFIX, Settings
from tests.conventions.deploying import commands_in, refusal
from tests.conventions.pages import DOCS, ROOT, blocks, name_of

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PAGES = [DOCS / "operations.md", DOCS / "sftp.md", *sorted((DOCS / "operations").glob("*.md"))]
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
    "User": "kinsync",
}


class _AsWritten(configparser.ConfigParser):
    """Keeps names as they are written."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(path: Path) -> configparser.SectionProxy:
    """The service part of a unit, its names as they are written."""
    parser = _AsWritten(interpolation=None)
    parser.read(path, "utf-8")
    return parser["Service"]


def test_every_role_has_a_unit() -> None:
    assert [path.name for path in UNITS] == [
        f"kinsync-{role}.service" for role in ("sftp", "web", "worker")
    ]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_its_role_closed_in_and_waits_for_it_to_end(path: Path) -> None:
    service = unit(path)
    (words,) = commands_in(service["ExecStart"])

    assert words == ["serve", "--only", path.stem.removeprefix("kinsync-")]
    assert refusal(words) == ""
    assert {name: service[name] for name in HARDENED} == HARDENED
    if "worker" in path.stem:
        assert int(service["TimeoutStopSec"]) > Settings().stop_seconds


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_understands_every_line_of_a_unit(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_text(path.read_text("utf-8").replace("/opt/kinsync/bin/kinsync", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )

    assert [line for line in done.stderr.splitlines() if path.name in line] == []


def test_the_example_of_an_environment_holds_settings_alone() -> None:
    lines = (DEPLOY / "environment.example").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}

    assert set(given) - known == set()
    assert read_settings(given).address("sftp") == ("0.0.0.0", 2022)


def test_the_container_runs_a_command_that_exists_as_nobody_special() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    command = re.findall(r"^CMD (.+)$", text, re.MULTILINE)[-1]

    assert refusal(json.loads(command)[1:]) == ""
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE)[-1] == "10001"
    assert "--require-hashes -r requirements.lock" in text
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert [one for one in copied.split() if not (ROOT / one).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_an_operators_page_is_one_that_kinsync_accepts(page: Path) -> None:
    text = page.read_text("utf-8").partition("\n## Not yet there\n")[0]
    shell = "\n".join(block.text for block in blocks(text) if block.language in ("sh", "console"))
    named = re.findall(r"`(kinsync [a-z][^`…\[]*)`", text)

    assert [why for words in commands_in(shell) if (why := refusal(words))] == []
    for command in named:  # a sentence may leave out what it is given, or say it in capitals
        for words in commands_in(re.sub(r"\b[A-Z]{3,}\b", "1", command)):
            assert re.sub(r".*(Missing|requires an argument).*", "", refusal(words)) == "", command


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    assert refusal(["district", "rename", "A"]) != ""
    assert refusal(["jobs", "list", "--sate", "failed"]) != ""
    assert list(commands_in("A=1 kinsync jobs list | head && sudo -u kinsync kinsync migrate")) == [
        ["jobs", "list"],
        ["migrate"],
    ]


RUNBOOK = (DOCS / "operations" / "runbook.md").read_text("utf-8")


def test_every_finding_and_metric_of_the_runbook_exists() -> None:
    web = (ROOT / "src" / "kinsync" / "web" / "health.py").read_text("utf-8")
    codes = set(re.findall(r"finding\s`([a-z-]+)`", RUNBOOK))
    metrics = set(re.findall(r"`(kinsync_[a-z_]+)`", RUNBOOK))

    assert codes
    assert codes - RULES.keys() == set()
    assert [name for name in metrics if f'"{name.removesuffix("_total")}"' not in web] == []


def test_every_message_of_the_runbook_is_one_that_the_code_says() -> None:
    quoted = re.findall(r"^> (.+)$", RUNBOOK, re.MULTILINE)
    said = _said()

    assert len(quoted) >= 10
    for message in quoted:
        parts = [part for part in re.split(r"\s*…\s*", message.strip()) if len(part) > 3]
        assert [one for one in said if all(part in one for part in parts)], message


def _said() -> list[str]:
    """Every text of the code, with … for what is filled in."""
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values
                ]
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"%\w", "…", node.value))
    return found
