"""The Data Browser of a large district among a thousand others: its pages over HTTP, signed in.

One web process is asked one page after the other, as a browser with a session asks: each list, each
filter, each order, each way to search, pages of people, as of an earlier version, the first bytes
of a CSV. Of every kind of request the values differ from one to the next (names, phones, ids and
schools of the district's own file), so that no answer is known already.
"""

import html
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import polars as pl

from benchmarks.api import ADDRESS, DISTRICT, serving
from benchmarks.measure import kinsync
from benchmarks.neighbours import live_in

MUST_MS = 300
"""The 95th percentile of each kind of request that holds at 3,000,000 rows."""
REQUESTS = 40
OTHERS = 1_000
PERSON = "office@bench.example"
PREPARED_SECONDS = 900
REST_SECONDS = 0.5
"""After the first bytes of a CSV: what is read on of it is not the next one's to wait for."""
COLUMNS = (
    "Student_id", "School_id", "Last_name", "First_name", "Contact_name", "Contact_phone",
    "Contact_email", "Contact_sis_id",
)  # fmt: skip
TYPES = ("Primary", "Secondary", "Emergency", "Family", "Other", "Parent/Guardian")
RELATIONSHIPS = ("Parent", "Grandparent", "Aunt/Uncle", "Sibling", "Other")

Asked = Callable[[], httpx.Request]


def run(home: Path, file: Path, *, others: int = OTHERS, requests: int = REQUESTS) -> None:
    """Measure the pages of the district in ``home`` of which ``file`` is published."""
    kinsync("app", "add", "Reader", home=home)
    kinsync("connect", DISTRICT, "Reader", "--types", "Primary,Emergency", home=home)
    live_in(home, DISTRICT, file, others)
    password = _password(home)
    with serving(home), httpx.Client(base_url=f"http://{ADDRESS}", timeout=120) as client:
        desk = _Desk(client, _sample(file))
        desk.sign_in(password)
        desk.wait_until_ready()
        print(f"\n{'page of the Data Browser':48}{'p50 ms':>9}{'p95 ms':>9}{'most':>9}   must p95")
        for name, asked in desk.kinds():
            _show(name, desk, asked, requests)


def _show(name: str, desk: "_Desk", asked: Asked, requests: int) -> None:
    took, lasts = [], b""
    for number in range(requests + 2):
        seconds, lasts = desk.ask(asked())
        if number >= 2:  # the first ones find nothing in memory, as after a restart
            took.append(seconds * 1000)
    cut = statistics.quantiles(took, n=20)[18]
    note = "" if cut <= MUST_MS else "  TOO SLOW"
    middle, most = statistics.median(took), max(took)
    print(f"{name:48}{middle:9.1f}{cut:9.1f}{most:9.1f}   {MUST_MS}{note}", flush=True)
    if not lasts:
        raise RuntimeError(f"{name}: an answer without a word")


def _password(home: Path) -> str:
    """A new password of an owner of the district."""
    kinsync("user", "add", PERSON, "--district", DISTRICT, "--role", "owner", home=home)
    told = subprocess.run(
        [sys.executable, "-m", "kinsync", "user", "password", PERSON, "--json"],
        capture_output=True, text=True, check=True, env={**os.environ, "KINSYNC_HOME": str(home)},
    ).stdout  # fmt: skip
    return str(json.loads(told)["password"])


def _sample(file: Path) -> list[dict[str, str]]:
    """Rows from all over the file."""
    rows = pl.scan_csv(file, infer_schema=False, truncate_ragged_lines=True).select(COLUMNS)
    whole = rows.filter(pl.all_horizontal(pl.col(COLUMNS[:6]).is_not_null()))
    return whole.collect().sample(2_000, seed=7).fill_null("").to_dicts()


class _Desk:
    """Somebody who has signed in, and whom they look for."""

    def __init__(self, client: httpx.Client, rows: list[dict[str, str]]) -> None:
        self.client = client
        self.rows = rows
        self.dice = random.Random(7)
        self.csrf = ""
        self.people: dict[str, list[str]] = {"contacts": [], "students": []}

    def sign_in(self, password: str) -> None:
        """With the token of the page, as a browser does."""
        form = {"login": PERSON, "password": password, "csrfmiddlewaretoken": self._token()}
        answer = self.client.post("/accounts/login/", data=form, follow_redirects=True)
        if "Sign out" not in answer.text:
            raise RuntimeError("signing in did not work")

    def wait_until_ready(self) -> None:
        """Until people can be found, by what is wrong with their rows as well."""
        until = time.monotonic() + PREPARED_SECONDS
        addresses = ["/data-browser/contacts", "/data-browser/contacts?finding=phone-length"]
        while any("being prepared" in self.client.get(one).text for one in addresses):
            if time.monotonic() > until:
                raise RuntimeError("the search was not ready in time")
            time.sleep(2)
        self.csrf = self._token("/data-browser/contacts")
        for _ in range(10):
            for tab, ids in self.people.items():
                _, page = self.ask(self._find(tab, self._words()))
                ids += re.findall(rf"/data-browser/{tab}/([0-9a-f]{{24}})", page.decode())

    def ask(self, request: httpx.Request) -> tuple[float, bytes]:
        """Seconds until the answer is whole, and it; of a CSV, until its first bytes are there."""
        start = time.perf_counter()
        answer = self.client.send(request, stream=True)
        try:
            while answer.has_redirect_location:
                answer.read()
                answer = self.client.send(answer.next_request, stream=True)  # type: ignore[arg-type]
            body = next(answer.iter_bytes()) if _is_sheet(answer) else answer.read()
            seconds = time.perf_counter() - start
        finally:
            answer.close()
        if _is_sheet(answer):
            time.sleep(REST_SECONDS)
        if answer.status_code != 200 or b"being prepared" in body:
            raise RuntimeError(f"{request.url.path}: {answer.status_code}")
        return seconds, body

    def kinds(self) -> Iterator[tuple[str, Asked]]:
        """Every kind of request: its name, and what asks for one."""
        tabs = ("contacts", "student-contacts", "students")
        for tab in tabs:
            yield f"{tab}: first page", self._list(tab)
            yield f"{tab}: a later page", self._later(tab)
        for tab, orders in ORDERS.items():
            for order in orders:
                yield f"{tab}: by {order}", self._list(tab, order=_always(order))
        yield from self._filters()
        yield from self._searches()
        yield (
            "a contact's page",
            lambda: self._get(f"/data-browser/contacts/{self._who('contacts')}"),
        )
        yield (
            "a student's page",
            lambda: self._get(f"/data-browser/students/{self._who('students')}"),
        )
        yield (
            "a contact's page as of version 1",
            lambda: self._get(f"/data-browser/contacts/{self._who('contacts')}?version=1"),
        )
        for tab in tabs:
            yield f"{tab}: as of version 1", self._list(tab, version=lambda: "1")
            yield f"{tab}: CSV, first bytes", self._at(f"/data-browser/{tab}.csv")
        yield (
            "contacts: CSV of a school, first bytes",
            lambda: self._get("/data-browser/contacts.csv", school=self._row()["School_id"]),
        )
        yield "schools", lambda: self._get("/data-browser/schools")

    def _filters(self) -> Iterator[tuple[str, Asked]]:
        school = lambda: self._row()["School_id"]  # noqa: E731 - said once for many
        grade = lambda: str(self.dice.randint(1, 12))  # noqa: E731
        for tab in ("contacts", "student-contacts"):
            yield f"{tab}: of a school", self._list(tab, school=school)
            yield f"{tab}: of a grade", self._list(tab, grade=grade)
            yield f"{tab}: of a type", self._list(tab, type=lambda: self.dice.choice(TYPES))
            yield (
                f"{tab}: of a relationship",
                self._list(tab, relationship=lambda: self.dice.choice(RELATIONSHIPS)),
            )
            for missing in ("phone", "email", "both"):
                yield f"{tab}: missing {missing}", self._list(tab, missing=_always(missing))
            yield f"{tab}: changed last", self._list(tab, changed=lambda: "1")
            yield f"{tab}: changed in 7 versions", self._list(tab, changed=lambda: "7")
            yield f"{tab}: with a finding", self._list(tab, finding=lambda: self.dice.choice(FOUND))
            yield (
                f"{tab}: of a school, by e-mail",
                self._list(tab, school=school, order=lambda: "-email"),
            )
            yield (
                f"{tab}: of a school, grade, type, no e-mail",
                self._list(
                    tab, school=school, grade=grade, type=lambda: self.dice.choice(TYPES),
                    missing=lambda: "email",
                ),
            )  # fmt: skip
        yield "students: of a school", self._list("students", school=school)
        yield "students: of a grade", self._list("students", grade=grade)
        for missing in ("contacts", "phone", "email", "both"):
            yield (
                f"students: missing {missing}",
                self._list("students", missing=_always(missing)),
            )
        yield "students: changed last", self._list("students", changed=lambda: "1")
        yield (
            "students: with a finding",
            self._list("students", finding=lambda: self.dice.choice(FOUND)),
        )

    def _searches(self) -> Iterator[tuple[str, Asked]]:
        row = self._row
        ways: dict[str, Callable[[], str]] = {
            "a whole name": lambda: row()["Contact_name"],
            "the beginning of a surname": lambda: row()["Contact_name"].split()[-1][:4],
            "one letter": lambda: row()["Contact_name"][:1],
            "two beginnings": lambda: " ".join(w[:3] for w in row()["Contact_name"].split()[::-1]),
            "a phone": lambda: row()["Contact_phone"],
            "the last four digits": lambda: row()["Contact_phone"][-4:],
            "an e-mail": lambda: row()["Contact_email"] or "nobody@families.example",
            "nobody": lambda: "zzyzx quux",
            "a Kinsync id": lambda: self._who("contacts"),
        }
        for name, way in ways.items():
            yield f"search for {name}", self._looking(way)
        yield "search for a SIS id", lambda: self._find("students", row()["Student_id"])
        yield (
            "search for a student",
            lambda: self._find("students", f"{(one := row())['First_name']} {one['Last_name']}"),
        )
        yield (
            "search for a surname, by e-mail",
            lambda: self._find("contacts", row()["Contact_name"].split()[-1], order="email"),
        )

    # -- one request -----------------------------------------------------------------------------

    def _row(self) -> dict[str, str]:
        return self.dice.choice(self.rows)

    def _words(self) -> str:
        return self._row()["Contact_name"].split()[-1][:5]

    def _who(self, tab: str) -> str:
        return self.dice.choice(self.people[tab])

    def _get(self, path: str, **given: str) -> httpx.Request:
        return self.client.build_request("GET", path, params=given)

    def _at(self, path: str) -> Asked:
        return lambda: self._get(path)

    def _looking(self, way: Callable[[], str]) -> Asked:
        return lambda: self._find("contacts", way())

    def _list(self, tab: str, **given: Callable[[], str]) -> Asked:
        return lambda: self._get(
            f"/data-browser/{tab}", **{name: value() for name, value in given.items()}
        )

    def _later(self, tab: str) -> Asked:
        """Somewhere in the middle of the list: one page behind what a search found."""
        found = self.client.get(f"/data-browser/{tab}")
        following = [_next(found.text)]
        for _ in range(5):
            following.append(_next(self.client.get(following[-1]).text))
        return lambda: self._get(self.dice.choice(following))

    def _find(self, tab: str, text: str, **given: str) -> httpx.Request:
        """What is typed is sent, and leads to the address of its list."""
        form = {"q": text, "csrfmiddlewaretoken": self.csrf, **given}
        return self.client.build_request("POST", f"/data-browser/{tab}", data=form)

    def _token(self, address: str = "/accounts/login/") -> str:
        page = self.client.get(address).text
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if found is None:
            raise RuntimeError(f"{address} has no form")
        return found[1]


ORDERS: dict[str, Sequence[str]] = {
    "contacts": ("-name", "email", "-email", "sis_id", "-sis_id", "since", "-since"),
    "student-contacts": ("-name", "email"),
    "students": ("-name", "sis_id", "-sis_id", "since", "-since"),
}
FOUND = (
    "phone-length",
    "phone-extension",
    "email-format",
    "contact-repeated",
    "student-rows-differ",
)


def _always(value: str) -> Callable[[], str]:
    return lambda: value


def _is_sheet(answer: httpx.Response) -> bool:
    return str(answer.headers.get("content-type", "")).startswith("text/csv")


def _next(page: str) -> str:
    found = re.search(r'<a class="button quiet" href="([^"]*)">(?:Next page|Keep looking)', page)
    if found is None:
        raise RuntimeError("a list of one page alone")
    return html.unescape(found[1])
