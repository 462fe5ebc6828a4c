"""All checks, one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from kinsync.domain.errors import KinsyncError
from kinsync.services.doctor import machine
from kinsync.services.doctor.said import Check, Look, Said, State, problem

MACHINE: Mapping[str, Check] = {
    "home": machine.home,
    "permissions": machine.permissions,
    "restore": machine.restore,
    "disk": machine.disk,
    "storage": machine.storage,
    "open files": machine.open_files,
    "mail": machine.mail,
    "http": machine.http,
    "sftp": machine.sftp,
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What every check has said, by its name, in their order."""

    said: Mapping[str, Said]
    is_database_away: bool
    """The database and all work were not looked at then, beyond that."""

    @property
    def problems(self) -> int:
        return sum(one.state is State.PROBLEM for one in self.said.values())


def examine(look: Look) -> Diagnosis:
    """Look at everything. What cannot be looked at is a problem; nothing is changed."""
    home = _say(machine.home, look)
    if home.state is State.PROBLEM:
        return Diagnosis({"home": home}, is_database_away=True)  # other checks would make it
    said = {name: _say(check, look) for name, check in MACHINE.items()}
    try:
        look.reach()
    except KinsyncError as error:
        said["database"] = problem(str(error), "Start it, or mend its address, and look again.")
        return Diagnosis(said, is_database_away=True)
    said |= {name: _say(check, look) for name, check in _of_database().items()}
    return Diagnosis(said, is_database_away=False)


def _of_database() -> Mapping[str, Check]:
    """Needs a connected database, for they import its tables."""
    from kinsync.services.doctor import database, work

    return {
        "database": database.server,
        "tables": database.tables,
        "seal key": database.seal_key,
        "walls": database.walls,
        "clock": database.clock,
        "durability": database.durability,
        "connections": database.connections,
        "server's log": database.log_of_server,
        "workers": work.workers,
        "queue": work.queue,
        "jobs": work.jobs,
        "backup": work.backup,
        "districts": work.districts,
    }


def _say(check: Check, look: Look) -> Said:
    try:
        return check(look)
    except KinsyncError as error:
        return problem(str(error), "Mend that, and look again.")


__all__ = ["Diagnosis", "Look", "State", "examine"]
