"""Settings of a source, as commands are told them."""

from collections.abc import Iterable

import click

from kinsync.domain.errors import ChangeInput

setting_option = click.option(
    "--setting", "settings", multiple=True, metavar="NAME=VALUE", help="As often as needed."
)


def read_settings(settings: Iterable[str]) -> dict[str, str]:
    """Name → value of ``NAME=VALUE``.

    Raises:
        ChangeInput: one is not written so.
    """
    told = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ChangeInput(f"--setting {name} has no value. Write NAME=VALUE.")
        told[name.strip()] = value
    return told
