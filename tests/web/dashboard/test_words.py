"""Values as people in a school office read them."""

import pytest

from kinsync.web.dashboard.words import browser_name, percent, shown


def test_phones_and_lists_are_written_out() -> None:
    phones = '[{"phone": "3605550188", "extension": "7", "type": "Work"}, {"phone": "13605550199"}]'

    assert shown("3605550188", "phone") == "(360) 555-0188"
    assert shown(phones, "more_phones") == "(360) 555-0188 ext. 7 (Work), (360) 555-0199"
    assert shown('["a@b.example", "c@d.example"]', "more_emails") == "a@b.example, c@d.example"
    assert shown("Tove Holm", "name") == "Tove Holm"
    assert shown(None, "more_phones") is None


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
         "Firefox on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
         " Version/18.5 Safari/605.1.15", "Safari on Mac"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
         " Gecko) Version/18.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko)"
         " Chrome/138.0.0.0 Safari/537.36", "Chrome on ChromeOS"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
         " Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0", "Edge on Windows"),
        ("curl/8.5.0", "Another program"),
        ("", "Another program"),
    ],
)  # fmt: skip
def test_a_browser_is_named_by_what_people_call_it(agent: str, name: str) -> None:
    assert browser_name(agent) == name


def test_small_shares_have_a_decimal_and_nothing_of_nothing_is_none() -> None:
    assert (percent(97, 100), percent(3, 160), percent(0, 9), percent(1, 0)) == (
        "97%", "1.9%", "0%", "–",
    )  # fmt: skip
