"""What one address of the API is: how it is answered, and how it is described.

Each version has a table of these. The addresses, the description under ``/docs`` and the tests that
go through every address are made from the tables: an endpoint is added in one place.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from django.urls import URLPattern, re_path

from kinsync.web.api.answers import Body, Call, endpoint, not_found
from kinsync.web.api.envelope import counted, listed_nothing, wants_count, window

View: TypeAlias = Callable[..., Body]
"""Takes a ``Call`` and the path's parts; gives the body of an answer."""

PAGE = ("limit", "starting_after", "ending_before")
"""The parameters of a list."""
COUNTED = (*PAGE, "count")
"""Those of a collection, which can be counted instead."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address below a version, such as ``contacts/{id}/students``."""

    path: str
    view: View
    says: str
    """What is answered, as a sentence for developers."""
    gives: str
    """The kind of record: a schema of the description. Ends in ``[]`` for a page of them."""
    parameters: tuple[str, ...] = ()
    is_held: bool = True
    """Whether there is ever anything: what clients walk and Kinsync does not hold is empty."""
    is_bare: bool = False
    """Whether the records of a page stand there as they are, without their addresses."""

    @property
    def is_list(self) -> bool:
        """Whether it answers a page of records."""
        return self.gives.endswith("[]")

    @property
    def kind(self) -> str:
        """The kind of record, in a page or alone."""
        return self.gives.removesuffix("[]")


def patterns(endpoints: Iterable[Endpoint]) -> list[URLPattern]:
    """The addresses of a table, in any case and with or without a slash behind."""
    return [re_path(_regex(one.path), endpoint(one.view)) for one in endpoints]


def _regex(path: str) -> str:
    parts = re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
    return f"(?i)^{parts.replace('{id}', '(?P<id_>[^/]+)')}/?$"


def not_held(collection: str, kind: str, *relations: str) -> list[Endpoint]:
    """A collection that existing clients walk and that Kinsync does not hold: nothing is in it."""
    says = f"Kinsync holds no {collection.replace('_', ' ')}"
    return [
        Endpoint(
            collection, nothing, f"Always empty: {says}.", f"{kind}[]", COUNTED, is_held=False
        ),
        *(
            Endpoint(f"{collection}/{path}", nowhere, f"Always 404: {says}.", kind, is_held=False)
            for path in ("{id}", *(f"{{id}}/{relation}" for relation in relations))
        ),
    ]


def nothing(call: Call) -> Body:
    """An empty page, or a count of none."""
    window(call)  # what cannot be understood is refused here as well
    return counted(call, 0) if wants_count(call) else listed_nothing(call)


def nowhere(call: Call, id_: str) -> Body:
    """No record has this id, whatever it is."""
    raise not_found()


def none_of(path: str, exists: Callable[[Call, str], bool], what: str, kind: str) -> Endpoint:
    """An empty page that belongs to a record, which must be there."""

    def view(call: Call, id_: str) -> Body:
        window(call)
        if not exists(call, id_):
            raise not_found()
        return listed_nothing(call)

    says = f"Always empty: Kinsync holds no {what}."
    return Endpoint(path, view, says, f"{kind}[]", PAGE, is_held=False)
