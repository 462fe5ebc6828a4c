"""``kinsync demo --once``: from an upload to an application, checked as it is told."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil

LONGEST_SECONDS = 240
SAMPLE = Path(__file__).parents[2] / "samples" / "students.csv"


def demo(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The demo in a folder of its own, as somebody types it who has set nothing up."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KINSYNC_", "DJANGO_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "kinsync", "demo", "--once"],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


def processes() -> list[str]:
    """The command line of everything that runs here."""
    return [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]


def test_the_demo_shows_every_step_with_addresses_taken_and_a_kinsync_toml_beside_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "kinsync.toml").write_text('database_url = "postgresql://nobody@nowhere.invalid"')
    with closing(socket.socket()) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8000))
            taken.listen(1)
        except OSError:
            pass  # somebody else has it, which does as well

        ended = demo(tmp_path, KINSYNC_HTTP="not an address")

    assert ended.returncode == 0, ended.stderr
    assert "127.0.0.1:8000" not in ended.stdout
    for shown in (
        "password  ",
        "host key  ssh-ed25519 SHA256:",
        f"complete: 4,454 rows, {SAMPLE.stat().st_size:,} bytes",
        "2 seconds in this demo, 5 minutes otherwise",
        "succeeded; its report",
        "Version 1 is published",
        "Lucía Marlowe",
        "name      office@lakeside.example\npassword  ",
        "Signed in, and found Lucía Marlowe by the phone ",
        "Version 2 is published",
        "users.updated",
    ):
        assert shown in ended.stdout
    assert [one for one in tmp_path.iterdir() if one.name != "kinsync.toml"] == []


def test_without_an_sftp_client_the_demo_sends_by_itself_and_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("useradd", "sh"):
        if found := shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin"):
            (programs / name).symlink_to(found)

    ended = demo(tmp_path, PATH=str(programs), TMPDIR=str(place))

    assert ended.returncode == 0, ended.stderr
    assert [one for one in processes() if str(place) in one] == []
    assert "there is no 'sftp' here: sent by asyncssh's client" in ended.stdout


def test_a_demo_that_falls_short_says_what_and_fails(tmp_path: Path) -> None:
    blocked = tmp_path / "sftp"
    blocked.write_text("#!/bin/sh\nexit 0\n")  # says that it sent the file, and did not
    blocked.chmod(0o755)

    ended = demo(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert ended.returncode != 0
    assert "The demo fell short: The upload" in ended.stderr
