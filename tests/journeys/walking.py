"""A page whose commands are run one after another, in one shell, in an empty home.

What differs from run to run is told as of one morning: ids, moments, tokens and the port.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conventions.console import Shown, as_shown, shown_in
from tests.conventions.pages import ROOT, blocks

MARK = "----- command {} -----"
PORT_SHOWN = "8000"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ID = re.compile(r"\b[0-9a-f]{8}([0-9a-f]{16})\b")
SECRET = re.compile(r"\b[0-9a-f]{40}\b")
LONGEST_SECONDS = 240

PREAMBLE = """
kinsync() { %(python)s -m kinsync "$@"; }
serve() {
  (exec %(python)s -m kinsync "$@") & server=$!
  until curl -s "$KINSYNC_AT" > served; do sleep 0.2; done
}
trap 'kill $server; wait $server' EXIT
"""
"""``serve`` waits until the server answers: people do so by themselves."""


def walked(page: str, port: int) -> list[tuple[Shown, str]]:
    """Every command of a page, with what it prints now."""
    found = [shown for one in blocks(page) if one.language == "console" for shown in shown_in(one)]
    with tempfile.TemporaryDirectory(prefix="kinsync-walk-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the database's own account passes through
        (folder / "samples").symlink_to(ROOT / "samples")
        printed = _run(_script(found), folder, port)
    first = ID.search(SECRET.sub("", printed))  # the district's
    assert first is not None, printed
    before = int(first[1], 16) - 1
    parts = re.split(r"(?m)^----- command \d+ -----\n", printed)[1:]
    return [
        (shown, as_shown(shown, _told(part, port, before)))
        for shown, part in zip(found, parts, strict=True)
    ]


def _script(commands: list[Shown]) -> str:
    lines = [PREAMBLE % {"python": shlex.quote(sys.executable)}]
    for number, shown in enumerate(commands):
        command = re.sub(r"^kinsync (serve .*?) *&$", r"serve \1", shown.command)
        lines += [f"echo '{MARK.format(number)}'", command]
    return "\n".join(lines)


def _run(script: str, folder: Path, port: int) -> str:
    at = f"127.0.0.1:{port}"
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("KINSYNC_")}
    process = subprocess.Popen(
        ["bash", "-c", script.replace(f"127.0.0.1:{PORT_SHOWN}", at)],
        cwd=folder,
        env={
            **inherited,
            "KINSYNC_HOME": str(folder / "home"),
            "KINSYNC_HTTP": at,
            "KINSYNC_AT": f"http://{at}",
            "COLUMNS": "100",
            "PYTHONUTF8": "1",
            "LC_ALL": "C.UTF-8",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return printed


def _told(text: str, port: int, before: int) -> str:
    """A text as of one morning; ``before`` is the number before that of the first id."""
    text = text.replace(f":{port}", f":{PORT_SHOWN}")
    text = MOMENT.sub("2026-01-05T08:00:00.000Z", text)
    text = SECRET.sub("0123456789abcdef" * 2 + "01234567", text)
    text = ID.sub(lambda id_: f"695b6f80{int(id_[1], 16) - before:016x}", text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
