"""``kinsync demo --sis`` of a system that writes files: two nights' files in a folder."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from kinsync import bootstrap
from kinsync.cli.demo_night import SEED, SOURCE, STUDENTS, publish_night
from kinsync.cli.output import say
from kinsync.domain.errors import Defect
from kinsync.domain.settings import Settings
from kinsync.simulators.extracts import EXTRACTS, write_extract

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
            counts = publish_night(settings, district_name, night)
            told = (counts.rows, counts.held)
            if told != (written.table.height, 0):
                raise Defect(
                    f"{written.table.height} rows are in the file, {told} were read and held."
                )
