"""``students.csv`` as a source: the file that districts upload, in a folder of its own.

Source: the file format of the students file (docs/file-format.md).
"""

from collections.abc import Sequence
from typing import ClassVar

from kinsync.connectors.connector import Carries, Setting
from kinsync.connectors.extract import Extract, layout_settings


class StudentsFile(Extract):
    """A students.csv beside other sources of a district."""

    name: ClassVar = "students-file"
    title: ClassVar = "Students file"
    file: ClassVar = "students.csv"
    cadence: ClassVar = "every 6 hours from 01:00"
    settings: ClassVar[Sequence[Setting]] = layout_settings("students.csv")
    carries: ClassVar = Carries(
        contacts="any number, one row each",
        sis_id="Contact_sis_id",
        email="several",
        type="as written",
        phones="several",
        addresses="four columns",
        flags="order, primary, emergency, guardian, lives with, pick-up, restricted, with dates",
        schools="the id of the school",
    )
