"""The reference, in Markdown, from what the code itself knows: rules, words, commands, settings."""

import ast
import inspect
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import pairwise
from typing import Any

import click

from kinsync.cli.connector_reference import connector_parts
from kinsync.cli.tables import table
from kinsync.connectors.students_file import custom_contacts_mapping, students_mapping
from kinsync.domain.guarding import GuardThresholds
from kinsync.domain.mapping import Feed
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.domain.rules import RULES, Consequence, Rule
from kinsync.domain.settings import PREFIX, Settings
from kinsync.domain.vocabulary import WORD_LISTS, vocabulary_text

_MEANWHILE = {
    Consequence.FILE_REFUSED: "The file is refused",
    Consequence.ROW_HELD: "The row is held",
    Consequence.VALUE_LEFT_OUT: "The value is left out",
    Consequence.PUBLISHED: "Published all the same",
    Consequence.ROW_COLLAPSED: "The row is counted once",
}
"""Headings of the rules page, in its order."""

_REQUIRED = {"required": "yes", "for contacts": "where there are contact columns", "": ""}


def parts(program: click.Command) -> dict[str, str]:
    """Every generated part by its name, as Markdown; ``program`` is the whole command."""
    return {
        "rules": _rules(),
        "words": _words(),
        "placeholders": _placeholders(),
        "nicknames": _nicknames(),
        "commands": _commands(program),
        "settings": _settings(),
        "guard": _guard(),
        "columns": _columns(students_mapping()),
        "contact-columns": _columns(custom_contacts_mapping()),
        "addresses": _addresses(),
        **connector_parts(),
    }


def _addresses() -> str:
    """Every address of the API that holds something, and the versions that have it."""
    from kinsync.web.api.tables import TABLES  # what the web door needs is not loaded before

    says: dict[str, str] = {}
    versions: dict[str, list[str]] = {}
    for version, endpoints in TABLES.items():
        for one in endpoints:
            if one.is_held:
                says[one.path] = one.says
                versions.setdefault(one.path, []).append(version)
    rows = [(f"`{path}`", ", ".join(versions[path]), says[path]) for path in sorted(says)]
    return table(("address, below the version", "versions", "answers"), rows)


def _rules() -> str:
    sections = []
    for consequence, heading in _MEANWHILE.items():
        found = [rule for rule in RULES.values() if rule.consequence is consequence]
        sections += [f"## {heading}", *map(_rule, found)]
    return "\n\n".join(sections)


def _rule(rule: Rule) -> str:
    return (
        f"### {rule.code}\n\n**{rule.title}** ({rule.severity}, since {rule.since}). {rule.advice}"
    )


def _words() -> str:
    data = _vocabulary()
    return "\n\n".join(
        f"## {name.replace('_', ' ').capitalize()}\n\n"
        + table(
            ("our word", "and what else is understood"),
            ((ours, ", ".join(theirs)) for ours, theirs in data[name].items()),
        )
        for name in WORD_LISTS
    )


def _placeholders() -> str:
    data = _vocabulary()
    told = {
        "Names": data["placeholder"]["names"],
        "Phones": [*data["placeholder"]["phones"], "one digit ten or eleven times"],
        "Addresses": data["placeholder"]["emails"],
        "Mailboxes, at any host": data["placeholder"]["mailboxes"],
        "Hosts that are mistyped": [
            f"{typed} (for {meant})" for typed, meant in data["typo_domains"].items()
        ],
    }
    return table(("", "what is known"), ((name, ", ".join(known)) for name, known in told.items()))


def _nicknames() -> str:
    names = _vocabulary()["nicknames"].items()
    return table(("name", "also called"), ((name, ", ".join(known)) for name, known in names))


def _commands(program: click.Command) -> str:
    return "\n\n".join(_command(program, click.Context(program, info_name="kinsync"), level=2))


def _command(command: click.Command, context: click.Context, *, level: int) -> Iterator[str]:
    """The sections of a command and of those below it; the whole program has none of its own."""
    if context.parent is not None:
        yield f"{'#' * level} {context.command_path}"
        yield inspect.cleandoc(command.help or "")
        yield "\n".join(("```text", _usage(command, context), "```"))
        yield _options(command, context)
    if isinstance(command, click.Group):
        below = level if context.parent is None else level + 1
        for name in command.list_commands(context):
            child = command.commands[name]
            if not child.hidden:
                inside = click.Context(child, info_name=name, parent=context)
                yield from _command(child, inside, level=below)


def _usage(command: click.Command, context: click.Context) -> str:
    return " ".join((context.command_path, *command.collect_usage_pieces(context)))


def _options(command: click.Command, context: click.Context) -> str:
    shown = [
        record
        for parameter in command.get_params(context)
        if "--help" not in parameter.opts and (record := parameter.get_help_record(context))
    ]
    return table(("option", ""), ((f"`{name}`", text) for name, text in shown)) if shown else ""


def _settings() -> str:
    told = attribute_docstrings(Settings)
    return table(
        ("environment", "in `kinsync.toml`", "first value", "what it sets"),
        (
            (
                f"`{PREFIX}{one.name.upper()}`",
                f"`{one.name}`",
                f"`{one.default}`" if str(one.default) else "",
                told[one.name],
            )
            for one in fields(Settings)
        ),
    )


def _guard() -> str:
    """Thresholds of both profiles, as a district admin reads them."""
    usual, school = GuardThresholds(), GuardThresholds.back_to_school()
    told = attribute_docstrings(GuardThresholds)
    return table(
        ("threshold", "usual", "back-to-school", ""),
        (
            (
                f"`{one.name}`",
                _share(getattr(usual, one.name)),
                _share(getattr(school, one.name)),
                told.get(one.name, ""),
            )
            for one in fields(GuardThresholds)
        ),
    )


def _share(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.0%}".replace("%", " %")


def _columns(mapping: SourceMapping) -> str:
    return table(
        ("column", "required", "field"),
        (
            (", ".join(f"`{column}`" for column in feed.columns), _required(feed), f"`{field}`")
            for field, feed in mapping.feeds.items()
        ),
    )


def _required(feed: Feed) -> str:
    return _REQUIRED["required" if feed.required == "required" else feed.required]


def attribute_docstrings(described: type[Any]) -> Mapping[str, str]:
    """The text that stands under each attribute of a class, on one line."""
    body = ast.parse(textwrap.dedent(inspect.getsource(described))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    return {
        one.target.id: " ".join(str(text.value.value).split())
        for one, text in pairwise(statements)
        if isinstance(one, ast.AnnAssign)
        and isinstance(one.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def _vocabulary() -> dict[str, Any]:
    """The data file, in its own order and spelling."""
    return tomllib.loads(vocabulary_text())
