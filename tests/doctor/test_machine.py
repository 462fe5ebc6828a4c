"""Troubles of a machine: folders, disk, mail, doors."""

import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kinsync.services.doctor.machine import judge_addresses, judge_room
from kinsync.store.backup.unfinished import MARK
from kinsync.store.sealing import KEY_FILE, open_sealer
from tests.cli.commands import Home, ended, kinsync
from tests.web.serving import free_port


def said(check: str) -> tuple[str, str]:
    """State and words of one check, as ``kinsync doctor`` tells them now."""
    found = kinsync("doctor", "--json").json["checks"][check]
    return found["state"], f"{found['text']} {found['advice']}"


def test_a_home_that_is_not_there_is_not_made(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KINSYNC_DATABASE_URL")
    monkeypatch.setenv("KINSYNC_HOME", str(tmp_path / "nowhere"))

    done = kinsync("doctor")

    assert done.code == 1
    assert "There is no home at" in done.out
    assert not (tmp_path / "nowhere").exists()


def test_a_database_that_is_away_is_named_and_the_machine_is_looked_at_all_the_same(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = f"postgresql://127.0.0.1:{free_port()}/kinsync"
    monkeypatch.setenv("KINSYNC_DATABASE_URL", nobody)

    done = kinsync("doctor", "--json")

    assert (done.code, done.json["database"]) == (1, "away")
    checks = done.json["checks"]
    assert checks["database"]["state"] == "problem"
    assert "does not answer" in checks["database"]["text"]
    assert checks["storage"]["state"] == "ok"
    assert "walls" not in checks


def test_a_key_that_others_can_read_is_named(home: Home) -> None:
    open_sealer(home.folder, "")
    assert said("permissions")[0] == "ok"

    (home.folder / KEY_FILE).chmod(0o640)

    state, words = said("permissions")
    assert state == "problem"
    assert f"{home.folder / KEY_FILE}" in words
    assert "chmod" in words


def test_a_home_that_others_can_list_is_named(home: Home) -> None:
    home.folder.chmod(0o711)
    assert said("permissions")[0] == "ok"

    home.folder.chmod(0o755)

    assert said("permissions")[0] == "problem"


def test_a_half_restored_home_is_named(home: Home) -> None:
    (home.folder / MARK).write_text("0123\n")

    state, words = said("restore")

    assert state == "problem"
    assert "run 'kinsync restore-backup' with the same file again" in words


def test_storage_that_cannot_be_written_is_named(home: Home) -> None:
    (home.folder / "storage").write_text("a file where the folder should be")

    state, words = said("storage")

    assert (state, "cannot be written" in words) == ("problem", True)


@pytest.mark.parametrize(
    ("part", "free", "state"),
    [(0.5, 50 << 30, "ok"), (0.1, 50 << 30, "note"), (0.04, 50 << 30, "problem"),
     (0.5, 1 << 20, "problem")],
)  # fmt: skip
def test_little_room_on_a_disk_is_named(part: float, free: int, state: str) -> None:
    told = judge_room(part, free, Path("home"))

    assert told.state == state
    assert bool(told.advice) is (state != "ok")


def test_a_small_limit_of_open_files_is_named(home: Home) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, hard))
    try:
        state, words = said("open files")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert (state, "LimitNOFILE" in words) == ("problem", True)
    assert said("open files")[0] == "ok"


def test_mail_settings_that_will_not_do_are_named(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said("mail")[0] == "note"
    monkeypatch.setenv("KINSYNC_SMTP_URL", f"smtp://office:letmein@127.0.0.1:{free_port()}")
    state, words = said("mail")
    assert (state, "does not answer" in words, "letmein" in words) == ("problem", True, False)
    monkeypatch.setenv("KINSYNC_SMTP_URL", "mail.example.org")
    assert said("mail")[0] == "problem"

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("KINSYNC_SMTP_URL", f"smtp://127.0.0.1:{server.getsockname()[1]}")
        state, words = said("mail")
        assert (state, "KINSYNC_MAIL_FROM" in words) == ("note", True)
        monkeypatch.setenv("KINSYNC_MAIL_FROM", "kinsync@example.org")
        assert said("mail")[0] == "ok"


@contextmanager
def serving(home: Home, role: str) -> "Iterator[subprocess.Popen[str]]":
    """A role of this home, at a port that no setting names."""
    at = {"web": "--http", "sftp": "--sftp"}[role]
    process = home.start("serve", "--only", role, at, f"127.0.0.1:{free_port()}")
    assert process.stdout is not None
    assert process.stdout.readline()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        ended(process)


@pytest.mark.parametrize(("role", "check"), [("web", "http"), ("sftp", "sftp")])
def test_a_door_is_found_where_it_listens(home: Home, role: str, check: str) -> None:
    assert said(check)[0] == "note"

    with serving(home, role):
        state, words = said(check)

    assert (state, "answers at 127.0.0.1:" in words) == ("ok", True)
    assert said(check)[0] == "note"


def test_a_door_that_does_not_answer_is_named(home: Home) -> None:
    with serving(home, "sftp") as process:
        process.send_signal(signal.SIGSTOP)
        state, words = said("sftp")

    assert (state, "does not answer at 127.0.0.1:" in words) == ("problem", True)


def test_an_api_in_the_clear_beyond_the_machine_is_named() -> None:
    assert judge_addresses([("127.0.0.1", 8000), ("::1", 8000)]).state == "ok"
    for host in ("192.0.2.7", "0.0.0.0", "::"):
        told = judge_addresses([("127.0.0.1", 8000), (host, 8000)])
        assert (told.state, "TLS" in told.text) == ("note", True)
