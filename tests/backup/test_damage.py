"""A backup that is not as it was written: nothing of it is restored."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.backup.machines import PASSPHRASE, Machine, new_machine
from tests.cli.busy import make_busy
from tests.cli.commands import home_of_this_process, kinsync


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "a byte changed early": lambda content: flipped(content, 200),
    "a byte changed in the middle": lambda content: flipped(content, len(content) // 2),
    "a byte changed at the end": lambda content: flipped(content, len(content) - 1),
    "cut in the middle": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
    "longer by a byte": lambda content: content + b"x",
    "nothing": lambda _content: b"",
    "another kind of file": lambda _content: b"Student_id,School_id\n" * 500,
}


@pytest.fixture(scope="module")
def backups(
    database_of_the_file: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """A plain and an encrypted backup of a machine that is in use."""
    folder = tmp_path_factory.mktemp("used")
    with home_of_this_process(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINSYNC_BACKUP_PASSPHRASE", PASSPHRASE)
        make_busy()
        assert kinsync("backup", "--out", "plain").code == 0
        assert kinsync("backup", "--out", "encrypted", "--encrypt").code == 0
        return {name: (folder / name).read_bytes() for name in ("plain", "encrypted")}


@pytest.fixture(scope="module")
def empty(
    database_of_the_file: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """A machine that nobody has used, and nobody does."""
    with new_machine(tmp_path_factory.mktemp("empty") / "home", has_tables=False) as machine:
        machine.home.settings["KINSYNC_BACKUP_PASSPHRASE"] = PASSPHRASE
        yield machine


@pytest.mark.parametrize("kind", ["plain", "encrypted"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_is_refused_before_anything_is_written(
    backups: dict[str, bytes], empty: Machine, tmp_path: Path, kind: str, damage: str
) -> None:
    out = tmp_path / "all.backup"
    out.write_bytes(DAMAGE[damage](backups[kind]))

    done = empty.home.run("restore-backup", out)

    assert (done.code, "Nothing was restored" in done.err) == (2, True), done.said
    assert not empty.has_tables()
    assert not (empty.home.folder / "storage").exists()
