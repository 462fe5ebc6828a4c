"""Sources: a district's use of a connector, looked at before anything is synced of it."""

import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from kinsync.connectors import find_connector
from kinsync.connectors.connector import Connector, Given, Installs, Route, Setting
from kinsync.connectors.extract import Extract, Package, dialect_of
from kinsync.domain.errors import ChangeInput
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.pipeline.map import Columns
from kinsync.services import intake
from kinsync.services.delivery import Delivery, delivery_of
from kinsync.services.extracts import mapping_over, open_extract, settings_of
from kinsync.services.schedules import PULL, remove_schedule, set_schedule
from kinsync.services.source_files import look_at_files
from kinsync.services.standing import name_of
from kinsync.store import records, sources
from kinsync.store.sealing import Sealer
from kinsync.store.sources import Source
from kinsync.transport.delimited import open_delimited
from kinsync.transport.http import Http, Limits

JITTER_SECONDS = 900
"""A thousand districts with the same default times do not come at once."""
_NAME = re.compile(r"[^\s:/\x00-\x1f](?:[^:/\x00-\x1f]{0,58}[^\s:/\x00-\x1f])?")


@dataclass(frozen=True, slots=True)
class Reach:
    """What it takes to ask a source: how its secrets open, and how it is asked."""

    sealer: Sealer
    now: Callable[[], datetime]
    trust: ssl.SSLContext | None = None
    """Authorities in place of the system's, for a SIS with a certificate of its own."""
    limits: Callable[[Limits], Limits] = field(default=lambda limits: limits)
    """What is made of a connector's limits."""


def add_source(
    district: records.District,
    name: str,
    connector: str,
    values: Mapping[str, str],
    reach: Reach,
) -> Source:
    """A new source of a district, pulled from now on at the times of its connector.

    ``values`` are its settings and secrets together; which of them are sealed is the connector's
    to say.

    Raises:
        ChangeInput: the name is taken, or a setting is missing or unknown.
    """
    route = find_connector(connector)
    if not _NAME.fullmatch(name):
        raise ChangeInput("A source needs a name of at most 60 characters, without ':' and '/'.")
    _check(route, values)
    if isinstance(route, Extract) and not isinstance(route, Package):
        dialect_of(settings_of(route, values))
    secret = {one.name for one in route.settings if one.is_secret}
    added = sources.add_source(
        district.id,
        name,
        connector,
        {key: value for key, value in values.items() if key not in secret},
        {key: value for key, value in values.items() if key in secret},
        reach.sealer,
        at=reach.now(),
    )
    if isinstance(route, Connector) or (isinstance(route, Extract) and values.get("folder")):
        set_schedule(
            district,
            f"{PULL}:{added.name}",
            route.cadence,
            at=reach.now(),
            jitter_seconds=JITTER_SECONDS,
        )
    return added


def _check(route: Route, values: Mapping[str, str]) -> None:
    """Name everything that is wrong with the settings of a new source at once."""
    known = {one.name: one for one in route.settings}
    faults = [f"{name!r} is not a setting" for name in values if name not in known]
    faults += [
        f"{one.name} is missing ({one.words})"
        for one in route.settings
        if one.default is None and not values.get(one.name)
    ]
    faults += [f"{name} has a sign that is none" for name in values if "\0" in values[name]]
    if faults:
        raise ChangeInput(
            f"Connector {route.name}: {'; '.join(faults)}. Settings: {', '.join(known)}."
        )


def renew_credentials(source: Source, secrets: Mapping[str, str], reach: Reach) -> None:
    """Seal new secrets in place of a source's own.

    Raises:
        ChangeInput: one of them is none of its connector's, or missing.
    """
    route = find_connector(source.connector)
    _check(route, {**source.settings, **secrets})
    sources.replace_credentials(source, secrets, reach.sealer)


def change_source(source: Source, values: Mapping[str, str], reach: Reach) -> None:
    """Other settings, and other secrets where any are given. Its name and its times stay.

    Settings that name something of this machine stay too.

    Raises:
        ChangeInput: a setting is missing, unknown, or cannot be so; nothing is changed.
    """
    route = find_connector(source.connector)
    local = {one.name for one in route.settings if one.is_local}
    secret = {one.name for one in route.settings if one.is_secret}
    told = {name: value for name, value in source.settings.items() if name in local}
    told |= {name: value for name, value in values.items() if name not in secret}
    secrets = {name: values[name] for name in secret if values.get(name)}
    known = {**sources.credentials(source, reach.sealer), **secrets}
    _check(route, {**told, **known})
    if isinstance(route, Extract):
        dialect_of(settings_of(route, told))
    sources.replace_settings(source, told)
    if secrets:
        sources.replace_credentials(source, known, reach.sealer)


def secrets_of(connector: str) -> Sequence[Setting]:
    """The settings of a connector that are asked for where nobody looks on.

    Raises:
        NotFound: there is no such connector.
    """
    return [one for one in find_connector(connector).settings if one.is_secret]


def plugin_of(connector: str, toml: str, *, name: str) -> bytes:
    """The file that a district installs at its system, so that this mapping may be read.

    ``toml`` is laid over the connector's default; ``name`` is where it comes from, for messages.

    Raises:
        NotFound: there is no such connector.
        ChangeInput: nothing is installed for it, or the mapping is not valid.
    """
    route = find_connector(connector)
    if not isinstance(route, Installs):
        raise ChangeInput(
            f"Nothing is installed at {route.title}: its page says what is set there."
        )
    own = SourceMapping.from_toml(toml, name=name) if toml.strip() else None
    return route.plugin(mapping_over(route, own).columns)


def remove_source(district: records.District, source: Source) -> None:
    """Forget a source, its secrets, mappings and times. What was published of it stays."""
    if isinstance(find_connector(source.connector), Connector | Extract):
        remove_schedule(district, f"{PULL}:{source.name}", missing_ok=True)
    sources.remove_source(source)


def given(route: Route, source: Source, reach: Reach) -> Given:
    """The settings and secrets of a source, with defaults; to be used and dropped.

    Raises:
        ChangeInput: the secrets do not open here, or its mapping is not valid.
    """
    defaults = {one.name: one.default for one in route.settings if one.default is not None}
    values = {**defaults, **source.settings, **sources.credentials(source, reach.sealer)}
    return Given(values, mapping_of(source).columns)


def connected(route: Connector, source: Source, told: Given, reach: Reach) -> Http:
    """What asks this source."""
    return Http(
        route.base(told),
        route.auth(told),
        who=f"{route.title} (source {source.name!r})",
        limits=reach.limits(route.limits),
        trust=reach.trust,
    )


def look_at(source: Source, reach: Reach) -> Iterator[str]:
    """What a first look at a source finds, in plain words, as it is found. Nothing is published.

    Raises:
        ChangeInput, TryAgainLater: what has to be put right first, in plain words too.
    """
    route = find_connector(source.connector)
    if isinstance(route, Extract):
        yield from look_at_files(route, source)
        return
    if not isinstance(route, Connector):
        yield f"{route.title} is not asked for anything: its files arrive."
        return
    quick = replace(reach, limits=lambda limits: replace(reach.limits(limits), tries=1))
    told = given(route, source, reach)
    with connected(route, source, told, quick) as http:
        yield from route.look(http, told)


def mapping_of(source: Source) -> SourceMapping:
    """The mapping that reads a source: its own, over the default of its connector.

    Raises:
        ChangeInput: it is not valid.
    """
    own = sources.current_mapping(source)
    told = own.toml if own else ""
    read = SourceMapping.from_toml(told, name=f"mapping of {source.name}") if told.strip() else None
    return mapping_over(find_connector(source.connector), read)


def open_pulled(
    path: Path,
    source: Source,
    *,
    mapping: SourceMapping | None = None,
    students: Path | None = None,
    has_company: bool = False,
) -> Delivery:
    """Look at the rows or the file of a source. Findings call the place by system and source.

    Args:
        path: the rows that were pulled, or the file that arrived.
        source: whose they are.
        mapping: how they are read, where not by the mapping of the source.
        students: the students.csv whose students a file speaks of that names none itself.
        has_company: whether other sources may name its students.

    Raises:
        ChangeInput: the mapping or the layout is not valid.
    """
    route = find_connector(source.connector)
    name = name_of(source)
    used = mapping or mapping_of(source)
    if isinstance(route, Extract):
        return open_extract(
            path,
            route,
            used,
            source.settings,
            name=name,
            students=students,
            has_company=has_company,
        )
    file = open_delimited(path, name=name)
    read = file.only(Columns(file.columns, used, file=name).used)  # it has more than is published
    return delivery_of([intake.Source(read, used)])
