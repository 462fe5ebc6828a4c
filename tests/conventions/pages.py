"""The pages of the documentation, and the fenced blocks in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(
    r'^```(?P<language>[a-z]+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its title ('' for none), its text and where that begins."""

    language: str
    title: str
    text: str
    start: int


def pages() -> list[Path]:
    """Everything that people read, as Markdown."""
    single = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "samples" / "README.md"]
    return [*single, *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    """A page as a test names it."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(found["language"], found["title"] or "", found["text"], found.start("text"))
        for found in _FENCE.finditer(text)
    ]
