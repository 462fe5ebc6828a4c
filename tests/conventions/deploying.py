"""Command lines of Kinsync as they stand in files and pages, and whether it accepts them."""

import re
import shlex
from collections.abc import Iterator

import click

from kinsync.cli import kinsync

_CONTINUED = re.compile(r"\\\n\s*")
_OPERATOR = re.compile(r"[()<>|&;]+")
_RUNNERS = {"sudo", "exec", "timeout", "kinsync"}
"""What may stand before the program's name; in ``sudo -u kinsync kinsync …`` it stands twice."""


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of every ``kinsync …`` command of a shell text, without the program's name."""
    for line in _CONTINUED.sub(" ", text).splitlines():
        if "kinsync" in line:
            for words in _simple_commands(line.removeprefix("$ ")):
                yield from _without_program(words)


def _simple_commands(line: str) -> Iterator[list[str]]:
    """A line of shell, cut where one command ends and another begins."""
    lexer = shlex.shlex(line.replace("…", "X"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if _OPERATOR.fullmatch(word):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def _without_program(words: list[str]) -> Iterator[list[str]]:
    places = [
        place
        for place, word in enumerate(words)
        if word == "kinsync" or word.endswith("/bin/kinsync")
    ]
    for place in reversed(places):
        before = words[:place]
        if all("=" in one or one in _RUNNERS or one.startswith("-") for one in before):
            yield words[place + 1 :]
            return
        if words[place] != "kinsync":  # by its whole path, behind another program's options
            yield words[place + 1 :]
            return


def refusal(words: list[str]) -> str:
    """Why Kinsync would not accept these words; '' where it would. Nothing is run."""
    command: click.Command = kinsync
    context = click.Context(kinsync, info_name="kinsync")
    while isinstance(command, click.Group):
        words = [word for word in words if word not in ("-h", "--help")]
        if not words:
            return f"{context.command_path}: a command is missing"
        found = command.get_command(context, words[0])
        if found is None:
            return f"{context.command_path} has no {words[0]!r}"
        command, words = found, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    try:
        command.make_context(command.name, words, parent=context.parent).close()
    except click.ClickException as error:
        return f"{context.command_path}: {error.format_message()}"
    except click.exceptions.Exit:
        pass  # --help
    return ""
