"""Aeries, as its makers describe it and as it was seen."""

from collections.abc import Collection

from kinsync.simulators.aeries import AeriesSystem
from kinsync.simulators.roster import Roster
from tests.connectors.contract import ConnectorContract


class TestContract(ConnectorContract):
    name = "aeries"
    paged = "/students"
    certain = "LastName"
    small_pages = {"page_size": "8"}  # noqa: RUF012

    def system(self, roster: Roster, quirks: Collection[str] = ()) -> AeriesSystem:
        return AeriesSystem(roster, quirks=quirks)
