"""In which order lists come: whatever is chosen, everybody is there once."""

import csv
import io
import json
import re

import pytest

from kinsync.store.database import connect
from tests.web.dashboard.desk import Desk
from tests.web.lakeside import LAKESIDE, LEDA, add_relationship, record

ORDERS = {
    "contacts": ("name", "-name", "email", "-email", "sis_id", "-sis_id", "since", "-since"),
    "student-contacts": ("name", "-name", "email", "-email"),
    "students": ("name", "-name", "sis_id", "-sis_id", "since", "-since"),
}
EMAILS = ("zoë@families.example", None, "Able@families.example", "m@families.example")


def names_in_order(desk: Desk, address: str) -> list[str]:
    """The people of a list, page by page."""
    names = []
    while address:
        seen = desk.see(address)
        names += re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', seen.html)
        address = seen.link("Next page") if "Next page" in seen.text else ""
    return names


@pytest.mark.parametrize("narrowed", ["", "school=SCH-1", "changed=7"])
def test_a_list_in_any_order_has_everybody_once(narrowed: str, crowd: Desk) -> None:
    for tab, orders in ORDERS.items():
        plain = names_in_order(crowd, f"/data-browser/{tab}?{narrowed}")
        assert len(plain) > 60
        for order in orders:
            names = names_in_order(crowd, f"/data-browser/{tab}?order={order}&{narrowed}")
            assert sorted(names) == sorted(plain), (tab, order)
            if order.removeprefix("-") == "name":
                assert names == (plain if order == "name" else plain[::-1])


def test_lists_are_sorted_by_what_was_chosen(crowd: Desk) -> None:
    crowd.send("/data-browser/contacts", {"q": "", "columns": "email"})
    first = crowd.see("/data-browser/contacts?order=email")
    last = crowd.see("/data-browser/contacts?order=-email")
    newest = crowd.see("/data-browser/contacts?order=-since")

    assert "able10@families.example" in first.text.lower().split("rukmini")[0]
    assert 'aria-sort="ascending"' in first.html
    assert last.text.index("rukmini.s@example.net") < last.text.index("m3@families.example")
    assert 'aria-sort="descending"' in last.html
    assert "Later Person" in newest.text.split("Person 000")[0]
    assert first.link("E-mail").endswith("order=-email")


def test_an_order_holds_with_a_search_a_filter_and_the_download(crowd: Desk) -> None:
    found = crowd.send("/data-browser/contacts", {"q": "crowd", "order": "-name"})
    sheet = crowd.see(found.link("Download")).response.content.decode("utf-8-sig")
    names = [row["name"] for row in csv.DictReader(io.StringIO(sheet))]

    assert len(names) == 70
    assert names == sorted(names, reverse=True)
    assert found.text.index("Person 069") < found.text.index("Person 040")


def test_an_order_that_there_is_not_is_none(crowd: Desk) -> None:
    assert names_in_order(crowd, "/data-browser/contacts?order=phone") == names_in_order(
        crowd, "/data-browser/contacts"
    )


@pytest.fixture
def crowd(owner: Desk) -> Desk:
    """Seventy more contacts at the school, some without e-mail, some with two, one of later."""
    ids = [f"66b00000000000000000{number:04x}" for number in range(0x1000, 0x1046)]
    with connect() as to:
        for number, id_ in enumerate(ids):
            email = EMAILS[number % len(EMAILS)]
            record(
                to, "contact", LAKESIDE, id_, legacy_id=id_[:-4] + f"f{number:03}",
                name=f"Person {number:03} Crowd", sis_id=f"C{number % 7}" if number % 3 else None,
                email=email and email.replace("@", f"{number}@"),
                more_emails='["aaa@families.example"]' if number % 5 == 0 else None,
            )  # fmt: skip
            record(
                to, "student", LAKESIDE, id_[:-5] + f"a{number:04}", sis_id=f"P{number:03}",
                school_sis_id="SCH-1", last_name=f"Pupil {number:03}",
            )  # fmt: skip
            add_relationship(
                to, LAKESIDE, id_[:-5] + f"b{number:04}", id_, LEDA, "Other", None, None
            )
        later = "66b00000000000000000ffff"
        record(to, "contact", LAKESIDE, later, since=3, created=3, legacy_id=later,
               name="Later Person")  # fmt: skip
        add_relationship(to, LAKESIDE, later, later, LEDA, "Other", None, None, since=3)
        for number, count in ((1, 72), (2, 1), (3, 1)):
            made = {kind: {"created": count, "updated": 0} for kind in ("contact", "student")}
            to.execute(
                "UPDATE version SET counts = %s WHERE district_id = %s AND number = %s",
                (json.dumps({"changes": made}), LAKESIDE, number),
            )
    return owner
