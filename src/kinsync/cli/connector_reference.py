"""The generated parts of the connectors' pages: what each carries, is told, and maps by default."""

from dataclasses import fields

import polars as pl

from kinsync.cli.tables import table
from kinsync.connectors import CONNECTORS, find_connector
from kinsync.connectors.connector import Carries, Connector, Given, Route, default_mapping
from kinsync.domain.mapping import Mapping

_NAMES = {"sis_id": "SIS id", "email": "e-mail"}


def connector_parts() -> dict[str, str]:
    """Every connector's part by its name, as Markdown."""
    return {f"connector-{name}": _connector(find_connector(name)) for name in CONNECTORS}


def _connector(route: Route) -> str:
    carried = [
        (_NAMES.get(one.name, one.name), getattr(route.carries, one.name))
        for one in fields(Carries)
        if one.name != "lost"
    ]
    lost = [("what is lost", "; ".join(route.carries.lost))] if route.carries.lost else []
    left = [("left to a mapping", _left(route))]
    told = [
        (f"`{one.name}`" + (" (secret)" if one.is_secret else ""), one.words, _first(one.default))
        for one in route.settings
    ]
    return "\n\n".join(
        [
            f"## What `{route.name}` carries",
            table(("", "of a contact"), [*carried, *lost, *left]),
            f"## Settings of `{route.name}`",
            table(("setting", "", "first value"), told),
            f"## Default mapping of `{route.name}`",
            f"```toml\n{default_mapping(route).strip()}\n```",
        ]
    )


def _left(route: Route) -> str:
    if not isinstance(route, Connector):
        return "every other column of the file"
    return ", ".join(f"`{one}`" for one in _unfed(route))


def _unfed(route: Connector) -> list[str]:
    """Columns that come with every pull, and that the default mapping does not name."""
    named = Mapping.from_toml(default_mapping(route), name=route.name).columns
    given = Given({one.name: one.default or "" for one in route.settings}, named)
    frames = {}
    for one in route.tables_of(given):
        columns = dict.fromkeys([route.key, *one.columns] if one.via else one.columns)
        frames[one.name] = pl.LazyFrame(schema=dict.fromkeys(columns, pl.String))
    return [name for name in route.join(frames).collect_schema() if name not in named]


def _first(default: str | None) -> str:
    if default is None:
        return "has to be told"
    return f"`{default}`" if default else ""
