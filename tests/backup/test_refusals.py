"""What is not restored, and not backed up: said before anything is written."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.backup.machines import PASSPHRASE, Machine
from tests.backup.rewriting import rewrite
from tests.cli.busy import make_busy
from tests.cli.commands import kinsync


@pytest.fixture
def busy(used: Machine) -> Machine:
    make_busy()
    return used


def back_up(folder: Path, monkeypatch: pytest.MonkeyPatch, *, is_sealed: bool) -> Path:
    out = folder / "all.backup"
    monkeypatch.setenv("KINSYNC_BACKUP_PASSPHRASE", PASSPHRASE)
    assert kinsync("backup", "--out", out, *(["--encrypt"] if is_sealed else [])).code == 0
    return out


def test_another_passphrase_opens_nothing(
    busy: Machine, empty: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = back_up(tmp_path, monkeypatch, is_sealed=True)
    empty.home.settings["KINSYNC_BACKUP_PASSPHRASE"] = f"{PASSPHRASE}."

    done = empty.home.run("restore-backup", out)

    assert (done.code, "the passphrase is another one" in done.err) == (2, True)
    assert not empty.has_tables()
    assert PASSPHRASE not in done.said


def of_tomorrow(manifest: dict[str, object]) -> None:
    migrations = manifest["migrations"]
    assert isinstance(migrations, list)
    migrations.append(["store", "9999_tomorrow"])


def of_another_form(manifest: dict[str, object]) -> None:
    manifest["format"] = 2
    manifest["release"] = "9.9"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (of_tomorrow, "does not know store.9999_tomorrow"),
        (of_another_form, "Install the release that made it: 9.9"),
    ],
)
def test_a_backup_of_a_newer_release_is_refused(
    busy: Machine,
    empty: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[dict[str, object]], None],
    message: str,
) -> None:
    out = back_up(tmp_path, monkeypatch, is_sealed=False)
    rewrite(out, change)

    done = empty.home.run("restore-backup", out)

    assert (done.code, message in done.err) == (2, True), done.said
    assert not empty.has_tables()
    assert empty.home.run("district", "list").code == 0, "the home can still be used"


def test_a_machine_that_is_in_use_is_left_alone(
    busy: Machine, empty: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = back_up(tmp_path, monkeypatch, is_sealed=False)
    empty.home.run("district", "add", "Hillside")

    done = empty.home.run("restore-backup", out)

    assert (done.code, "The database is in use" in done.err) == (2, True)
    assert empty.ask("SELECT name FROM district") == [("Hillside",)]


def test_files_of_another_installation_are_left_alone(
    busy: Machine, empty: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = back_up(tmp_path, monkeypatch, is_sealed=False)
    there = empty.home.folder / "storage" / "districts" / ("0" * 24) / "uploads" / "7"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"somebody's")

    done = empty.home.run("restore-backup", out)

    assert (done.code, "The storage holds files" in done.err) == (2, True)
    assert there.read_bytes() == b"somebody's"
    assert not empty.has_tables()


def test_a_seal_key_that_is_there_is_not_replaced(
    busy: Machine, empty: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kinsync.store.sealing import KEY_FILE, open_sealer

    open_sealer(busy.home.folder, "")
    open_sealer(empty.home.folder, "")
    own = (empty.home.folder / KEY_FILE).read_bytes()
    out = back_up(tmp_path, monkeypatch, is_sealed=True)
    empty.home.settings["KINSYNC_BACKUP_PASSPHRASE"] = PASSPHRASE

    done = empty.home.run("restore-backup", out)

    assert (done.code, "Move that file away" in done.err) == (2, True)
    assert (empty.home.folder / KEY_FILE).read_bytes() == own
    assert not empty.has_tables()


def test_a_backup_replaces_no_file_and_makes_no_folder(busy: Machine, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"mine")

    over = kinsync("backup", "--out", there)
    nowhere = kinsync("backup", "--out", tmp_path / "no" / "folder")

    assert (over.code, there.read_bytes()) == (2, b"mine")
    assert "is there already" in over.err
    assert (nowhere.code, "There is no folder" in nowhere.err) == (2, True)


def test_a_short_passphrase_is_refused(
    busy: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINSYNC_BACKUP_PASSPHRASE", "heron")
    out = tmp_path / "all.backup"

    done = kinsync("backup", "--out", out, "--encrypt")

    assert (done.code, out.exists(), "heron" in done.said) == (2, False, False)


def test_an_account_that_would_not_see_every_row_makes_no_backup(
    busy: Machine, tmp_path: Path
) -> None:
    with psycopg.connect(busy.database, autocommit=True) as admin:
        admin.execute("ALTER TABLE student FORCE ROW LEVEL SECURITY")
        admin.execute("CREATE ROLE walled LOGIN IN ROLE pg_read_all_data, kinsync_web")
        try:
            walled = make_conninfo(busy.database, user="walled")
            busy.home.settings["KINSYNC_DATABASE_URL"] = walled
            done = busy.home.run("backup", "--out", tmp_path / "all.backup")
        finally:
            admin.execute("ALTER TABLE student NO FORCE ROW LEVEL SECURITY")
            admin.execute("DROP ROLE walled")

    assert (done.code, "would not see all of its rows" in done.err) == (2, True), done.said
    assert not (tmp_path / "all.backup").exists()
