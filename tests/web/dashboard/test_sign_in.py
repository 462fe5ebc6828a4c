"""Who comes in, who does not, and what a session is protected by."""

import time
from collections.abc import Callable

import pytest

from kinsync.services import people
from kinsync.store import accounts
from tests.web.dashboard.desk import PASSWORD, Desk, add_person

PAGES = (
    "/", "/sync", "/data-browser/contacts", "/data-browser/students", "/sources", "/applications",
    "/team", "/audit", "/data-browser/contacts.csv",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_signing_in(page: str, stranger: Desk) -> None:
    seen = stranger.see(page)

    assert seen.address.startswith("/accounts/login/")
    assert "Salvatore" not in seen.html


def test_a_wrong_password_opens_nothing_and_says_so(stranger: Desk, districts: None) -> None:
    add_person("owner@lakeside.example", "Lakeside", "owner")
    seen = stranger.try_to_sign_in("owner@lakeside.example", "not this one at all")

    assert "not correct" in seen.text
    assert stranger.see("/").address.startswith("/accounts/login/")


def test_an_unknown_mailbox_is_told_the_same_as_a_wrong_password(
    stranger: Desk, districts: None
) -> None:
    add_person("owner@lakeside.example", "Lakeside", "owner")
    known = stranger.try_to_sign_in("owner@lakeside.example", "not this one at all")
    unknown = stranger.try_to_sign_in("nobody@lakeside.example", "not this one at all")

    assert unknown.text == known.text


def test_after_ten_wrong_passwords_the_right_one_is_refused_too(
    stranger: Desk, districts: None
) -> None:
    add_person("owner@lakeside.example", "Lakeside", "owner")
    for _ in range(10):
        stranger.try_to_sign_in("owner@lakeside.example", "not this one at all")
    seen = stranger.try_to_sign_in("owner@lakeside.example", PASSWORD)

    assert seen.status == 429
    assert "Too many wrong passwords" in seen.text


def test_nobody_signs_up_by_themselves(stranger: Desk) -> None:
    form = {"email": "x@y.example", "password1": PASSWORD}
    token = stranger.see("/accounts/login/").token
    seen = stranger.post("/accounts/signup/", {**form, "csrfmiddlewaretoken": token})

    assert "losed" in seen.text
    assert accounts.find_person("x@y.example") is None


def test_a_form_from_elsewhere_is_refused(owner: Desk) -> None:
    seen = owner.post("/sync/pause", {"until": ""})

    assert seen.status == 403
    assert "Nothing was done" in seen.text


def test_cookies_are_kept_from_scripts_and_from_other_sites(stranger: Desk) -> None:
    response = stranger.client.get("/accounts/login/")
    cookies = response.headers.get_list("set-cookie")

    assert cookies
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_no_page_allows_inline_scripts_or_anything_from_elsewhere(owner: Desk) -> None:
    for page in PAGES:
        response = owner.client.get(page, follow_redirects=True)
        policy = response.headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"


def test_passwords_are_kept_as_argon2id(owner: Desk) -> None:
    from kinsync.store.models import User

    assert User.objects.get(email="owner@lakeside.example").password.startswith("argon2$argon2id$")


def test_another_password_ends_the_sessions(owner: Desk) -> None:
    people.new_password("owner@lakeside.example")

    assert owner.see("/").address.startswith("/accounts/login/")


def test_a_second_factor_is_asked_for_once_it_is_set_up(
    open_desk: Callable[[], Desk], owner: Desk
) -> None:
    from allauth.mfa.totp.internal.auth import TOTP
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.get(email="owner@lakeside.example")
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    desk = open_desk()
    seen = desk.try_to_sign_in("owner@lakeside.example", PASSWORD)
    assert "uthenticat" in seen.text
    assert desk.see("/sync").address.startswith("/accounts/")
    seen = desk.send("/accounts/2fa/authenticate/", {"code": _totp(secret)})

    assert "Lakeside" in seen.text


def _totp(secret: str) -> str:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def test_a_session_can_be_looked_at(owner: Desk) -> None:
    assert "Sessions" in owner.see("/accounts/sessions/").text


def test_a_host_that_is_not_ours_is_refused(stranger: Desk) -> None:
    response = stranger.client.get("/accounts/login/", headers={"host": "elsewhere.example"})

    assert response.status_code == 400
