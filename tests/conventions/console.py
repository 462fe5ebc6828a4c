"""What the pages show of a terminal, run again.

A ``console`` block holds ``$ kinsync …`` lines with what they print. Commands that need no database
are run, in a folder that holds the samples and every block of the page that has a file's name as
its title. A line ``…`` stands for any lines.

``python -m tests.conventions.console`` writes what is printed now into the pages.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.conventions.pages import ROOT, Block, blocks, pages
from tests.conventions.two_nights import outcomes

OFFLINE = ("check", "generate", "--help", "--version")
LEFT_OUT = "…"
_COMMAND = re.compile(r"^\$ (?P<command>.+)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A command on a page, and what the page says it prints."""

    command: str
    output: str

    @property
    def is_offline(self) -> bool:
        words = shlex.split(self.command)
        return words[0] == "kinsync" and words[1] in OFFLINE


def shown_in(block: Block) -> list[Shown]:
    """The commands of a block."""
    return [Shown(found["command"], found["output"]) for found in _COMMAND.finditer(block.text)]


def run_page(text: str) -> list[tuple[Shown, str]]:
    """Every offline command of a page, with what it prints now."""
    found = blocks(text)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "samples").symlink_to(ROOT / "samples")
        for block in found:
            if block.title and "." in block.title:
                path = folder / block.title
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, "utf-8")
        commands = [
            shown
            for block in found
            if block.language == "console"
            for shown in shown_in(block)
            if shown.is_offline
        ]
        return [(shown, _printed(shown, folder)) for shown in commands]


def _printed(shown: Shown, folder: Path) -> str:
    program = f"{shlex.quote(sys.executable)} -m kinsync"
    done = subprocess.run(
        re.sub(r"^kinsync\b", program, shown.command),
        shell=True,
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def as_shown(shown: Shown, printed: str) -> str:
    """What is printed now, with lines left out where the page leaves some out."""
    lines = shown.output.splitlines()
    if LEFT_OUT not in lines:
        return printed + "\n" * (_blank_end(shown.output) and not printed.endswith("\n\n"))
    place = lines.index(LEFT_OUT)
    now = printed.splitlines()
    behind = len(lines) - place - 1
    kept = [*now[:place], LEFT_OUT, *now[len(now) - behind :]]
    return "".join(f"{line}\n" for line in kept)


def _blank_end(output: str) -> bool:
    """Whether a blank line parts this command from the next one on the page."""
    return output.endswith("\n\n")


def main() -> None:
    """Write what the commands print now into the pages."""
    for page in pages():
        text = renewed = page.read_text("utf-8")
        for shown, printed in run_page(text):
            before = f"$ {shown.command}\n{shown.output}"
            renewed = renewed.replace(before, f"$ {shown.command}\n{as_shown(shown, printed)}")
        for block, now in outcomes(text):
            fence = f'```text title="{block.title}"\n'
            renewed = renewed.replace(f"{fence}{block.text}```", f"{fence}{now}```")
        if renewed != text:
            page.write_text(renewed, "utf-8")
            print(f"{page.relative_to(ROOT)} is written again")


if __name__ == "__main__":
    main()
