"""``kinsync connect`` and ``withhold``: what an application may see of a district."""

from typing import TYPE_CHECKING

import click

from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected, tools
from kinsync.domain.errors import ChangeInput

if TYPE_CHECKING:
    from kinsync.services.share import Effect


@click.command()
@click.argument("district")
@click.argument("application", metavar="APP")
@click.option("--schools", metavar="LIST", help="Share the students of these schools.")
@click.option("--grades", metavar="LIST", help="Share the students of these grades.")
@click.option("--types", metavar="LIST", help="Share contacts who are this to a shared student.")
@click.option(
    "--relationships", metavar="LIST", help="The same by relationship; 'blank' stands for none."
)
@click.option("--flags", metavar="LIST", help="Share contacts with one of these flags.")
@click.option(
    "--restricted/--no-restricted", default=None, help="Share restricted people too; or do not."
)
@click.option("--fields", metavar="LIST", help="Serve these fields; names and ids always are.")
@click.option("--everything", is_flag=True, help="Take every earlier limit away first.")
@click.option("--preview", is_flag=True, help="Show what APP would receive, and change nothing.")
@json_option
def connect(
    district: str,
    application: str,
    everything: bool,
    preview: bool,
    restricted: bool | None,
    as_json: bool,
    **limits: str | None,
) -> None:
    """Let APP read the contacts of DISTRICT, or change what it may read.

    Without a limit everything is shared but restricted people. A LIST has commas between its
    words; an option changes the limit that it names, the others stay, and the word 'all' takes one
    limit away. Contacts follow the shared students. APP is told what that changes as events.
    """
    settings = connected()
    from kinsync.services import share
    from kinsync.store import access, records

    found, reader = records.find_district(district), access.find_application(application)
    words = {name: _words(text) for name, text in limits.items()}
    asked = share.Limits(**words, restricted=restricted)
    run = share.preview if preview else share.connect
    effect = run(found, reader, asked, tools(settings), everything=everything)
    if as_json:
        names = {"district": found.public_id, "application": reader.public_id}
        say_json({**effect.as_json(), **names, "preview": preview})
    else:
        show_effect(effect)
        say(
            f"A preview: {reader.name} sees what it saw."
            if preview
            else f"{reader.name} may read that of {found.name}. Next: 'kinsync token'."
        )


@click.command()
@click.argument("district")
@click.argument("contact")
@click.option("--release", is_flag=True, help="Share the person again.")
@json_option
def withhold(district: str, contact: str, release: bool, as_json: bool) -> None:
    """Stop sharing CONTACT (an id) of DISTRICT with every application, at once."""
    settings = connected()
    from kinsync.services import share
    from kinsync.store import records

    found = records.find_district(district)
    changed = share.withhold(found, contact.lower(), tools(settings), is_withheld=not release)
    if as_json:
        say_json({"connections": changed, "contact": contact.lower(), "withheld": not release})
    else:
        done = "is shared again with" if release else "is withheld from"
        say(f"The contact {done} {changed} {'connection' if changed == 1 else 'connections'}.")


def show_effect(effect: "Effect") -> None:
    """What an application receives of each kind, and what it is told of the change."""
    rows = [
        (kind, f"{number:,}", f"{effect.received[kind]:,}", *effect.events[kind].values())
        for kind, number in effect.receives.items()
    ]
    show_table(("kind", "receives", "received", "created", "updated", "deleted"), rows)
    if effect.share.left_out:
        say(f"Left out: {', '.join(sorted(effect.share.left_out))}.")
    if effect.without_contacts:
        say(f"Warning: this removes every contact of {effect.without_contacts:,} students.")
    if effect.restricted:
        say(f"Restricted, and kept from it: {effect.restricted:,} relationships.")
    if effect.share.withheld:
        say(f"Withheld: {len(effect.share.withheld):,} contacts.")


def _words(text: str | None) -> list[str] | None:
    """The words of a list; none for 'all', which takes a limit away.

    Raises:
        ChangeInput: the list is blank: shared with nobody is said otherwise.
    """
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ChangeInput("A list of a share is blank. Name what is shared, or 'all'.")
    return [] if [word.casefold() for word in words] == ["all"] else words
