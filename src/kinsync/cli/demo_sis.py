"""``kinsync demo --sis``: an invented district whose SIS is read, for two nights."""

import click

from kinsync import bootstrap
from kinsync.cli.demo_files import sync_two_files
from kinsync.cli.demo_night import SEED, SOURCE, STUDENTS, publish_night
from kinsync.cli.output import say
from kinsync.domain.errors import Defect
from kinsync.domain.settings import Settings
from kinsync.simulators.extracts import EXTRACTS
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from kinsync.simulators.systems import SYSTEMS, pretend

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
            counts = publish_night(settings, district_name, night)
            held = serving.system.roster
            known = (held.students.height, held.contacts.height)
            found = (counts.students, counts.relationships)
            if found != known:
                raise Defect(
                    f"{known} students and relationships are at the source, {found} are here."
                )
            serving.system.night()
