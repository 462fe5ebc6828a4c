"""A district whose Aeries is read, in tests: a pretended one, and what is published of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from kinsync.services import sources
from kinsync.services.arrivals import sync_arrived
from kinsync.services.arrived import Arrivals
from kinsync.services.pulls import PullTools, pull
from kinsync.services.sources import Reach
from kinsync.services.sync import Outcome
from kinsync.simulators.aeries import AeriesSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from kinsync.store import pulls
from kinsync.store.sealing import Sealer
from kinsync.store.sources import Source
from kinsync.store.staging import Shelf, Staging
from kinsync.store.storage import Storage
from tests.connectors.reading import impatient
from tests.services.office import Office

SEALER = Sealer([bytes(32)])


@dataclass
class AeriesOffice:
    """One district, its Aeries, and the source that reads it."""

    office: Office
    system: AeriesSystem
    serving: Serving
    source: Source

    @property
    def tools(self) -> PullTools:
        return pull_tools(self.office)

    def pull(self, *, is_full: bool = False) -> pulls.Pull:
        """Read the source."""
        return pull(self.office.district, self.source, self.tools, is_full=is_full)

    def sync(self) -> Outcome | None:
        """Sync what arrived, if it is new."""
        arrivals = Arrivals(Shelf(Storage(self.office.home)))
        return sync_arrived(self.office.id, arrivals, self.office.tools)

    def pulled(self) -> list[tuple[str, str]]:
        """State and reason of each pull, the oldest first."""
        found = pulls.recent(self.office.id, self.source.id)
        return [(one.state, one.reason) for one in found][::-1]


def pull_tools(office: Office) -> PullTools:
    storage = Storage(office.home)
    reach = Reach(SEALER, lambda: office.day, limits=impatient)
    return PullTools(reach, Staging(storage), Shelf(storage), retention=timedelta(days=30))


@contextmanager
def reading_aeries(office: Office, *, students: int = 40) -> Iterator[AeriesOffice]:
    """A source of the office that reads a pretended Aeries."""
    system = AeriesSystem(Roster(students=students, seed=5))
    with Serving(system) as serving:
        settings = {**serving.settings, "page_size": "8"}
        reach = pull_tools(office).reach
        source = sources.add_source(office.district, "nightly", "aeries", settings, reach)
        yield AeriesOffice(office, system, serving, source)
