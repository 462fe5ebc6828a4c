"""The catalogue of findings speaks to a district admin and keeps its promises."""

import re

import pytest

from kinsync.domain.rules import FILE_CODES, HELD_CODES, RULES, Rule, Severity


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_advice_says_what_to_do_and_what_happens_meanwhile(rule: Rule) -> None:
    assert re.search(r"Until then|Meanwhile|Nothing to do", rule.advice)
    assert rule.advice.endswith(".")
    assert not rule.title.endswith(".")


@pytest.mark.parametrize("code", sorted(FILE_CODES | HELD_CODES))
def test_what_keeps_data_back_is_an_error(code: str) -> None:
    assert RULES[code].severity is Severity.ERROR


def test_nothing_else_is_an_error() -> None:
    errors = {code for code, rule in RULES.items() if rule.severity is Severity.ERROR}

    assert errors == FILE_CODES | HELD_CODES
