"""Infinite Campus Auto Sync: the extract of an ad hoc filter with the ``contacts.*`` fields.

Source: Clever, "Student Contacts" and "Infinite Campus Sync Comparison"; Infinite Campus, Data
Extract Utility.
"""

from collections.abc import Sequence
from typing import ClassVar

from kinsync.connectors.connector import Carries, Setting
from kinsync.connectors.extract import Extract, layout_settings


class InfiniteCampusAuto(Extract):
    """A district's Infinite Campus, by a scheduled extract."""

    name: ClassVar = "infinite-campus-auto"
    title: ClassVar = "Infinite Campus Auto Sync"
    file: ClassVar = "*.csv"
    cadence: ClassVar = "every 4 hours from 00:30"
    settings: ClassVar[Sequence[Setting]] = layout_settings("*.csv")
    carries: ClassVar = Carries(
        contacts="all of the extract, usually up to 7",
        sis_id="contacts.contactPersonID or contacts.contactGUID, where the extract has one",
        email="one",
        type="from the guardian flag and the emergency priority, else from the relationship",
        phones="cell, home, household and work",
        addresses="street, city, state and zip, where the extract has them",
        flags="order (the emergency priority; whoever has one is emergency) and guardian",
        schools="the number of the school, where the extract has it",
        lost=(
            "a student whose row an inner join of the filter drops",
            "which phones and addresses are private",
        ),
    )
