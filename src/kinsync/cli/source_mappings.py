"""``kinsync source mapping`` and ``kinsync source words``: what a source's columns mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected
from kinsync.cli.sources import source
from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.domain.settings import Settings

if TYPE_CHECKING:
    from kinsync.services.mapping_outcome import Trial
    from kinsync.services.mapping_trials import Tried
    from kinsync.store.sources import MappingVersion, Source

__all__ = ["source"]

_district_argument = click.argument("district")
_source_argument = click.argument("name", metavar="SOURCE")
_file_type = click.Path(path_type=Path)
_file_option = click.option("--file", type=_file_type, help="The mapping, as TOML.")
_data_option = click.option(
    "--data", type=_file_type, help="Try it on this file, not on the newest one of the source."
)
_HINT = (
    "# What differs from the default of the connector, which is shown by\n"
    "# 'kinsync source mapping show --default'. See the page 'Mapping'.\n\n"
)


@source.group()
def mapping() -> None:
    """Show, try and change which column of a source feeds which field."""


@mapping.command("show")
@_district_argument
@_source_argument
@click.option("--default", "is_default", is_flag=True, help="That of the connector alone.")
@json_option
def mapping_show(district: str, name: str, is_default: bool, as_json: bool) -> None:
    """The mapping of SOURCE: what DISTRICT wrote, and the default of the connector under it."""
    found, _ = _find(district, name)
    from kinsync.services import mappings

    shown = mappings.shown(found)
    own = None if is_default else shown.own
    if as_json:
        say_json(
            {
                "version": shown.own.version if shown.own else 0,
                "own": shown.own.toml if shown.own else "",
                "default": shown.default,
            }
        )
        return
    if own is not None and own.toml.strip():
        say(f"# Version {own.version}, by {own.saved_by}, {own.saved_at:%Y-%m-%d %H:%M} UTC.")
        say(own.toml.rstrip())
        say(f"\n# Under it the default of {found.connector}:")
    say(shown.default.rstrip())


@mapping.command("edit")
@_district_argument
@_source_argument
@_file_option
@json_option
def mapping_edit(district: str, name: str, file: Path | None, as_json: bool) -> None:
    """Use another mapping for SOURCE from its next sync on: of a file, or from your editor.

    What it says is laid over the default of the connector, so it need only say what differs.
    Every version is kept.
    """
    found, _ = _find(district, name)
    from kinsync.services import mappings

    toml = _read(file) if file else _edited(found)
    saved = mappings.save(
        found, toml, name=file.name if file else "the mapping", at=bootstrap.now(), by=_who()
    )
    _say_saved(found, saved, as_json=as_json)


@mapping.command("test")
@_district_argument
@_source_argument
@_file_option
@_data_option
@json_option
def mapping_test(
    district: str, name: str, file: Path | None, data: Path | None, as_json: bool
) -> None:
    """What another mapping would make of the newest data of SOURCE. Nothing is saved.

    Contacts that would be new, gone or changed, findings that would come or go, and words that
    nothing would map. Without --file it is the mapping that is in use.
    """
    found, settings = _find(district, name)
    from kinsync.services import mapping_trials, mappings

    toml = _read(file) if file else _in_use(found)
    tried_name = file.name if file else "the mapping in use"
    with _data(settings, district, found, data) as trial:
        told = mappings.read_own(found, toml, name=tried_name)
        tried = mapping_trials.try_out(trial, told)
    words = tried.words
    if as_json:
        listed = [{"list": one.list, "word": one.word, "count": one.count} for one in words]
        say_json({**tried.as_json(), "words": listed})
        return
    _show_tried(tried)
    if words:
        say(f"\n{len(words)} words are in no list: kinsync source words {district!r} {name!r}")


@mapping.command("history")
@_district_argument
@_source_argument
@json_option
def mapping_history(district: str, name: str, as_json: bool) -> None:
    """Every mapping that DISTRICT has given SOURCE, newest first. Version 0 is the default."""
    found, _ = _find(district, name)
    from kinsync.services import mappings

    versions = mappings.history(found)
    if as_json:
        say_json(
            {
                "versions": [
                    {
                        "version": one.version,
                        "saved_at": one.saved_at,
                        "saved_by": one.saved_by,
                        "toml": one.toml,
                    }
                    for one in versions
                ]
            }
        )
        return
    show_table(
        ("version", "saved at", "by", "lines"),
        [
            (
                one.version,
                f"{one.saved_at:%Y-%m-%d %H:%M} UTC",
                one.saved_by,
                len(one.toml.splitlines()),
            )
            for one in versions
        ],
    )


@mapping.command("revert")
@_district_argument
@_source_argument
@click.argument("version", type=click.IntRange(0))
@json_option
def mapping_revert(district: str, name: str, version: int, as_json: bool) -> None:
    """Use an earlier VERSION of the mapping of SOURCE again, as a new one; 0 is the default."""
    found, _ = _find(district, name)
    from kinsync.services import mappings

    saved = mappings.revert(found, version, at=bootstrap.now(), by=_who())
    _say_saved(found, saved, as_json=as_json)


@source.command("words")
@_district_argument
@_source_argument
@_data_option
@click.option("--toml", "is_toml", is_flag=True, help="As lines of a mapping, to be filled in.")
@json_option
def source_words(district: str, name: str, data: Path | None, is_toml: bool, as_json: bool) -> None:
    """Words of SOURCE that nothing maps, the most frequent first, to be mapped in one go."""
    found, settings = _find(district, name)
    from kinsync.services import mapping_trials, mappings

    with _data(settings, district, found, data) as trial:
        words = mapping_trials.unmapped(trial)
    if as_json:
        say_json({"words": [{"list": w.list, "word": w.word, "count": w.count} for w in words]})
    elif is_toml:
        say(mappings.as_toml(words))
    elif not words:
        say(f"Every word of {found.name} is known.")
    else:
        show_table(("list", "word", "rows"), [(one.list, one.word, one.count) for one in words])


# -- what they share -----------------------------------------------------------------------------


def _find(district: str, name: str) -> "tuple[Source, Settings]":
    settings = connected()
    from kinsync.store import records, sources

    return sources.find_source(records.find_district(district).id, name), settings


@contextmanager
def _data(
    settings: Settings, district: str, found: "Source", data: Path | None
) -> "Iterator[Trial]":
    """The file that was named, or the newest data of the source; and a students.csv beside it."""
    from kinsync.services.mapping_data import outcomes_of
    from kinsync.services.mapping_outcome import Trial
    from kinsync.store import records

    arrivals, known = bootstrap.arrivals(settings), records.find_district(district)
    kept = outcomes_of(known, found, bootstrap.storage(settings))
    if data is not None:
        with arrivals.beside(known, found) as beside:
            yield Trial(found, data, beside, kept)
        return
    with arrivals.last_of(known, found) as arrived:
        if arrived is None:
            raise NotFound(
                f"Nothing has come of source {found.name!r} yet. Name a file with --data."
            )
        yield Trial(found, arrived.students, arrived.beside, kept)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ChangeInput(f"{file} cannot be read as UTF-8 text. Save the mapping so.") from error


def _in_use(found: "Source") -> str:
    from kinsync.services import mappings

    own = mappings.shown(found).own
    return own.toml if own else ""


def _edited(found: "Source") -> str:
    before = _in_use(found) or _HINT
    after = click.edit(before, extension=".toml")
    if after is None or after == before:
        raise ChangeInput("Nothing was changed in the editor, so nothing was saved.")
    return after


def _who() -> str:
    return "the command line"


def _say_saved(found: "Source", saved: "MappingVersion", *, as_json: bool) -> None:
    if as_json:
        say_json({"source": found.name, "version": saved.version})
    else:
        say(f"{found.name} is read by version {saved.version} of its mapping from now on.")


def _show_tried(tried: "Tried") -> None:
    before, after = tried.before, tried.after
    for name in ("rows", "published", "held", "collapsed", "excluded", "students", "contacts"):
        was, now = getattr(before, name), getattr(after, name)
        say(f"{name:10} {now:>9,}" + (f"   (now {was:,})" if was != now else ""))
    say(
        f"\nContacts of students: {tried.contacts['new']:,} new, {tried.contacts['gone']:,} gone, "
        f"{tried.contacts['changed']:,} changed"
    )
    for words, counts in (("gained", tried.gained), ("lost", tried.lost)):
        for code, count in counts.items():
            say(f"finding {words:6} {count:>9,}  {code}")
