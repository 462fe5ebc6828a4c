"""``contacts.csv`` as a source: contacts of students whom another source names.

Source: the second file of contacts that districts upload (docs/file-format.md).
"""

from collections.abc import Sequence
from typing import ClassVar

from kinsync.connectors.connector import Carries, Setting
from kinsync.connectors.extract import Extract, layout_settings


class ContactsFile(Extract):
    """A contacts.csv beside other sources of a district."""

    name: ClassVar = "contacts-file"
    title: ClassVar = "Contacts file"
    file: ClassVar = "contacts.csv"
    cadence: ClassVar = "every 6 hours from 01:15"
    settings: ClassVar[Sequence[Setting]] = layout_settings("contacts.csv")
    carries: ClassVar = Carries(
        contacts="any number, one row each",
        sis_id="contact_id",
        email="several",
        type="as written",
        phones="several",
        addresses="none, unless a mapping names columns",
        flags="none, unless a mapping names columns",
        schools="none: students are those of another source",
    )
