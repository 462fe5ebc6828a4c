"""Ways in: every source with its state, SFTP accounts, what was uploaded. Passwords show once."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync import bootstrap
from kinsync.domain.errors import ChangeInput
from kinsync.services import sftp_accounts, source_lines, uploads
from kinsync.services.people import OWNER
from kinsync.web.dashboard.visits import Visit, page, show

EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not listened on
PORT = 22
UPLOADS = 20
LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where clients find the SFTP server."""

    host: str
    port: int

    @property
    def command(self) -> str:
        """What a terminal is told, without the account."""
        return "sftp" if self.port == PORT else f"sftp -P {self.port}"


def sftp_place(request: HttpRequest) -> Place:
    """Where it is: under the public name, or where it listens, or where this page was asked for."""
    settings = bootstrap.read_settings()
    host, port = settings.address("sftp")
    asked = urlsplit(f"//{request.get_host()}").hostname or host
    known = urlsplit(settings.public_url).hostname
    return Place(known or (asked if host in EVERYWHERE else host), port)


def _accounts(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    """What a page shows of the accounts, the open ones first."""
    accounts = sftp_accounts.list_accounts(visit.district)
    return {
        "accounts": [
            {"account": one, "keys": sftp_accounts.fingerprints(one)}
            for one in sorted(accounts, key=lambda one: one.revoked_at is not None)
        ],
        "sftp": sftp_place(request),
        "host_key": sftp_accounts.host_fingerprint(),
    }


@page()
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Where contacts come from."""
    return _show(request, visit)


def _show(request: HttpRequest, visit: Visit, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page; ``more`` is what was just made, or what was wrong."""
    return show(
        request, visit, "sources", place="sources", status=status,
        lines=source_lines.lines(visit.district, visit.at),
        uploads=uploads.recent(visit.district.id, limit=UPLOADS),
        **_accounts(request, visit), **more,
    )  # fmt: skip


@page(OWNER, methods=("POST",))
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A new account; its password stands on the page that answers, and nowhere else."""
    given = request.POST
    key = given.get("key", "").strip()
    label = given.get("label", "").replace("\0", "").strip()[:LONGEST_LABEL]
    visit.record("added an SFTP account", label)
    try:
        account, password = sftp_accounts.add_account(
            visit.district,
            at=visit.at,
            has_password=given.get("by") != "key",
            keys=[key] if given.get("by") == "key" and key else [],
            label=label,
        )
    except ChangeInput as error:
        return _show(request, visit, status=400, account_error=error)
    return _show(request, visit, made=account, password=password)


@page(OWNER, methods=("POST",))
def revoke(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Close an account for ever."""
    username = request.POST.get("username", "").replace("\0", "")
    visit.record("revoked an SFTP account", username[:LONGEST_LABEL])
    gone = sftp_accounts.revoke_account(visit.district, username, at=visit.at)
    messages.success(request, f"{gone.username} is closed. What it uploaded stays.")
    return redirect("/sources#accounts")
