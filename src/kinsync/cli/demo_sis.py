"""``kinsync demo --sis``: an invented district whose SIS is read, for two nights."""

import click

from kinsync import bootstrap
from kinsync.cli.demo_files import sync_two_files
from kinsync.cli.output import say, show_report
from kinsync.cli.session import tools
from kinsync.cli.sync import show_changes
from kinsync.domain.errors import Defect
from kinsync.domain.settings import Settings
from kinsync.simulators.extracts import EXTRACTS
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from kinsync.simulators.systems import SYSTEMS, pretend

SOURCE = "nightly"
STUDENTS = 400
SEED = 7

sis_option = click.option(
    "--sis",
    type=click.Choice([*SYSTEMS, *EXTRACTS]),
    help="Read a pretended system instead of a file.",
)


def sync_two_nights(settings: Settings, sis: str, district_name: str) -> None:
    """Start a pretended system, read and publish it, let a night pass, and again.

    Raises:
        Defect: what is published is not what the system holds.
    """
    from kinsync.services import sources
    from kinsync.store import records

    if sis in EXTRACTS:
        sync_two_files(settings, sis, district_name)
        return
    district = records.add_district(district_name, at=bootstrap.now())
    with Serving(pretend(sis, Roster(students=STUDENTS, seed=SEED))) as serving:
        say(f"\n── A pretended {sis} answers at {serving.settings['url']}\n")
        reach = bootstrap.reach(settings)
        source = sources.add_source(district, SOURCE, sis, serving.settings, reach)
        for line in sources.look_at(source, reach):
            say(line)
        for night in (1, 2):
            say(f"\n── Night {night}: kinsync sync {district_name!r} --source {SOURCE}\n")
            _sync(settings, district_name, serving, is_first=night == 1)
            serving.system.night()


def _sync(settings: Settings, district_name: str, serving: Serving, *, is_first: bool) -> None:
    from kinsync.services.arrivals import sync_arrived
    from kinsync.services.known import in_words
    from kinsync.services.pulls import pull
    from kinsync.store import records
    from kinsync.store.sources import find_source

    district = records.find_district(district_name)
    pulled = pull(district, find_source(district.id, SOURCE), bootstrap.pull_tools(settings))
    say(f"Read: {in_words(pulled)}.\n")
    outcome = sync_arrived(district.id, bootstrap.arrivals(settings), tools(settings))
    if outcome is None or outcome.report is None or outcome.changes is None:
        raise Defect("A night of the demo brought nothing.")
    if is_first:
        show_report(outcome.report)
        say("")
    show_changes(outcome.changes)
    say(f"Published as version {outcome.sync.version}.")
    held = serving.system.roster
    known = (held.students.height, held.contacts.height)
    found = (outcome.report.counts.students, outcome.report.counts.relationships)
    if found != known:
        raise Defect(f"{known} students and relationships are at the source, {found} are here.")
