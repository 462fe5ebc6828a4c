"""Illuminate: the extract of a custom report that Illuminate lays on SFTP.

Source: Illuminate Education, support articles and extracts; no layout of contacts is public, this
one is ours.
"""

from collections.abc import Sequence
from typing import ClassVar

from kinsync.connectors.connector import Carries, Setting
from kinsync.connectors.extract import Extract, layout_settings


class IlluminateExtract(Extract):
    """A district's Illuminate, by a custom report."""

    name: ClassVar = "illuminate"
    title: ClassVar = "Illuminate"
    file: ClassVar = "contacts*"
    cadence: ClassVar = "30 3 * * *"
    settings: ClassVar[Sequence[Setting]] = layout_settings("contacts*")
    carries: ClassVar = Carries(
        contacts="all of the report",
        sis_id="contact_id",
        email="one",
        type="primary contact and primary residence, guardian, emergency, else by relationship",
        phones="cell, home and work",
        addresses="contact_street to contact_zip, where the report has them",
        flags="primary, emergency, guardian, and primary residence as lives-with",
        schools="the id of the site, where the report has it",
        lost=("households and dwellings",),
    )
