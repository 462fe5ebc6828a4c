"""What ``kinsync doctor`` asks the database. Nothing here reads a row about a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kinsync.store.database import connect, outages
from kinsync.store.gate import WEB_ROLE

SETTINGS = (
    "autovacuum",
    "fsync",
    "full_page_writes",
    "log_min_error_statement",
    "log_statement",
    "max_connections",
    "superuser_reserved_connections",
    "synchronous_commit",
)
BEFORE_THE_WALL = {"connection", "dashboard_role"}
"""Tables that are read before it is known which district a token, or who signs in, belongs to."""


OF_SIGN_IN = "^(account|axes|django_session|mfa|socialaccount|usersessions)"
"""Tables of the packages that let people in and out: rows come and go there, none of a district."""


@dataclass(frozen=True, slots=True)
class Walls:
    """How the web role is held. Names of tables, of which the first is told."""

    is_there: bool
    attributes: list[str]
    """What it may do that it must not: SUPERUSER, BYPASSRLS, CREATEROLE …"""
    owned: list[str]
    bare: list[str]
    """Tables with a district's rows that have no row-level security."""
    writable: list[str]
    """Tables of which it may delete rows, or all of them, beside those of signing in."""


@dataclass(frozen=True, slots=True)
class Work:
    """Workers and jobs, as numbers."""

    beats_seconds: list[float]
    """How long ago each worker was heard of."""
    waiting_seconds: float
    """How long the job that is due longest has waited."""
    failed: int
    abandoned: int
    """Jobs that are being done by nobody that lives."""
    due: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Since when a district has delivered nothing that was synced, and its timetable, if any."""

    since: datetime
    timetable: str | None
    jitter_seconds: int


def version() -> str:
    """The server's release, such as 16.4."""
    return str(_one("SHOW server_version")[0]).split(" ")[0]


def clock() -> datetime:
    """The time at the server, now."""
    moment: datetime = _one("SELECT clock_timestamp()")[0]
    return moment


def settings() -> dict[str, str]:
    """``SETTINGS`` as the server has them."""
    return dict(_all("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", list(SETTINGS)))


def connections() -> int:
    """How many there are to the server, of all its databases."""
    return int(_one("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'client%%'")[0])


def walls(web_role: str = WEB_ROLE) -> Walls:
    """How the web role is held."""
    role = _all(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin FROM pg_roles"
        " WHERE rolname = %s",
        web_role,
    )
    if not role:
        return Walls(False, [], [], [], [])
    names = ("SUPERUSER", "BYPASSRLS", "CREATEROLE", "CREATEDB", "LOGIN")
    return Walls(
        is_there=True,
        attributes=[name for name, has in zip(names, role[0], strict=True) if has],
        owned=_names(f"{_TABLES} AND pg_get_userbyid(c.relowner) = %s", web_role),
        bare=_names(f"{_TABLES} AND c.relname <> ALL(%s) AND {_BARE}", list(BEFORE_THE_WALL)),
        writable=_names(
            f"{_TABLES} AND c.relname !~ %s AND has_table_privilege(%s, c.oid, 'DELETE')",
            OF_SIGN_IN,
            web_role,
        ),
    )


def work(at: datetime, stale_seconds: float) -> Work:
    """Workers that are known, and jobs; those last heard of longer ago are given up."""
    beats = _all(
        "SELECT extract(epoch FROM now() - last_heartbeat)::float FROM procrastinate_workers"
    )
    waiting, due, failed, abandoned = _one(
        "SELECT coalesce(max(extract(epoch FROM %s - scheduled_at))"
        " FILTER (WHERE status = 'todo' AND scheduled_at < %s), 0)::float,"
        " count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at < %s, true)),"
        " count(*) FILTER (WHERE status = 'failed'),"
        " count(*) FILTER (WHERE status = 'doing' AND NOT EXISTS (SELECT 1 FROM"
        " procrastinate_workers w WHERE w.id = worker_id"
        " AND w.last_heartbeat > now() - %s * interval '1 second'))"
        " FROM procrastinate_jobs",
        at, at, at, stale_seconds,
    )  # fmt: skip
    return Work([one for (one,) in beats], waiting, failed, abandoned, due)


def silences() -> dict[int, Silence]:
    """Every district, by its number; one that never delivered counts from its first day."""
    rows = _all(
        "SELECT d.id, coalesce((SELECT max(started_at) FROM sync"
        " WHERE sync.district_id = d.id AND NOT is_preview), d.created_at),"
        " s.timetable, coalesce(s.jitter_seconds, 0)"
        " FROM district d LEFT JOIN schedule s ON s.district_id = d.id AND s.what = 'sync'"
    )
    return {number: Silence(*rest) for number, *rest in rows}


_BARE = (
    "NOT c.relrowsecurity AND EXISTS (SELECT FROM pg_attribute a"
    " WHERE a.attrelid = c.oid AND a.attname = 'district_id' AND NOT a.attisdropped)"
)
_TABLES = (
    "SELECT c.relname::text FROM pg_class c WHERE c.relkind IN ('r', 'p')"
    " AND c.relnamespace = current_schema()::regnamespace"
)


def _names(query: str, *values: object) -> list[str]:
    return sorted(name for (name,) in _all(query, *values))


def _one(query: str, *values: object) -> tuple[Any, ...]:
    return _all(query, *values)[0]


def _all(query: str, *values: object) -> list[tuple[Any, ...]]:
    with outages(doing="looking at the database"), connect(autocommit=True) as connection:
        return connection.execute(query.encode(), values or None).fetchall()
