"""The plugin that a district installs: what it may be read, and the PowerQueries that read it.

PowerSchool gives an application nothing that a plugin does not name, field by field. So the plugin
is made of what the mapping of a source names.

Source: PowerSchool, "Plugin Package" and "PowerQueries"; its tables of contacts as reports of
districts join them.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from kinsync.connectors.powerschool.fields import EXPANSIONS, plain

NAMESPACE = "http://plugin.powerschool.pearson.com"
_SCHEMA = {
    "xmlns": NAMESPACE,
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": f"{NAMESPACE} plugin.xsd",
}
VERSION = "1.0"
_COLUMN = re.compile(r"[a-z]\w*\.[a-z]\w*", re.ASCII)
"""A mapping's columns stand in a statement: nothing but names does."""
_WHENEVER = (1980, 1, 1, 0, 0, 0)
"""The same plugin is the same file."""


@dataclass(frozen=True, slots=True)
class Query:
    """A PowerQuery: name under which each column is answered → the column; and where from."""

    name: str
    columns: Mapping[str, str]
    source: str

    @property
    def sql(self) -> str:
        """The statement: columns in the order in which they are declared."""
        return f"select {', '.join(self.columns.values())}\n{self.source}"


_ASSOCIATION = """from students
join studentcontactassoc on studentcontactassoc.studentdcid = students.dcid
join person on person.id = studentcontactassoc.personid
"""
_PRESENT = """where students.enroll_status in (0, -1) and person.isactive = 1
"""
CONTACTS = Query(
    "org.kinsync.contacts",
    {
        "student_dcid": "students.dcid",
        "contact_id": "person.id",
        "contact_detail_id": "studentcontactdetail.studentcontactdetailid",
        "contact_first_name": "person.firstname",
        "contact_middle_name": "person.middlename",
        "contact_last_name": "person.lastname",
        "relation_type": "codeset.displayvalue",
        "relation_code": "codeset.code",
        "contact_priority": "studentcontactassoc.contactpriorityorder",
        "is_custodial": "studentcontactdetail.iscustodial",
        "is_emergency": "studentcontactdetail.isemergency",
        "lives_with": "studentcontactdetail.liveswithflg",
        "school_pickup": "studentcontactdetail.schoolpickupflg",
        "receives_mail": "studentcontactdetail.receivesmailflg",
        "start_date": "studentcontactdetail.startdate",
        "end_date": "studentcontactdetail.enddate",
    },
    f"""{_ASSOCIATION}join studentcontactdetail
  on studentcontactdetail.studentcontactassocid = studentcontactassoc.studentcontactassocid
left join codeset on codeset.codesetid = studentcontactdetail.relationshiptypecodesetid
{_PRESENT}  and studentcontactdetail.isactive = 1
  and trunc(sysdate) >= coalesce(studentcontactdetail.startdate, trunc(sysdate))
  and trunc(sysdate) <= coalesce(studentcontactdetail.enddate, trunc(sysdate))
order by students.dcid, person.id, studentcontactdetail.studentcontactdetailid""",
)
PHONES = Query(
    "org.kinsync.phones",
    {
        "student_dcid": "students.dcid",
        "contact_id": "person.id",
        "phone_id": "personphonenumberassoc.personphonenumberassocid",
        "phone_number": "personphonenumberassoc.phonenumberasentered",
        "phone_extension": "phonenumber.phonenumberext",
        "phone_type": "codeset.displayvalue",
        "phone_code": "codeset.code",
        "phone_order": "personphonenumberassoc.phonenumberpriorityorder",
        "phone_preferred": "personphonenumberassoc.ispreferred",
    },
    f"""{_ASSOCIATION}join personphonenumberassoc on personphonenumberassoc.personid = person.id
join phonenumber on phonenumber.phonenumberid = personphonenumberassoc.phonenumberid
left join codeset on codeset.codesetid = personphonenumberassoc.phonetypecodesetid
{_PRESENT}order by students.dcid, person.id, personphonenumberassoc.personphonenumberassocid""",
)
EMAILS = Query(
    "org.kinsync.emails",
    {
        "student_dcid": "students.dcid",
        "contact_id": "person.id",
        "email_id": "personemailaddressassoc.personemailaddressassocid",
        "email_address": "emailaddress.emailaddress",
        "email_order": "personemailaddressassoc.emailaddresspriorityorder",
        "email_primary": "personemailaddressassoc.isprimaryemailaddress",
    },
    f"""{_ASSOCIATION}join personemailaddressassoc on personemailaddressassoc.personid = person.id
join emailaddress on emailaddress.emailaddressid = personemailaddressassoc.emailaddressid
{_PRESENT}order by students.dcid, person.id, personemailaddressassoc.personemailaddressassocid""",
)
ADDRESSES = Query(
    "org.kinsync.addresses",
    {
        "student_dcid": "students.dcid",
        "contact_id": "person.id",
        "address_id": "personaddressassoc.personaddressassocid",
        "address_street": "personaddress.street",
        "address_unit": "personaddress.unit",
        "address_city": "personaddress.city",
        "address_state": "codeset.code",
        "address_zip": "personaddress.postalcode",
        "address_order": "personaddressassoc.addresspriorityorder",
    },
    f"""{_ASSOCIATION}join personaddressassoc on personaddressassoc.personid = person.id
join personaddress on personaddress.personaddressid = personaddressassoc.personaddressid
left join codeset on codeset.codesetid = personaddress.statescodesetid
{_PRESENT}order by students.dcid, person.id, personaddressassoc.personaddressassocid""",
)


def students_query(columns: Iterable[str]) -> Query:
    """The PowerQuery that reads these columns of students and of the tables that extend them."""
    named = list(dict.fromkeys(one for one in map(plain, columns) if is_field(one)))
    fields = [one.partition(".")[2] for one in named]
    known = {
        (field if fields.count(field) == 1 else one.replace(".", "_")): one
        for one, field in zip(named, fields, strict=True)
    }
    tables = sorted({one.partition(".")[0] for one in named} - {"students"})
    joins = [f"left join {one} on {one}.studentsdcid = students.dcid\n" for one in tables]
    source = "from students\n" + "".join(joins)
    present = "where students.enroll_status in (0, -1)\norder by students.dcid"
    return Query("org.kinsync.students", known, source + present)


def plugin(columns: Iterable[str], queries: Sequence[Query]) -> bytes:
    """The zip that is installed under System > Plugin Management.

    ``columns`` may be read, beside everything that the queries name.
    """
    named = [one for one in map(plain, columns) if is_field(one)]
    of_queries = [
        one for query in queries for one in re.findall(r"\b[a-z_]+\.[a-z_0-9]+\b", query.sql)
    ]
    files = {
        "plugin.xml": _plugin_xml(sorted({*named, *of_queries})),
        "queries_root/org.kinsync.named_queries.xml": _queries_xml(queries),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WHENEVER), text)
    return packed.getvalue()


def is_field(column: str) -> bool:
    """Whether a column is one of a table: others are the resource's own, and need no right."""
    return bool(_COLUMN.fullmatch(column)) and column.partition(".")[0] not in EXPANSIONS


def _plugin_xml(fields: Sequence[str]) -> str:
    about = {"name": "Kinsync", "version": VERSION, "description": "Student contacts, read only"}
    root = ElementTree.Element("plugin", {**_SCHEMA, **about})
    ElementTree.SubElement(root, "oauth")
    access = ElementTree.SubElement(root, "access_request")
    for one in fields:
        table, _, field = one.partition(".")
        told = {"table": table, "field": field, "access": "ViewOnly"}
        ElementTree.SubElement(access, "field", told)
    publisher = ElementTree.SubElement(root, "publisher", {"name": "Kinsync"})
    ElementTree.SubElement(publisher, "contact", {"email": "sis@example.org"})
    return _written(root)


def _queries_xml(queries: Sequence[Query]) -> str:
    root = ElementTree.Element("queries")
    for query in queries:
        about = {"name": query.name, "coreTable": "students", "flattened": "true"}
        told = ElementTree.SubElement(root, "query", about)
        columns = ElementTree.SubElement(told, "columns")
        for alias, column in query.columns.items():
            one = ElementTree.SubElement(columns, "column", {"column": column.upper()})
            one.text = alias
        ElementTree.SubElement(told, "sql").text = query.sql
    return _written(root)


def _written(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"
