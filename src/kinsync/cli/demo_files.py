"""``kinsync demo --sis`` of a system that writes files: two nights' files in a folder."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from kinsync import bootstrap
from kinsync.cli.output import say, show_report
from kinsync.cli.session import tools
from kinsync.cli.sync import show_changes
from kinsync.domain.errors import Defect
from kinsync.domain.settings import Settings
from kinsync.simulators.extracts import EXTRACTS, Extracted, write_extract

SOURCE = "nightly"
STUDENTS = 400
SEED = 7
WRITTEN_SECONDS_AGO = 3600


def sync_two_files(settings: Settings, sis: str, district_name: str) -> None:
    """Write, read and publish the files of two nights.

    Raises:
        Defect: what is published is not what the files hold.
    """
    from kinsync.services import sources
    from kinsync.store import records

    district = records.add_district(district_name, at=bootstrap.now())
    with TemporaryDirectory(prefix="kinsync-demo-") as name:
        folder = Path(name)
        reach = bootstrap.reach(settings)
        source = sources.add_source(district, SOURCE, sis, {"folder": name}, reach)
        for night in (1, 2):
            written = write_extract(
                EXTRACTS[sis], folder, students=STUDENTS, seed=SEED, night=night
            )
            ago = bootstrap.now().timestamp() - WRITTEN_SECONDS_AGO
            os.utime(written.path, (ago, ago))
            if night == 1:
                say(f"\n── A pretended {sis} has written {written.path}\n")
                for line in sources.look_at(source, reach):
                    say(line)
            say(f"\n── Night {night}: kinsync sync {district_name!r} --source {SOURCE}\n")
            _sync(settings, district_name, written, is_first=night == 1)


def _sync(settings: Settings, district_name: str, written: Extracted, *, is_first: bool) -> None:
    from kinsync.services.arrivals import sync_arrived
    from kinsync.services.pulls import pull
    from kinsync.store import records
    from kinsync.store.sources import find_source

    district = records.find_district(district_name)
    pull(district, find_source(district.id, SOURCE), bootstrap.pull_tools(settings))
    outcome = sync_arrived(district.id, bootstrap.arrivals(settings), tools(settings))
    if outcome is None or outcome.report is None or outcome.changes is None:
        raise Defect("A night of the demo brought nothing.")
    if is_first:
        show_report(outcome.report)
        say("")
    show_changes(outcome.changes)
    say(f"Published as version {outcome.sync.version}.")
    counts = outcome.report.counts
    told = (counts.rows, counts.held)
    if told != (written.table.height, 0):
        raise Defect(f"{written.table.height} rows are in the file, {told} were read and held.")
