"""What an Ed-Fi API says of itself at its base address: versions, and where everything is.

Of the addresses that it tells the path alone is used, on the host that the source names: behind a
proxy many an API calls itself by a name that nobody else knows, and no secret goes to a host that
was not named.
"""

import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from kinsync.connectors.connector import Given
from kinsync.domain.errors import ChangeInput, SourceRefusal
from kinsync.transport.signing import ClientCredentials

_HOLE = re.compile(r"\{([^{}]*)\}")
CURSORS_SINCE = (7, 3)
"""The version of the API from which on lists have page tokens."""


@dataclass(frozen=True, slots=True)
class Site:
    """One Ed-Fi API. ``data`` and ``changes`` are paths on its host."""

    version: tuple[int, ...]
    standard: tuple[int, ...]
    data: str
    changes: str

    @property
    def has_contacts(self) -> bool:
        """Whether people are called contacts, as since 5.0 of the data standard, or parents."""
        return self.standard >= (5,)

    @property
    def has_cursors(self) -> bool:
        """Whether lists may be read by page token."""
        return self.version >= CURSORS_SINCE

    @staticmethod
    def of(told: Any, given: Given, *, who: str) -> "Site":
        """What the answer at the base address says.

        Raises:
            SourceRefusal: it is none of an Ed-Fi API.
            ChangeInput: it wants a year or an instance.
        """
        models = told.get("dataModels") if isinstance(told, dict) else None
        named = [
            one
            for one in (models if isinstance(models, list) else ())
            if isinstance(one, dict) and str(one.get("name")).lower() == "ed-fi"
        ]
        if not named:
            raise SourceRefusal(
                f"{who} does not say which version of Ed-Fi's data standard it has. Nothing was "
                "published. The address of the source has to be the base address of the API, which "
                "shows its versions when it is opened."
            )
        base = httpx2.URL(given["url"]).path.rstrip("/")
        data = path_of(told, "dataManagementApi", f"{base}/data/v3/", given)
        return Site(
            _version(told.get("version")),
            _version(named[0].get("version")),
            data,
            path_of(told, "changeQueries", f"{base}/changeQueries/v1/", given),
        )


def path_of(told: Mapping[str, Any], name: str, otherwise: str, given: Given) -> str:
    """The path of one of the addresses that an API tells, its holes filled, a stroke at the end.

    Raises:
        ChangeInput: a hole is left.
    """
    urls = told.get("urls")
    address = urls.get(name) if isinstance(urls, dict) else None
    path = httpx2.URL(str(address)).path if address else otherwise
    for hole in _HOLE.findall(path):
        setting = "year" if "year" in hole.lower() else "instance"
        if not given[setting]:
            raise ChangeInput(
                f"This Ed-Fi API has several of its kind: tell the source its {setting}."
            )
        path = path.replace("{" + hole + "}", given[setting])
    wanted = [given[one] for one in ("instance", "year") if given[one]]
    if name != "oauth":
        path = path.rstrip("/") + "/"
        path += "".join(f"{one}/" for one in wanted if f"/{one}/" not in path)
    return path


class EdFiTokens(ClientCredentials):
    """OAuth 2 client credentials, with the address of tokens where the API says that it is."""

    def __init__(self, base: str, given: Given) -> None:
        super().__init__(base + "oauth/token", given["key"], given["secret"])
        self._base, self._given = base, given

    def token_url(self) -> Generator[httpx2.Request, httpx2.Response, str]:
        response = yield httpx2.Request("GET", self._base, headers={"Accept": "application/json"})
        instance = self._given["instance"]
        middle = f"{instance}/" if instance else ""
        otherwise = f"{httpx2.URL(self._base).path}{middle}oauth/token"
        try:
            told = json.loads(response.read())
        except ValueError:
            told = None
        is_asked = isinstance(told, dict) and bool({"urls", "dataModels"} & told.keys())
        if not is_asked and not response.is_server_error:
            raise SourceRefusal(
                f"Ed-Fi shows no versions at the address of the source (HTTP {response.status_code}"
                "). Nothing was published. Check the address: it has to be the base address of the "
                "API, which shows its versions when it is opened."
            )
        path = path_of(told if isinstance(told, dict) else {}, "oauth", otherwise, self._given)
        return str(httpx2.URL(self._base).join(path))


def _version(told: object) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(told or "")))
