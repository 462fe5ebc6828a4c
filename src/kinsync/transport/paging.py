"""Lists in pages: how the next one is asked for, and how one knows that nothing is missing.

Each kind of paging is a small value that says what to ask next; ``pages`` walks them all and holds
every list to the same account: a page that comes twice, a cursor that turns in a circle, a count
that changes or is not reached make an *incomplete pull*.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kinsync.domain.errors import IncompletePull
from kinsync.transport.http import Answer, Http

Rows = list[dict[str, Any]]
MOST_PAGES = 1_000_000
_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: parameters of the list's own address, or an address of its own.

    With a ``body`` the address of its own wants it posted.
    """

    params: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    body: Mapping[str, Any] | None = None


class Paging(Protocol):
    """One kind of paging."""

    def first(self) -> Asked:
        """What to ask first."""

    def after(self, asked: Asked, answer: Answer, rows: int) -> Asked | None:
        """What to ask after an answer of so many rows; None where that was the last."""

    def total(self, answer: Answer) -> int | None:
        """How many rows the whole list has, where the answer says so."""


@dataclass(frozen=True, slots=True)
class Unpaged:
    """The whole list in one answer."""

    def first(self) -> Asked:
        return Asked()

    def after(self, asked: Asked, answer: Answer, rows: int) -> Asked | None:
        return None

    def total(self, answer: Answer) -> int | None:
        return None


@dataclass(frozen=True, slots=True)
class Records:
    """From record to record, both included and counted from 1, until a page is short."""

    size: int
    first_name: str
    last_name: str

    def first(self) -> Asked:
        return self._from(1)

    def after(self, asked: Asked, answer: Answer, rows: int) -> Asked | None:
        return self._from(int(asked.params[self.first_name]) + rows) if rows >= self.size else None

    def total(self, answer: Answer) -> int | None:
        return None

    def _from(self, record: int) -> Asked:
        last = record + self.size - 1
        return Asked({self.first_name: str(record), self.last_name: str(last)})


@dataclass(frozen=True, slots=True)
class Offset:
    """``limit`` and ``offset``, until the announced total is reached, or else a page is empty.

    A server may give fewer rows than asked for, so a short page alone ends nothing. A link to the
    next page is followed where there is one.

    Args:
        total_header: header that says how many rows there are in all.
        follows: links are followed. Behind a proxy they may lead to a host that nobody outside
            knows, and a system whose offsets can be counted needs none.
    """

    size: int
    total_header: str = "X-Total-Count"
    limit_name: str = "limit"
    offset_name: str = "offset"
    first_params: Mapping[str, str] = field(default_factory=dict)
    follows: bool = True

    def first(self) -> Asked:
        return self._at(0)

    def after(self, asked: Asked, answer: Answer, rows: int) -> Asked | None:
        if not rows:
            return None
        reached = int(asked.params.get(self.offset_name, 0)) + rows
        total = self.total(answer)
        if total is not None and reached >= total:
            return None
        link = next_link(answer) if self.follows else None
        return Asked(self._at(reached).params, link or "")

    def total(self, answer: Answer) -> int | None:
        return _number(answer.headers.get(self.total_header))

    def _at(self, offset: int) -> Asked:
        first = self.first_params if offset == 0 else {}
        return Asked({self.limit_name: str(self.size), self.offset_name: str(offset), **first})


@dataclass(frozen=True, slots=True)
class Numbered:
    """Numbered pages, until ``all_rows`` are there, the last number is reached, or one is empty.

    Args:
        all_rows: how many rows there are, where that was asked before.
        last: the number of the last page, or None, out of an answer.
        found: the number of all rows, or None, out of an answer.
    """

    size: int
    page_name: str = "page"
    size_name: str = "pagesize"
    all_rows: int | None = None
    last: Callable[[Answer], int | None] = lambda _answer: None
    found: Callable[[Answer], int | None] = lambda _answer: None

    def first(self) -> Asked:
        return self._page(1)

    def after(self, asked: Asked, answer: Answer, rows: int) -> Asked | None:
        number = int(asked.params[self.page_name])
        last = self.last(answer)
        if self.all_rows is not None:
            last = -(-self.all_rows // self.size)
        return None if not rows or (last is not None and number >= last) else self._page(number + 1)

    def total(self, answer: Answer) -> int | None:
        return self.all_rows if self.all_rows is not None else self.found(answer)

    def _page(self, number: int) -> Asked:
        return Asked({self.page_name: str(number), self.size_name: str(self.size)})


@dataclass(frozen=True, slots=True)
class Linked:
    """A ``Link`` header leads from page to page; the list ends where none does."""

    params: Mapping[str, str] = field(default_factory=dict)
    total_header: str = "X-Total-Count"

    def first(self) -> Asked:
        return Asked(self.params)

    def after(self, asked: Asked, answer: Answer, rows: int) -> Asked | None:
        url = next_link(answer)
        return Asked(url=url) if url else None

    def total(self, answer: Answer) -> int | None:
        return _number(answer.headers.get(self.total_header))


@dataclass(frozen=True, slots=True)
class Cursor:
    """Each answer holds the key of the next page; the list ends where it holds none."""

    key: Callable[[Answer], str | None]
    key_name: str
    params: Mapping[str, str] = field(default_factory=dict)
    later_params: Mapping[str, str] = field(default_factory=dict)

    def first(self) -> Asked:
        return Asked(self.params)

    def after(self, asked: Asked, answer: Answer, rows: int) -> Asked | None:
        key = self.key(answer)
        return Asked({**self.later_params, self.key_name: key}) if key else None

    def total(self, answer: Answer) -> int | None:
        return None


def pages(
    http: Http,
    path: str,
    paging: Paging,
    params: Mapping[str, str] | None = None,
    rows: Callable[[Answer], Rows] = Answer.rows,
    key: Sequence[str] = (),
    parts: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    may_repeat: bool = False,
    is_query: bool = False,
) -> Iterator[Rows]:
    """The pages of a list, in order, each when it has come; empty ones are left out.

    Args:
        rows: the rows of an answer.
        key: names whose values tell rows apart: where a list moves while it is read, a row of one
            page comes again on another, and another row not at all.
        may_repeat: the row that ends a page may begin the next one. Either the system has it twice,
            or somebody came in before it: nobody is lost by that.
        headers: sent with every request.
        is_query: the list wants to be asked by POST.

    Raises:
        IncompletePull, SourceRefusal: what came is not the whole list.
    """
    account = _Account(http.who, path, key, may_repeat)
    ask = http.post if is_query else http.get
    asked: Asked | None = paging.first()
    while asked is not None:
        account.note_asked(asked)
        wanted = {**(params or {}), **asked.params}
        if asked.url:
            answer = http.follow(path, asked.url, headers=headers, body=asked.body)
        else:
            answer = ask(path, wanted, headers, parts)
        found = rows(answer)
        account.note(found, answer.body, paging.total(answer))
        if found:
            yield found
        asked = paging.after(asked, answer, len(found))
    account.close()


def next_link(answer: Answer) -> str | None:
    """Where a ``Link`` header says that the next page is."""
    found = _LINK.search(answer.headers.get("link", ""))
    return found[1] if found else None


@dataclass(slots=True)
class _Account:
    """What has come of one list."""

    who: str
    place: str
    key: Sequence[str]
    may_repeat: bool
    rows: int = 0
    total: int | None = None
    _asked: set[str] = field(default_factory=set)
    _bodies: set[bytes] = field(default_factory=set)
    _keys: set[int] = field(default_factory=set)  # hashes: a list may have millions of rows
    _last: int | None = None

    def note_asked(self, asked: Asked) -> None:
        question = asked.url or repr(sorted(asked.params.items()))
        if question in self._asked or len(self._asked) >= MOST_PAGES:
            raise self._short("its pages lead around in a circle")
        self._asked.add(question)

    def note(self, found: Rows, body: bytes, total: int | None) -> None:
        if total is not None and self.total is not None and total != self.total:
            raise self._short(f"it counted {self.total} rows at first, and then {total}")
        self.total = self.total if total is None else total
        self.rows += len(found)
        digest = hashlib.sha256(body).digest()
        if found and digest in self._bodies:
            raise self._short("a page came twice")
        self._bodies.add(digest)
        self._note_keys([hash(tuple(row.get(one) for one in self.key)) for row in found])

    def _note_keys(self, names: Sequence[int]) -> None:
        if not self.key or not names:
            return
        repeated = self._keys.intersection(names)
        if self.may_repeat and names[0] == self._last:
            repeated.discard(names[0])
        if repeated:
            raise self._short("a row came twice: the list moved while it was read")
        self._keys.update(names)
        self._last = names[-1]

    def close(self) -> None:
        if self.total is not None and self.rows != self.total:
            raise self._short(f"{self.rows} of {self.total} rows came")

    def _short(self, reason: str) -> IncompletePull:
        return IncompletePull(
            f"{self.who} did not give the whole of {self.place}: {reason}. Nothing was published; "
            "the next pull tries again."
        )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdigit() else None
