"""What is told of a contact: address, flags, restriction; and what each application sees, or why
it sees nothing."""

import csv
import io
import json
import re
from html import unescape
from typing import Any

import httpx
import pytest

from kinsync.domain.share import Share
from kinsync.store.database import connect
from tests.web.dashboard.desk import Desk
from tests.web.lakeside import LEDA, RUKMINI, RUKMINI_LEDA
from tests.web.test_sharing import reader

ADDRESS = '{"street":"12 Shore Road","city":"Lakeside","state":"OR","zip":"97034"}'
FLAGS = '{"order":1,"primary":"Y","emergency":"N","lives_with":"Y","from":"2026-08-01"}'


@pytest.fixture
def told(owner: Desk) -> Desk:
    """Rukmini has an address and a second phone; she has flags beside Leda, and is restricted."""
    with connect() as to:
        to.execute(
            "UPDATE contact SET address = %s, more_phones = %s WHERE id = %s",
            (ADDRESS, '[{"phone":"3605550188","extension":"7","type":"Work"}]', RUKMINI),
        )
        to.execute(
            "UPDATE relationship SET flags = %s, restricted = 'Y' WHERE id = %s",
            (FLAGS, RUKMINI_LEDA),
        )
    return owner


def test_address_flags_and_restriction_stand_on_both_pages(told: Desk) -> None:
    flags = "number 1, primary, not for emergencies, lives with the student, from 2026-08-01"
    contact = told.see(f"/data-browser/contacts/{RUKMINI}").text
    student = told.see(f"/data-browser/students/{LEDA}").text

    assert "12 Shore Road, Lakeside, OR 97034" in contact
    assert f"restricted {flags}" in contact
    assert f"restricted {flags}" in student


def test_address_flags_and_restriction_are_columns(told: Desk) -> None:
    for tab, columns, words in (
        ("contacts", ["address", "restricted", "more"], "restricted Leda Salvatore"),
        ("student-contacts", ["address", "restricted", "flags", "more"], "number 1, primary"),
    ):
        address = f"/data-browser/{tab}"
        token = told.see(address).token
        form: dict[str, Any] = {"q": "", "columns": columns, "csrfmiddlewaretoken": token}
        seen = told.post(address, form)

        for one in (words, "12 Shore Road, Lakeside, OR 97034", "(360) 555-0188 ext. 7 (Work)"):
            assert one in seen.text, (tab, one)


def test_address_flags_and_restriction_are_cells_of_the_sheets(told: Desk) -> None:
    def rows(tab: str) -> list[dict[str, str]]:
        sheet = told.see(f"/data-browser/{tab}.csv").response.content.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(sheet)))

    [contact] = [row for row in rows("contacts") if row["contact_id"] == RUKMINI]
    [tie] = [row for row in rows("student-contacts") if row["relationship_id"] == RUKMINI_LEDA]

    assert contact["address"] == tie["address"] == "12 Shore Road, Lakeside, OR 97034"
    assert contact["restricted_from"] == "Leda Salvatore"
    assert (tie["restricted"], tie["primary"], tie["emergency"], tie["order"]) == (
        "Y", "Y", "N", "1",
    )  # fmt: skip
    assert tie["more"] == "(360) 555-0188 ext. 7 (Work)"


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (
            Share(types=frozenset(["Emergency"]), restricted=True),
            "type Parent/Guardian is not shared",
        ),
        (
            Share(schools=frozenset(["SCH-9"]), restricted=True),
            "the school of Leda Salvatore is not shared",
        ),
        (
            Share(grades=frozenset(["12"]), restricted=True),
            "the grade of Leda Salvatore is not shared",
        ),
        (
            Share(relationships=frozenset(["Other"]), restricted=True),
            "relationship Parent is not shared",
        ),
        (Share(flags=frozenset(["emergency"]), restricted=True), "only who is emergency is shared"),
        (Share(withheld=frozenset([RUKMINI])), "sharing of this person was stopped"),
        (Share(flags=frozenset(["primary"])), "a restricted person, to be kept from Leda"),
    ],
)
def test_whoever_sees_nothing_of_a_contact_has_a_reason(
    share: Share, words: str, told: Desk, http: httpx.Client
) -> None:
    reader(http, share)
    seen = told.see(f"/data-browser/contacts/{RUKMINI}").text

    assert "sees nothing because" in seen
    assert words in seen


def test_what_is_left_out_of_what_is_seen_is_said_and_what_is_received_is_shown(
    told: Desk, http: httpx.Client
) -> None:
    fields = frozenset(["contact.email"])
    app = reader(http, Share(flags=None, types=frozenset(["Family", "Parent/Guardian"]),
                             fields=fields))  # fmt: skip
    seen = told.see(f"/data-browser/contacts/{RUKMINI}")
    [body, *_] = re.findall(r"<pre[^>]*>(.*?)</pre>", seen.html.split("Limited")[-1],
                            re.S)  # fmt: skip

    assert "Not as a contact of Leda Salvatore: a restricted person" in seen.text
    assert json.loads(unescape(body)) == app.read(f"/v3.1/users/{RUKMINI}")["data"]
    assert "5035550142" not in body


def test_each_version_of_the_api_is_shown_of_restricted_people_as_well(told: Desk) -> None:
    seen = told.see(f"/data-browser/contacts/{RUKMINI}").text
    versions = ("v3.1/users", "v3.0/users", "v2.1/contacts", "v2.0/contacts", "v1.2/contacts")

    assert all(f"/{version}/" in seen for version in versions)
    assert f"/v1.2/contacts/{RUKMINI_LEDA}" in seen
