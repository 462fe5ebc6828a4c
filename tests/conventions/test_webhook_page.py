"""What the webhooks page tells a receiver, tried with what is sent."""

import base64
import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kinsync.domain.webhooks import EVENTS_AVAILABLE, Message, signed_headers, spell_secret
from tests.conventions.pages import DOCS, blocks

PAGE = (DOCS / "webhooks.md").read_text("utf-8")
TITLED = {block.title: block.text for block in blocks(PAGE) if block.title}
OLD, NEW, OTHER = bytes(32), bytes(range(32)), b"o" * 32
BODY = '{"district":"Ñandú"}'.encode()
CALLS = {
    "verify.py": (
        [sys.executable],
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    secret, headers, body = json.loads(line)\n"
        "    print(str(is_genuine(secret, headers, base64.b64decode(body))).lower())\n",
    ),
    "verify.js": (
        ["node"],
        'for (const line of require("fs").readFileSync(0, "utf8").trim().split("\\n")) {\n'
        "  const [secret, headers, body] = JSON.parse(line);\n"
        '  console.log(isGenuine(secret, headers, Buffer.from(body, "base64")));\n'
        "}\n",
    ),
    "verify.rb": (
        ["ruby"],
        'require "json"\n'
        "STDIN.each_line do |line|\n"
        "  secret, headers, body = JSON.parse(line)\n"
        '  puts genuine?(secret, headers, body.unpack1("m"))\n'
        "end\n",
    ),
}
"""How each example is run, and what reads cases for it from standard input, one a line."""


def cases() -> list[tuple[str, dict[str, str], bytes, bool]]:
    """Secret, headers and body of messages, and whether they are genuine."""
    now = datetime.now(UTC)
    one = dict(signed_headers("msg_1", BODY, [NEW], at=now))
    both = dict(signed_headers("msg_1", BODY, [NEW, OLD], at=now))
    stale = dict(signed_headers("msg_1", BODY, [NEW], at=now - timedelta(minutes=6)))
    early = dict(signed_headers("msg_1", BODY, [NEW], at=now + timedelta(minutes=6)))
    return [
        (spell_secret(NEW), one, BODY, True),
        (spell_secret(NEW), both, BODY, True),
        (spell_secret(OLD), both, BODY, True),
        (spell_secret(OTHER), both, BODY, False),
        (spell_secret(NEW), one, BODY + b" ", False),
        (spell_secret(NEW), one | {"webhook-id": "msg_2"}, BODY, False),
        (spell_secret(NEW), one | {"webhook-timestamp": "soon"}, BODY, False),
        (spell_secret(NEW), one | {"webhook-signature": "v1,"}, BODY, False),
        (spell_secret(NEW), stale, BODY, False),
        (spell_secret(NEW), early, BODY, False),
    ]


@pytest.mark.parametrize("example", CALLS)
def test_an_example_tells_what_is_genuine(example: str, tmp_path: Path) -> None:
    program, call = CALLS[example]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed here")
    file = tmp_path / example
    file.write_text(TITLED[example] + call, "utf-8")
    given = [
        json.dumps([secret, headers, base64.b64encode(body).decode()])
        for secret, headers, body, _ in cases()
    ]

    done = subprocess.run(
        [*program, str(file)], input="\n".join(given), capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.stdout.split() == [str(genuine).lower() for *_, genuine in cases()]


def test_the_message_on_the_page_is_one_that_is_sent() -> None:
    shown = json.loads(TITLED["events.available"])
    data = shown["data"]
    message = Message(
        "msg_1",
        EVENTS_AVAILABLE,
        datetime.fromisoformat(shown["timestamp"]),
        data["district"],
        data["application"],
        int(data["connection"]),
        data["first_event"],
        data["last_event"],
        data["count"],
    )

    assert json.loads(message.body()) == shown
    assert list(json.loads(message.body())["data"]) == list(data)
