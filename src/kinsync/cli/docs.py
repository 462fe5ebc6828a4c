"""``kinsync docs``: the parts of the documentation that are written from the code."""

import re
from pathlib import Path

import click

from kinsync.cli.output import say
from kinsync.cli.reference import parts
from kinsync.domain.errors import ChangeInput

_PART = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<end><!-- end: (?P=name) -->)",
    re.DOTALL,
)
_OUT_OF_DATE_EXIT_CODE = 2


@click.command(hidden=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FOLDER")
@click.option("--check", "is_check", is_flag=True, help="Write nothing; 2 where a page is behind.")
@click.pass_context
def docs(context: click.Context, out: Path, is_check: bool) -> int:
    """Write the generated parts of the pages in FOLDER again."""
    written = parts(context.find_root().command)
    pages = {page: page.read_text("utf-8") for page in sorted(out.rglob("*.md"))}
    if not any(_PART.search(text) for text in pages.values()):
        raise ChangeInput(f"No page in {out} has a generated part. Name the folder of the docs.")
    behind = {
        page: renewed
        for page, text in pages.items()
        if (renewed := renew(text, written, page=page.name)) != text
    }
    for page, text in behind.items():
        if not is_check:
            page.write_text(text, "utf-8")
        say(f"{page} {'is behind the code' if is_check else 'is written again'}")
    return _OUT_OF_DATE_EXIT_CODE if is_check and behind else 0


def renew(text: str, written: dict[str, str], *, page: str) -> str:
    """A page with each of its generated parts replaced; what people wrote around them stays.

    Raises:
        ChangeInput: the page names a part that nothing writes.
    """

    def part(found: re.Match[str]) -> str:
        if found["name"] not in written:
            raise ChangeInput(
                f"{page}: nothing writes the part {found['name']!r}. "
                f"Known: {', '.join(sorted(written))}."
            )
        return f"{found['begin']}\n{written[found['name']].strip()}\n\n{found['end']}"

    return _PART.sub(part, text)
