"""Infinite Campus API Sync: its OneRoster service, of either version.

Source: Infinite Campus, "OneRoster 1.1 Data Models", "OneRoster 1.2 Data Models" and "OneRoster
Prerequisites"; Clever, "Infinite Campus Sync Comparison"; notes of consumers and consortia.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import httpx2

from kinsync.connectors.connector import Carries, Given, Setting
from kinsync.connectors.oneroster.rest import TOKENS, OneRoster
from kinsync.domain.errors import ChangeInput

METADATA = (".metadata.",)
"""What a column has in it that only the vendor's own extension brings."""


class InfiniteCampusApi(OneRoster):
    """A district's Infinite Campus, read over OneRoster."""

    name: ClassVar = "infinite-campus-api"
    title: ClassVar = "Infinite Campus API Sync"
    mapping: ClassVar = ""
    cadence: ClassVar = "every 6 hours from 00:45"
    settings: ClassVar[Sequence[Setting]] = (
        Setting("url", "the Base URL of the application, as Infinite Campus shows it"),
        Setting("token_url", "the Token URL beside it, which ends in ?appName=…"),
        Setting("client_id", "the Client ID beside it"),
        Setting("client_secret", "the Client Secret beside it", is_secret=True),
        Setting("scope", "scopes to ask for, blanks between; blank: none, which will do", ""),
        Setting("auth", f"{' or '.join(TOKENS)}: where the credentials stand", "oauth2"),
        Setting("version", "1.1 or 1.2, for an address without its path", "1.2"),
        Setting("disabled", "no: leave out people whose account is disabled", "yes"),
        Setting("page_size", "users asked for at a time", "1000"),
        Setting("asked_alone", "people at most who are named, not listed, and looked up", "200"),
    )
    carries: ClassVar = Carries(
        contacts="all guardians and relatives of a student who have an account",
        sis_id="sourcedId: a GUID in 1.2, a number with a letter before it in 1.1",
        email="one: the primary",
        type="guardian Parent/Guardian, relative Family: the Guardian flag of the relationship",
        phones="one, as Home: Infinite Campus calls it Other Phone; and sms as Cell, if sent",
        addresses="none",
        flags="guardian, from the Guardian flag of the relationship, which is the type too",
        schools="all of a student are read; the first one is published",
        lost=(
            "contacts without an account of Campus Parent",
            "the word of the relationship, such as Mother or Aunt",
            "emergency priority, custody and pick-up",
            "cell, work and household phone",
            "a guardian of one student and relative of another has one role",
        ),
    )

    def base(self, given: Given) -> str:
        """The address as it is shown; that of 1.1 is sometimes shown with a part too many."""
        return super().base(given).replace("/oneroster/rostering/v1p1", "/oneroster/v1p1")

    def auth(self, given: Given) -> httpx2.Auth:
        given.chosen("auth", TOKENS)
        if "appname=" not in given["token_url"].lower():
            raise ChangeInput(
                "The setting token_url lacks ?appName=…, without which Infinite Campus gives no "
                "token. Copy the whole Token URL from the application's page there."
            )
        return super().auth(given)

    def extension(self, given: Given) -> Mapping[str, str]:
        wants_more = any(part in column for column in given.columns for part in METADATA)
        return {"ext_basic": "true"} if wants_more else {}
