"""Quality: figures that are counted, drawn, and there as tables too."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinsync.store import records
from kinsync.web.dashboard.charts import columns, rate
from tests.web.dashboard.brookfield import EVERYBODY, FAMILIES, HEADER, sync_file
from tests.web.dashboard.desk import Desk

SECOND = "S001,SCH-1,Holm1,Child,4,Emergency,Grandma Holm1,,5035550901,\n"
LONELY = "S900,SCH-2,Quill,Ada,4,,,,,\n"


def row(html: str, heading: str) -> list[str]:
    """The cells of the table row with that heading."""
    for found in re.findall(r"<tr>(.*?)</tr>", html, re.S):
        cells = [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.split(r"</t[hd]>", found)]
        if cells[0] == heading:
            return cells[1:-1]
    raise AssertionError(f"no row {heading!r}")


@pytest.fixture
def published(office: Desk) -> Desk:
    """Sixty families; one student has two contacts, one has none."""
    sync_file(office, EVERYBODY + SECOND + LONELY)
    return office


def test_a_district_without_data_is_told_what_to_do(office: Desk) -> None:
    assert "Nothing is published yet" in office.see("/quality").text


def test_students_are_counted_by_how_many_contacts_they_have(published: Desk) -> None:
    html = published.see("/quality").html

    assert row(html, "none") == ["1", "1.6%"]
    assert row(html, "1") == ["59", "97%"]
    assert row(html, "2") == ["1", "1.6%"]
    assert row(html, "8 or more") == ["0", "0%"]


def test_types_and_what_is_known_by_school_are_counted(published: Desk) -> None:
    html = published.see("/quality").html

    assert row(html, "Primary") == ["98%", "60"]
    assert row(html, "Emergency") == ["1.6%", "1"] or row(html, "Emergency") == ["2%", "1"]
    assert row(html, "SCH-1") == ["21", "100%", "95%", "95%"]
    assert row(html, "SCH-0") == ["20", "100%", "100%", "100%"]


def test_the_school_of_which_the_least_is_known_stands_first(published: Desk) -> None:
    text = published.see("/quality").text

    assert text.index("SCH-1") < text.index("SCH-0")


def test_a_new_version_is_counted_anew_and_findings_are_shown_by_sync(published: Desk) -> None:
    published.see("/quality")
    blank = "S901,SCH-1,Quill,Ada,4,Primary,,Mother,5035550999,\n"
    sync_file(published, HEADER + "".join(FAMILIES) + SECOND + LONELY + blank)
    seen = published.see("/quality")

    assert f"version {records.find_district('Brookfield').published}" in seen.text
    last = max(one.id for one in records.list_syncs(records.find_district("Brookfield").id))
    assert row(seen.html.split('id="over"')[1], str(last))[1] == "1"


def test_every_drawing_has_its_words_and_its_table(published: Desk) -> None:
    html = published.see("/quality").html
    drawings = re.findall(r'<svg class="chart"[^>]*role="img" aria-label="([^"]+)"', html)

    assert len(drawings) == 2
    assert html.count("As a table") == 2
    assert "style=" not in html


def test_an_operator_sees_the_figures_and_the_neighbour_his_own(
    published: Desk, operator: Desk, owner: Desk
) -> None:
    brookfield = records.find_district("Brookfield").public_id
    token = operator.see("/").token
    operator.post("/district", {"district": brookfield, "csrfmiddlewaretoken": token})

    assert row(operator.see("/quality").html, "1")[0] == "59"
    assert "SCH-0" not in owner.see("/quality").html


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=40))
def test_columns_stay_within_their_drawing_and_keep_their_proportion(
    parts: list[tuple[int, int]],
) -> None:
    drawn = columns([("<x>", pair) for pair in parts], "a title", "bad,calm")
    rects = re.findall(
        r'<rect class="\w+" x="\d+" y="([-\d.]+)" width="\d+" height="([\d.]+)"', drawn
    )
    heights = [float(height) for _, height in rects]
    told = [part for pair in parts for part in pair if part]

    assert "<x>" not in drawn
    assert len(heights) == len(told)
    assert all(float(y) >= 13.8 and float(y) + float(h) <= 194.3 for y, h in rects)
    if told:
        assert heights[told.index(max(told))] == max(heights)


def test_a_rate_of_nothing_is_none_and_a_low_one_is_marked() -> None:
    assert "–" in rate(0, 0)
    assert "rate bad" in rate(3, 10)
    assert "rate good" in rate(10, 10)
