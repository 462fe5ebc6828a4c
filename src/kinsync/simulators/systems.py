"""Which systems can be pretended, by the names of their connectors."""

import importlib
from collections.abc import Collection, Mapping

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import System

SYSTEMS: Mapping[str, str] = {
    "aeries": "kinsync.simulators.aeries:AeriesSystem",
    "ed-fi": "kinsync.simulators.ed_fi:EdFiSystem",
    "illuminate-api": "kinsync.simulators.illuminate:IlluminateSystem",
    "skyward-qmlativ": "kinsync.simulators.skyward_qmlativ:SkywardQmlativSystem",
    "skyward-api": "kinsync.simulators.skyward_sms2:SkywardSms2System",
}
"""Name → where its class is; beside it stands what ``QUIRKS`` it has."""


def quirks_of(name: str) -> Mapping[str, str]:
    """What can be switched on, in words.

    Raises:
        NotFound: there is no simulator of that name.
    """
    found: Mapping[str, str] = importlib.import_module(_where(name)[0]).QUIRKS
    return found


def pretend(name: str, roster: Roster, quirks: Collection[str] = ()) -> System:
    """A pretended system with these people.

    Raises:
        NotFound, ChangeInput: there is no such simulator, or it has no such quirk.
    """
    known = quirks_of(name)
    if unknown := [quirk for quirk in quirks if quirk not in known]:
        raise ChangeInput(f"{name} has no quirk {unknown[0]!r}. Known: {', '.join(known)}.")
    module, kind = _where(name)
    system: System = getattr(importlib.import_module(module), kind)(roster, quirks=quirks)
    return system


def _where(name: str) -> tuple[str, str]:
    if name not in SYSTEMS:
        raise NotFound(f"There is no simulator {name!r}. Known: {', '.join(SYSTEMS)}.")
    module, _, kind = SYSTEMS[name].partition(":")
    return module, kind
