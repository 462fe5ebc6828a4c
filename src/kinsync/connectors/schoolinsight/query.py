"""SchoolInsight: the export of a report of its Query Builder.

Source: Clever, "SchoolInsight Auto Sync"; Common Goal Systems, help. The layout is ours.
"""

from collections.abc import Sequence
from typing import ClassVar

from kinsync.connectors.connector import Carries, Setting
from kinsync.connectors.extract import Extract, layout_settings


class SchoolInsight(Extract):
    """A district's SchoolInsight, by a Query Builder export."""

    name: ClassVar = "schoolinsight"
    title: ClassVar = "SchoolInsight"
    file: ClassVar = "*.csv"
    cadence: ClassVar = "every 6 hours from 00:30"
    settings: ClassVar[Sequence[Setting]] = layout_settings("*.csv")
    carries: ClassVar = Carries(
        contacts="all of the report",
        sis_id="Contact ID, where the report has it",
        email="several",
        type="parents by relationship, else the emergency flag, else by relationship",
        phones="cell, home, work and other",
        addresses="Contact Address, City, State and Zip, where the report has them",
        flags="order and emergency; a custodial status of no contact or court restricts",
        schools="the id of the school, where the report has it",
        lost=("custodial status, beyond whether it restricts",),
    )
