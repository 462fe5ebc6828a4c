"""The sample district shows every finding of the catalogue, with its place."""

from collections import Counter
from pathlib import Path

import pytest

from kinsync.domain.rules import FILE_CODES, RULES
from kinsync.services.check import checked
from kinsync.services.delivery import open_delivery
from kinsync.services.report import Report, all_findings, report_on

SAMPLES = Path(__file__).parents[2] / "samples"
ELSEWHERE = {
    *("student-unknown", "encoding-guessed", "deletions-deferred", "contact-unknown"),
    *("contact-flag-unknown", "contact-order-unknown", "contact-date-unknown"),
    *("contact-restricted-unknown", "deletions-at-next-whole-pull"),
    *("source-older-used", "source-not-arrived", "source-paused", "file-beside-sources"),
}
"""Takes the second file, one of another encoding, a version published before, a package, a
source that says more of contacts than Clever's format, or one of several sources."""


def reported(*, contacts: bool) -> tuple[Report, Counter[str]]:
    """The report, and the findings that were written down, counted by code."""
    second = SAMPLES / "customcontacts" / "contacts.csv"
    delivery = open_delivery(SAMPLES / "students.csv", contacts=second if contacts else None)
    with checked(delivery) as intake:
        return report_on(intake), Counter(all_findings(intake)["code"])


@pytest.fixture(scope="module")
def students() -> tuple[Report, Counter[str]]:
    return reported(contacts=False)


def test_every_finding_that_a_readable_students_file_can_have_is_there(
    students: tuple[Report, Counter[str]],
) -> None:
    _, written = students

    assert set(written) == set(RULES) - FILE_CODES - ELSEWHERE


def test_what_is_counted_is_what_is_written_down(students: tuple[Report, Counter[str]]) -> None:
    report, written = students

    assert {rule.code: rule.count for rule in report.rules} == written


def test_each_rule_names_its_first_places(students: tuple[Report, Counter[str]]) -> None:
    report, _ = students
    in_header = {"column-duplicate", "column-unknown"}

    for rule in report.rules:
        assert rule.places, rule.code
        for place in rule.places:
            assert place.file == "students.csv"
            assert place.row is not None
            assert (place.row == 1) == (rule.code in in_header)


def test_rows_are_published_held_or_collapsed(students: tuple[Report, Counter[str]]) -> None:
    counts = students[0].counts

    assert counts.rows == counts.published + counts.held + counts.collapsed + counts.excluded
    assert (counts.rows, counts.held, counts.collapsed) == (4454, 13, 1)


def test_the_second_file_adds_its_contacts_and_holds_the_one_of_an_unknown_student(
    students: tuple[Report, Counter[str]],
) -> None:
    alone = students[0]
    report, written = reported(contacts=True)
    (unknown,) = (rule for rule in report.rules if rule.code == "student-unknown")

    assert written["student-unknown"] == 1
    assert [(place.file, place.row, place.column) for place in unknown.places] == [
        ("contacts.csv", 40, "student_id")
    ]
    assert report.counts.rows - alone.counts.rows == 39
    assert report.counts.published - alone.counts.published == 38
    assert report.counts.relationships - alone.counts.relationships == 38
    assert report.counts.students == alone.counts.students
