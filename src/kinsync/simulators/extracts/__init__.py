"""Systems that write files: what each writes of an invented district, quirks on switches."""

from kinsync.simulators.extracts.extract import Extract, Extracted, write_extract
from kinsync.simulators.extracts.illuminate import ILLUMINATE
from kinsync.simulators.extracts.infinite_campus import INFINITE_CAMPUS
from kinsync.simulators.extracts.oneroster import ONEROSTER
from kinsync.simulators.extracts.schoolinsight import SCHOOLINSIGHT
from kinsync.simulators.extracts.skyward import SKYWARD

_ALL = (ILLUMINATE, INFINITE_CAMPUS, ONEROSTER, SCHOOLINSIGHT, SKYWARD)
EXTRACTS = {one.name: one for one in _ALL}
"""Name → the system, as connectors and commands call it."""

__all__ = ["EXTRACTS", "Extract", "Extracted", "write_extract"]
