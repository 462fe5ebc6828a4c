"""The generated parts of the connectors' pages: what each carries, is told, and maps by default."""

from dataclasses import fields

from kinsync.cli.tables import table
from kinsync.connectors import CONNECTORS, find_connector
from kinsync.connectors.connector import Carries, Route, default_mapping

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
    told = [
        (f"`{one.name}`" + (" (secret)" if one.is_secret else ""), one.words, _first(one.default))
        for one in route.settings
    ]
    return "\n\n".join(
        [
            f"## What `{route.name}` carries",
            table(("", "of a contact"), [*carried, *lost]),
            f"## Settings of `{route.name}`",
            table(("setting", "", "first value"), told),
            f"## Default mapping of `{route.name}`",
            f"```toml\n{default_mapping(route).strip()}\n```",
        ]
    )


def _first(default: str | None) -> str:
    if default is None:
        return "has to be told"
    return f"`{default}`" if default else ""
