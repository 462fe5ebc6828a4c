"""Skyward Auto Sync: the student export of SkyBuild, with the first emergency contact.

Source: Clever, "For District Admins: Student Contacts" and "Skyward Auto Sync"; Skyward, SkyBuild.
"""

from collections.abc import Sequence
from typing import ClassVar

from kinsync.connectors.connector import Carries, Setting
from kinsync.connectors.extract import Extract, layout_settings


class SkywardAuto(Extract):
    """A district's Skyward SMS 2.0, by its SkyBuild export."""

    name: ClassVar = "skyward-auto"
    title: ClassVar = "Skyward Auto Sync"
    file: ClassVar = "*.csv"
    cadence: ClassVar = "every 6 hours from 00:30"
    settings: ClassVar[Sequence[Setting]] = layout_settings("*.csv")
    carries: ClassVar = Carries(
        contacts="one of each student: the first emergency contact",
        sis_id="none: a contact is recognised by student, name, phone and e-mail",
        email="none",
        type="none: everybody is an emergency contact",
        phones="cell and primary",
        addresses="street, city, state and zip",
        flags="order 1 and emergency: it is the first emergency contact",
        schools="the code of the school, where the export has it",
        lost=(
            "every contact but the first",
            "the end of a name that is longer than SkyBuild's field (15 or 20 characters)",
        ),
    )
