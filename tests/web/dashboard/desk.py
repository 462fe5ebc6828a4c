"""What somebody at a desk does: sign in, load a page, read what is visible, send a form."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser

import httpx

PASSWORD = "a bus full of violas"


def add_person(email: str, district: str | None, role: str) -> str:
    """Somebody who may sign in; answers the mailbox."""
    from kinsync.services import people
    from kinsync.store import records

    people.add(
        email,
        district=records.find_district(district) if district else None,
        role=role,
        is_operator=district is None,
        password=PASSWORD,
        at=datetime.now(UTC),
    )
    return email


class _Text(HTMLParser):
    """The text of a page that is visible."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style", "head")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "head")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


@dataclass(frozen=True, slots=True)
class Seen:
    """One page as it came."""

    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def html(self) -> str:
        return self.response.text

    @property
    def text(self) -> str:
        """What is visible, with single spaces."""
        parser = _Text()
        parser.feed(self.html)
        return " ".join(" ".join(parser.parts).split())

    @property
    def address(self) -> str:
        return self.response.url.raw_path.decode()

    @property
    def token(self) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.html)
        assert found, self.text
        return found[1]

    def link(self, words: str) -> str:
        """Where a link with these words leads."""
        for address, inner in re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', self.html, re.S):
            if words in re.sub(r"<[^>]*>", "", inner):
                return unescape(address)
        raise AssertionError(f"no link {words!r} in: {self.text}")


@dataclass(frozen=True, slots=True)
class Desk:
    """One browser."""

    client: httpx.Client

    def sign_in(self, email: str, password: str = PASSWORD) -> "Desk":
        """Sign in, and see that it worked."""
        seen = self.try_to_sign_in(email, password)
        assert seen.status == 200
        assert "Sign in" not in seen.html, seen.text
        return self

    def try_to_sign_in(self, email: str, password: str) -> Seen:
        return self.send("/accounts/login/", {"login": email, "password": password})

    def see(self, address: str, **headers: str) -> Seen:
        """Load a page."""
        return Seen(self.client.get(address, headers=headers, follow_redirects=True))

    def send(self, address: str, form: dict[str, str], *, page: str = "") -> Seen:
        """Send a form of a page, with the token that the page has."""
        token = self.see(page or address).token
        return self.post(address, {**form, "csrfmiddlewaretoken": token})

    def post(self, address: str, form: dict[str, str]) -> Seen:
        """Send a form as it is."""
        return self._arrived(Seen(self.client.post(address, data=form, follow_redirects=True)))

    def _arrived(self, seen: Seen) -> Seen:
        """The page behind one that waits for what was begun."""
        while seen.address.startswith("/sync/errands/"):
            time.sleep(0.05)
            seen = self.see(seen.address)
        return seen

    def upload(self, name: str, content: bytes) -> Seen:
        """Choose a file on the page Sync, and send it."""
        token = self.see("/sync").token
        response = self.client.post(
            "/sync/upload",
            data={"csrfmiddlewaretoken": token},
            files={"file": (name, content, "text/csv")},
            follow_redirects=True,
        )
        return self._arrived(Seen(response))
