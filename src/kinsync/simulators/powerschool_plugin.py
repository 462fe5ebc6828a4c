"""What is installed at a pretended PowerSchool: rights by field, and PowerQueries.

A query's statement is not run: its columns say which rows it is of, and each is answered under the
name that it declares. A plugin is read from the zip that a district installs.
"""

import io
import re
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

_SPACE = "{http://plugin.powerschool.pearson.com}"
_FIELD = re.compile(r"[a-z_]+\.[a-z_0-9]+")


@dataclass(frozen=True, slots=True)
class PowerQuery:
    """A query: name of each answer → column; whether only what counts today is answered."""

    columns: Mapping[str, str]
    of_today: bool = True

    @property
    def tables(self) -> frozenset[str]:
        """The tables of its columns."""
        return frozenset(column.partition(".")[0] for column in self.columns.values())


@dataclass(frozen=True, slots=True)
class Plugin:
    """What is installed. ``fields`` are those that may be read; None: everything."""

    queries: Mapping[str, PowerQuery] = field(default_factory=dict)
    fields: frozenset[str] | None = None

    def may_read(self, column: str) -> bool:
        """Whether a field is granted."""
        return self.fields is None or column in self.fields

    @staticmethod
    def from_zip(data: bytes) -> "Plugin":
        """The plugin that a zip holds.

        Raises:
            ValueError: PowerSchool would not install it.
        """
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            about = ElementTree.fromstring(archive.read("plugin.xml"))  # noqa: S314 - our own
            named = [name for name in archive.namelist() if name.startswith("queries_root/")]
            trees = [ElementTree.fromstring(archive.read(name)) for name in named]  # noqa: S314
        if about.tag != f"{_SPACE}plugin" or about.find(f"{_SPACE}oauth") is None:
            raise ValueError("The plugin has no <oauth/>.")
        granted = frozenset(
            f"{one.attrib['table']}.{one.attrib['field']}".lower()
            for one in about.iter(f"{_SPACE}field")
            if one.attrib["access"] in ("ViewOnly", "FullAccess")
        )
        queries = {query.attrib["name"]: _query(query, granted) for tree in trees for query in tree}
        return Plugin(queries, granted)


def _query(told: ElementTree.Element, granted: Collection[str]) -> PowerQuery:
    columns = {str(one.text).lower(): one.attrib["column"].lower() for one in told.iter("column")}
    sql = told.findtext("sql", "").lower()
    selected = _FIELD.findall(sql.partition("\nfrom ")[0])
    if selected != list(columns.values()):
        raise ValueError("The columns are not those of the statement, in its order.")
    if missing := [one for one in _FIELD.findall(sql) if one not in granted]:
        raise ValueError(f"There is no access_request for {missing[0]}.")
    return PowerQuery(columns, of_today="sysdate" in sql)


def _aliased(**columns: str) -> PowerQuery:
    return PowerQuery(columns)


_STUDENT_FIELDS = (
    *("dcid", "student_number", "state_studentnumber", "last_name", "middle_name", "first_name"),
    *("grade_level", "gender", "dob", "street", "city", "state", "zip", "schoolid"),
    *("enroll_status", "emerg_contact_1", "emerg_phone_1", "emerg_contact_2", "emerg_phone_2"),
)
_CORE_FIELDS = (
    *("emerg_1_ptype", "emerg_1_rel", "emerg_2_ptype", "emerg_2_rel", "emerg_contact_3"),
    *("emerg_3_phone", "emerg_3_ptype", "emerg_3_rel"),
)
_WHOSE = {"student_dcid": "students.dcid", "contact_id": "person.id"}
_DETAIL = "studentcontactdetail"
INSTALLED = Plugin(
    {
        "org.kinsync.students": _aliased(
            **{name: f"students.{name}" for name in _STUDENT_FIELDS},
            **{name: f"studentcorefields.{name}" for name in _CORE_FIELDS},
        ),
        "org.kinsync.contacts": _aliased(
            **_WHOSE,
            contact_detail_id=f"{_DETAIL}.studentcontactdetailid",
            contact_first_name="person.firstname",
            contact_last_name="person.lastname",
            relation_type="codeset.displayvalue",
            relation_code="codeset.code",
            contact_priority="studentcontactassoc.contactpriorityorder",
            is_custodial=f"{_DETAIL}.iscustodial",
            is_emergency=f"{_DETAIL}.isemergency",
            lives_with=f"{_DETAIL}.liveswithflg",
            school_pickup=f"{_DETAIL}.schoolpickupflg",
            receives_mail=f"{_DETAIL}.receivesmailflg",
            start_date=f"{_DETAIL}.startdate",
            end_date=f"{_DETAIL}.enddate",
        ),
        "org.kinsync.phones": _aliased(
            **_WHOSE,
            phone_id="personphonenumberassoc.personphonenumberassocid",
            phone_number="personphonenumberassoc.phonenumberasentered",
            phone_extension="phonenumber.phonenumberext",
            phone_type="codeset.displayvalue",
            phone_code="codeset.code",
            phone_order="personphonenumberassoc.phonenumberpriorityorder",
            phone_preferred="personphonenumberassoc.ispreferred",
        ),
        "org.kinsync.emails": _aliased(
            **_WHOSE,
            email_id="personemailaddressassoc.personemailaddressassocid",
            email_address="emailaddress.emailaddress",
            email_order="personemailaddressassoc.emailaddresspriorityorder",
            email_primary="personemailaddressassoc.isprimaryemailaddress",
        ),
        "org.kinsync.addresses": _aliased(
            **_WHOSE,
            address_id="personaddressassoc.personaddressassocid",
            address_street="personaddress.street",
            address_unit="personaddress.unit",
            address_city="personaddress.city",
            address_state="codeset.code",
            address_zip="personaddress.postalcode",
            address_order="personaddressassoc.addresspriorityorder",
        ),
    }
)
"""What is installed unless somebody installs another plugin."""
