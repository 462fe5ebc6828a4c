"""This machine: its folders, its disk, its doors."""

import os
import resource
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path

import psutil

from kinsync.domain.errors import KinsyncError
from kinsync.services.doctor.said import Look, Said, note, ok, problem
from kinsync.store.backup import unfinished
from kinsync.transport.mail import check_address

GIB = 1 << 30
LEAST_FREE_BYTES = GIB
LEAST_FREE, LITTLE_FREE = 0.05, 0.15
"""Parts of a disk."""
FILES_PER_SESSION = 2
FILES_BESIDE = 256
PATIENCE_SECONDS = 5


def home(look: Look) -> Said:
    """The home is there: a wrong KINSYNC_HOME would only be made anew."""
    folder = look.settings.home
    if folder.is_dir() or look.settings.database_url:
        return ok(f"{folder}")
    return problem(
        f"There is no home at {folder}.", "Name the right one with KINSYNC_HOME, or start with it."
    )


def permissions(look: Look) -> Said:
    """Nobody else reads what is in the home; passing through is harmless, and needed as root."""
    open_ones = [
        *(path for path in _top(look) if path.stat().st_mode & 0o066),
        *(path for path in _secret(look) if path.stat().st_mode & 0o077),
    ]
    if not open_ones:
        return ok("Nobody but its owner reads the home.")
    return problem(
        f"Other accounts of this machine can read or write {_listed(open_ones)}.",
        f"Close it: chmod go-rw {_listed(open_ones)} (and go-rwx for keys/ and what is in it).",
    )


def _top(look: Look) -> Iterator[Path]:
    root = look.storage.root
    for path in (look.settings.home, *([root] if isinstance(root, Path) else [])):
        if path.is_dir():
            yield path


def _secret(look: Look) -> Iterator[Path]:
    keys = look.settings.home / "keys"
    if keys.is_dir():
        yield keys
        yield from sorted(keys.iterdir())


def restore(look: Look) -> Said:
    """No backup is half restored here."""
    try:
        unfinished.refuse(look.settings.home)
    except KinsyncError as error:
        return problem(str(error), "Until then no command works on this home.")
    return ok("No backup is half restored.")


def disk(look: Look) -> Said:
    """There is room where the home and the storage are."""
    worst = min((_room(path) for path in _top(look)), default=None)
    if worst is None:
        return ok("Nothing is kept on this machine.")
    return judge_room(*worst)


def judge_room(part: float, free: int, path: Path) -> Said:
    """What it means that such a part of a disk is free, and so many bytes."""
    text = f"{free / GIB:,.1f} GiB are free ({part:.0%}) where {path} is."
    advice = "Make room, or move it to a larger disk. A full disk stops uploads and syncs."
    if part < LEAST_FREE or free < LEAST_FREE_BYTES:
        return problem(text, advice)
    return note(text, advice) if part < LITTLE_FREE else ok(text)


def _room(path: Path) -> tuple[float, int, Path]:
    usage = shutil.disk_usage(path)
    return usage.free / usage.total, usage.free, path


def storage(look: Look) -> Said:
    """Something can be written to storage, and removed again."""
    look.storage.check()
    return ok("Storage can be written.")


def open_files(look: Look) -> Said:
    """The SFTP server may open as many files as its sessions need, or this process could."""
    needed = FILES_PER_SESSION * look.settings.sftp_sessions + FILES_BESIDE
    process = _served(look, "sftp")
    limit = (
        process.rlimit(psutil.RLIMIT_NOFILE)[0]
        if process is not None and hasattr(process, "rlimit")
        else resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    )
    text = f"A process may have {limit:,} files open; {needed:,} are needed at most."
    if limit not in (-1, resource.RLIM_INFINITY) and limit < needed:
        return problem(text, "Raise it: LimitNOFILE of the unit, or ulimit -n, and restart.")
    return ok(text)


def mail(look: Look) -> Said:
    """Reports reach somebody."""
    url = look.settings.smtp_url
    if not url:
        return note(
            "Reports are printed, not mailed.", "Set KINSYNC_SMTP_URL and KINSYNC_MAIL_FROM."
        )
    host, port = check_address(url)
    try:
        socket.create_connection((host, port), timeout=PATIENCE_SECONDS).close()
    except OSError as error:
        return problem(
            f"The mail server {host}:{port} does not answer ({_reason(error)}).",
            "Start it, or mend KINSYNC_SMTP_URL. Reports are tried again for two hours.",
        )
    if look.settings.mail_from.endswith("@localhost"):
        return note(
            f"Reports come from {look.settings.mail_from}, which many servers refuse.",
            "Set KINSYNC_MAIL_FROM to a mailbox of yours.",
        )
    return ok(f"The mail server {host}:{port} answers.")


def http(look: Look) -> Said:
    """The API answers where it is served on this machine, and not to everybody in the clear."""
    return _door(look, "web", "API", "http", _ask, judge_addresses)


def sftp(look: Look) -> Said:
    """The SFTP server answers where it is served on this machine."""
    return _door(look, "sftp", "SFTP server", "sftp", _greet, _answers)


def _door(
    look: Look,
    role: str,
    name: str,
    setting: str,
    why_silent: Callable[[str, int], str],
    judge: Callable[[Sequence[tuple[str, int]]], Said],
) -> Said:
    """What is served from this home on this machine answers wherever it listens."""
    process = _served(look, role)
    if process is None:
        return note(
            f"No {name} is served from this home on this machine.", "Start 'kinsync serve'."
        )
    addresses = _listening(process) or [look.settings.address(setting)]
    for host, port in addresses:
        if told := why_silent(host, port):
            return problem(
                f"The {name} does not answer at {host}:{port} ({told}).",
                "Look at the log of 'kinsync serve', and restart it.",
            )
    return judge(addresses)


def judge_addresses(addresses: Sequence[tuple[str, int]]) -> Said:
    """What it means that the API listens there."""
    if beyond := [host for host, _ in addresses if not _is_loopback(host)]:
        return note(
            f"The API listens at {beyond[0]}, beyond this machine, and speaks no TLS itself.",
            "Let a proxy with TLS be the only one that reaches it: KINSYNC_HTTP=127.0.0.1:8000.",
        )
    return ok(f"The API answers at {_places(addresses)}.")


def _answers(addresses: Sequence[tuple[str, int]]) -> Said:
    return ok(f"The SFTP server answers at {_places(addresses)}.")


def _served(look: Look, role: str) -> psutil.Process | None:
    """The process that serves a role from this home, by the file that it locks."""
    try:
        number = int((look.settings.home / f"serve-{role}.lock").read_text())
        process = psutil.Process(number)
        is_ours = "serve" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return None
    return process if is_ours else None


def _listening(process: psutil.Process) -> list[tuple[str, int]]:
    """Where it listens itself, or by a child of its own that serves nothing else."""
    try:
        family = [process, *(one for one in process.children() if "--only" not in one.cmdline())]
        found = {
            (socket_.laddr.ip, socket_.laddr.port)
            for one in family
            for socket_ in one.net_connections(kind="tcp")
            if socket_.status == psutil.CONN_LISTEN
        }
    except psutil.Error:
        return []
    return sorted(found)


def _ask(host: str, port: int) -> str:
    """Why the API does not answer there; blank where it does."""
    asking = HTTPConnection(_reachable(host), port, timeout=PATIENCE_SECONDS)
    try:
        asking.request("GET", "/healthz")
        status = asking.getresponse().status
    except (OSError, HTTPException) as error:
        return _reason(error)
    finally:
        asking.close()
    return "" if status == 200 else f"status {status}"


def _greet(host: str, port: int) -> str:
    """Why SSH does not answer there; blank where it does."""
    try:
        with socket.create_connection((_reachable(host), port), PATIENCE_SECONDS) as greeting:
            greeting.settimeout(PATIENCE_SECONDS)
            return "" if greeting.recv(8).startswith(b"SSH-2.0") else "something else answers"
    except OSError as error:
        return _reason(error)


def _reachable(host: str) -> str:
    """An address of this machine that leads to whoever listens at ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _places(addresses: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{host}:{port}" for host, port in addresses)


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else type(error).__name__


def _listed(paths: list[Path]) -> str:
    return " ".join(map(str, paths))
