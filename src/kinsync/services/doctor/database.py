"""The database: the server, its tables, and the wall between districts."""

from collections.abc import Mapping
from datetime import UTC, datetime

from kinsync.services.doctor.said import Look, Said, note, ok, problem
from kinsync.store import inspection, migrate, seal_keys, sealing

CLOCK_NOTE_SECONDS, CLOCK_PROBLEM_SECONDS = 2, 30
CONNECTIONS_PER_WEB, CONNECTIONS_PER_WORKER = 9, 8
"""What one process may hold at most: its threads, and one beside."""
MUCH_USED = 0.8


def server(look: Look) -> Said:
    """It answers, and is new enough: an older one is refused when it is reached."""
    kind = "KINSYNC_DATABASE_URL" if look.settings.database_url else "embedded"
    return ok(f"PostgreSQL {inspection.version()} answers ({kind}).")


def tables(_look: Look) -> Said:
    """They are those of this release."""
    if behind := migrate.missing():
        return problem(
            f"{len(behind)} migrations are missing ({'.'.join(behind[0])}).",
            "Run 'kinsync migrate'.",
        )
    if ahead := migrate.unknown():
        return problem(
            f"The tables are of a newer release: this one does not know {'.'.join(ahead[0])}.",
            "Install the newer release on this machine too.",
        )
    return ok("The tables are up to date.")


def seal_key(look: Look) -> Said:
    """This machine holds the keys under which secrets are sealed and identities hashed."""
    if migrate.missing():
        return note("It is told once the tables are up to date.")
    held = sealing.key_ids(sealing.held_keys(look.settings.home, look.settings.seal_key))
    keep_days = look.settings.keep.record
    if absent := seal_keys.missing(held, at=look.at, keep_days=keep_days):
        return problem(
            f"Seal key {', '.join(absent)} of the installation is not held here "
            f"(held: {', '.join(held) or 'none'}): nothing but this command works.",
            "Give this machine the KINSYNC_SEAL_KEY or the file keys/seal.key of the machine that "
            "worked before; where it is lost for good, run 'kinsync migrate --lost-key'.",
        )
    if not held:
        return ok("No seal key has been needed yet.")
    return ok(f"Seal key {held[0]} is held here.")


def walls(_look: Look) -> Said:
    """The role of the web doors owns nothing, and sees one district at a time."""
    return judge_walls(inspection.walls())


def judge_walls(found: inspection.Walls) -> Said:
    """What it means that the role is held so."""
    repair = "Let nobody in until it is mended: this is the second wall between districts. "
    if not found.is_there:
        return problem("The role kinsync_web is not there.", f"{repair}Restore a backup.")
    if found.attributes:
        wrong = " ".join(found.attributes)
        undone = " ".join(f"NO{one}" for one in found.attributes)
        return problem(
            f"The role kinsync_web has {wrong}.", f"{repair}ALTER ROLE kinsync_web {undone};"
        )
    if found.owned:
        return problem(
            f"The role kinsync_web owns {', '.join(found.owned)}.",
            f"{repair}ALTER TABLE {found.owned[0]} OWNER TO the account of Kinsync;",
        )
    if found.bare:
        return problem(
            f"No row-level security is on for {', '.join(found.bare)}.",
            f"{repair}ALTER TABLE {found.bare[0]} ENABLE ROW LEVEL SECURITY;",
        )
    if found.writable:
        return problem(
            f"The role kinsync_web may delete rows of {', '.join(found.writable)}.",
            f"{repair}REVOKE DELETE ON TABLE {found.writable[0]} FROM kinsync_web;",
        )
    return ok("Row-level security is on, and kinsync_web is held by it.")


def clock(_look: Look) -> Said:
    """This machine and the server agree on the time, by which leases and tokens run out."""
    before = datetime.now(UTC)
    there = inspection.clock()
    after = datetime.now(UTC)
    return judge_clock(max((before - there).total_seconds(), (there - after).total_seconds(), 0.0))


def judge_clock(apart: float) -> Said:
    """What it means that they are so many seconds apart."""
    text = f"The clocks of this machine and the database are {apart:,.1f} seconds apart."
    advice = "Let both follow one time server (chrony, systemd-timesyncd)."
    if apart > CLOCK_PROBLEM_SECONDS:
        return problem(text, advice)
    return note(text, advice) if apart > CLOCK_NOTE_SECONDS else ok(text)


def durability(_look: Look) -> Said:
    """What is committed stays so when the machine fails."""
    return judge_durability(inspection.settings())


def judge_durability(have: Mapping[str, str]) -> Said:
    """What those settings of the server mean."""
    for name in ("fsync", "full_page_writes", "autovacuum"):
        if have.get(name) == "off":
            return problem(
                f"The server runs with {name} = off.",
                f"Set {name} = on: without it a crash, or time, ruins the database.",
            )
    if have.get("synchronous_commit") == "off":
        return note(
            "The server runs with synchronous_commit = off.",
            "When the server crashes, the last moments of what is on record are lost.",
        )
    return ok("The server keeps what it has committed.")


def connections(look: Look) -> Said:
    """There is room for every process of this machine, and for more machines."""
    have = inspection.settings()
    most = int(have["max_connections"]) - int(have["superuser_reserved_connections"])
    wanted = CONNECTIONS_PER_WEB + CONNECTIONS_PER_WORKER + 2 * look.settings.worker_jobs
    return judge_connections(inspection.connections(), most, wanted)


def judge_connections(used: int, most: int, wanted: int) -> Said:
    """What it means that so many are in use, possible, and wanted by each machine."""
    text = f"{used} of {most} connections are in use; one machine takes up to {wanted}."
    advice = "Raise max_connections, or run fewer processes."
    if used > MUCH_USED * most:
        return problem(text, advice)
    return note(text, advice) if most < wanted else ok(text)


def log_of_server(_look: Look) -> Said:
    """The server does not log statements, which hold values of rows."""
    have = inspection.settings()
    if have.get("log_statement") in ("mod", "all"):
        return problem(
            f"The server logs statements (log_statement = {have['log_statement']}).",
            "Set log_statement = none: values of rows are personal data.",
        )
    if have.get("log_min_error_statement") not in ("fatal", "panic", "log"):
        return note(
            "The server logs the statements that fail, with the values in them.",
            "Set log_min_error_statement = panic and log_error_verbosity = terse.",
        )
    return ok("The server logs no values of rows.")
