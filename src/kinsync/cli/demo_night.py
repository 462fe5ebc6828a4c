"""One night of a demo's source: read, published, and shown."""

from typing import TYPE_CHECKING

from kinsync import bootstrap
from kinsync.cli.output import say, show_report
from kinsync.cli.session import tools
from kinsync.cli.sync import show_changes
from kinsync.domain.errors import Defect
from kinsync.domain.settings import Settings

if TYPE_CHECKING:
    from kinsync.services.counts import Counts

SOURCE = "nightly"
"""What the source of a demo's district is called."""
STUDENTS = 400
SEED = 7


def publish_night(settings: Settings, district_name: str, night: int) -> "Counts":
    """Read the district's source, publish what it brought, and show what that changed.

    The first night shows the whole report. Answers what was counted.

    Raises:
        Defect: nothing came, or nothing of it was published.
    """
    from kinsync.services.arrivals import sync_arrived
    from kinsync.services.known import in_words
    from kinsync.services.pulls import pull
    from kinsync.store import records
    from kinsync.store.sources import find_source

    say(f"\n── Night {night}: kinsync sync {district_name!r} --source {SOURCE}\n")
    district = records.find_district(district_name)
    pulled = pull(district, find_source(district.id, SOURCE), bootstrap.pull_tools(settings))
    say(f"Read: {in_words(pulled)}.\n")
    outcome = sync_arrived(district.id, bootstrap.arrivals(settings), tools(settings))
    if outcome is None or outcome.report is None or outcome.changes is None:
        raise Defect("A night of the demo brought nothing.")
    if night == 1:
        show_report(outcome.report)
        say("")
    show_changes(outcome.changes)
    say(f"Published as version {outcome.sync.version}.")
    return outcome.report.counts
