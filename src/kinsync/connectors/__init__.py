"""Code that reads one kind of system each: in its own words, no mapping, no cleaning.

A connector is a folder here and its line below; nothing else knows that it is there.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kinsync.domain.errors import NotFound

if TYPE_CHECKING:
    from kinsync.connectors.connector import Route

CONNECTORS: Mapping[str, str] = {
    "aeries": "kinsync.connectors.aeries.api:AeriesApi",
    "contacts-file": "kinsync.connectors.students_file.custom_contacts:ContactsFile",
    "ed-fi": "kinsync.connectors.ed_fi.api:EdFiApi",
    "illuminate": "kinsync.connectors.illuminate.extract:IlluminateExtract",
    "illuminate-api": "kinsync.connectors.illuminate.api:IlluminateApi",
    "infinite-campus-api": "kinsync.connectors.infinite_campus.api:InfiniteCampusApi",
    "infinite-campus-auto": "kinsync.connectors.infinite_campus.auto:InfiniteCampusAuto",
    "oneroster": "kinsync.connectors.oneroster.rest:OneRoster",
    "oneroster-csv": "kinsync.connectors.oneroster.package:OneRosterCsv",
    "powerschool": "kinsync.connectors.powerschool.api:PowerSchool",
    "powerschool-contacts": "kinsync.connectors.powerschool.contacts:PowerSchoolContacts",
    "schoolinsight": "kinsync.connectors.schoolinsight.query:SchoolInsight",
    "skyward-api": "kinsync.connectors.skyward.sms2:SkywardSms2",
    "skyward-auto": "kinsync.connectors.skyward.auto:SkywardAuto",
    "skyward-qmlativ": "kinsync.connectors.skyward.qmlativ:SkywardQmlativ",
    "students-file": "kinsync.connectors.students_file.students_file:StudentsFile",
}
"""Name → where its class is. It is imported when it is used."""


def find_connector(name: str) -> "Route":
    """The connector of that name.

    Raises:
        NotFound: there is none.
    """
    if name not in CONNECTORS:
        raise NotFound(f"There is no connector {name!r}. Known: {', '.join(CONNECTORS)}.")
    module, _, kind = CONNECTORS[name].partition(":")
    route: Route = getattr(importlib.import_module(module), kind)()
    return route
