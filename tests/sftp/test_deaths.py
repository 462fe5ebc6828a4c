"""An upload counts when its client closed it, and never because the client is gone."""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from django.db import connections

from kinsync.services.arrived import latest_complete
from kinsync.store.database import connect
from tests.conventions.pages import ROOT
from tests.sftp.visitors import OPENSSH, Running, Visitor, drop, meanwhile, wait_until

WHOLE = b"School_id,Student_id,Last_name,First_name\n1,2,Marlowe,Ada\n"
HALF = b"School_id,Student_id,Last_name,First_name\n1,2,Mar" * 100
PATH = "students.csv"

Death = Callable[[asyncssh.SSHClientConnection, asyncssh.SFTPClient], Awaitable[None]]


async def reset(connection: asyncssh.SSHClientConnection, _client: asyncssh.SFTPClient) -> None:
    """The network drops it: TCP reset."""
    connection.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    connection.abort()


async def abort(connection: asyncssh.SSHClientConnection, _client: asyncssh.SFTPClient) -> None:
    """The program ends: TCP end without a word."""
    connection.abort()


async def disconnect(connection: asyncssh.SSHClientConnection, _: asyncssh.SFTPClient) -> None:
    """A client says good-bye in the middle of a file."""
    connection.disconnect(asyncssh.DISC_BY_APPLICATION, "bye")


def channel_of(client: asyncssh.SFTPClient) -> Any:
    handler: Any = client._handler
    return handler._writer.channel


async def close_channel(_: asyncssh.SSHClientConnection, client: asyncssh.SFTPClient) -> None:
    """The channel is closed, the connection stays."""
    channel_of(client).close()


async def end_of_channel(_: asyncssh.SSHClientConnection, client: asyncssh.SFTPClient) -> None:
    """The channel ends and stays open: what ssh says when the sftp program was killed."""
    channel_of(client).write_eof()


async def garbage(_: asyncssh.SSHClientConnection, client: asyncssh.SFTPClient) -> None:
    """A packet that is none, over a channel that stays open."""
    channel_of(client).write(struct.pack(">I", 3) + b"\x04\x00\x00")


async def huge_packet(_: asyncssh.SSHClientConnection, client: asyncssh.SFTPClient) -> None:
    """A packet that announces more than there may be."""
    channel_of(client).write(struct.pack(">I", 0xFFFFFFF0))


DEATHS = [reset, abort, disconnect, close_channel, end_of_channel, garbage, huge_packet]


def die(visitor: Visitor, running: Running, death: Death, content: bytes = HALF) -> None:
    """Send half a file, and die of something; wait until the server has seen it."""

    async def dying() -> None:
        connection = await visitor.connect(running)
        client = await connection.start_sftp_client()
        file = await client.open(PATH, "wb")
        await file.write(content)
        await client.stat(".")  # everything before has been answered
        await death(connection, client)
        await meanwhile(lambda: wait_until(lambda: has_ended(visitor)))
        await drop(connection)

    asyncio.run(dying())


def has_ended(visitor: Visitor) -> bool:
    return bool(visitor.uploads()) and visitor.uploads()[0].state != "receiving"


@pytest.mark.parametrize("death", DEATHS)
def test_a_file_that_its_client_did_not_close_is_incomplete(
    visitor: Visitor, running: Running, death: Death
) -> None:
    die(visitor, running, death)

    assert visitor.states() == [(PATH, "incomplete")]
    assert "connection was lost" in visitor.uploads()[0].reason
    assert latest_complete(visitor.district.id) is None


@pytest.mark.parametrize("death", DEATHS)
def test_the_whole_file_from_before_stays(visitor: Visitor, running: Running, death: Death) -> None:
    visitor.put(running, PATH, WHOLE)
    die(visitor, running, death)

    assert visitor.listed(running) == {PATH: len(WHOLE)}
    assert visitor.get(running, PATH) == WHOLE
    assert visitor.states() == [(PATH, "complete"), (PATH, "incomplete")]


def test_a_close_that_was_sent_counts_though_the_client_is_gone_right_after(
    visitor: Visitor, running: Running
) -> None:
    async def hasty() -> None:
        connection = await visitor.connect(running)
        client = await connection.start_sftp_client()
        file = await client.open(PATH, "wb")
        await file.write(WHOLE)
        await file.close()
        await drop(connection)

    asyncio.run(hasty())

    assert visitor.states() == [(PATH, "complete")]
    assert visitor.get(running, PATH) == WHOLE


def test_signals_and_breaks_do_not_end_a_session(visitor: Visitor, running: Running) -> None:
    async def noisy(client: asyncssh.SFTPClient) -> None:
        async with client.open(PATH, "wb") as file:
            channel_of(client).send_signal("INT")
            channel_of(client).send_break(1)
            channel_of(client).change_terminal_size(80, 24)
            await file.write(WHOLE)

    visitor.visit(running, noisy)

    assert visitor.states() == [(PATH, "complete")]


def test_a_client_that_is_frozen_is_lost(visitor: Visitor, start: Callable[..., Running]) -> None:
    running = start(keepalive_seconds=0.2)
    asked = [str(running.port), visitor.account.username, visitor.password]
    client = subprocess.Popen([sys.executable, "-m", "tests.sftp.frozen", *asked], cwd=ROOT)
    wait_until(lambda: has_ended(visitor))
    client.kill()
    client.wait()

    assert visitor.states() == [(PATH, "incomplete")]


@pytest.mark.skipif(not Path(OPENSSH).exists(), reason="there is no OpenSSH client here")
@pytest.mark.parametrize("who", ["sftp", "ssh"])
def test_a_real_client_that_is_killed_leaves_an_incomplete_upload_and_can_resume_it(
    visitor: Visitor, running: Running, tmp_path: Path, who: str
) -> None:
    big = tmp_path / "big.csv"
    big.write_bytes(os.urandom(3_000_000))
    slow = visitor.openssh(running, "-l", "8000", batch=f"put {big} {PATH}\n")
    process = subprocess.Popen(slow, stdout=subprocess.DEVNULL)
    wait_until(lambda: _received(running) > 300_000)
    _kill(process.pid, who)
    process.wait()
    wait_until(lambda: has_ended(visitor))

    assert visitor.states() == [(PATH, "incomplete")]
    again = visitor.openssh(running, batch=f"reput {big} {PATH}\n")
    subprocess.run(again, check=True, stdout=subprocess.DEVNULL)
    assert visitor.get(running, PATH) == big.read_bytes()
    assert visitor.states() == [(PATH, "complete")]


def _received(running: Running) -> int:
    folder = running.home / "storage" / "incoming"
    return max((path.stat().st_size for path in folder.glob("*.part")), default=0)


def _kill(pid: int, who: str) -> None:
    children = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    os.kill(pid if who == "sftp" else int(children[0]), signal.SIGKILL)


def test_a_server_that_is_stopped_hands_uploads_back_as_incomplete(
    visitor: Visitor, start: Callable[..., Running]
) -> None:
    running = start()
    said = under_way(visitor, running, lambda: running.end(signal.SIGTERM))

    assert said == "stopped"
    assert running.process.returncode == 0
    assert visitor.states() == [(PATH, "incomplete")]
    assert "stopped" in visitor.uploads()[0].reason


def test_a_server_that_is_killed_leaves_nothing_that_counts(
    visitor: Visitor, start: Callable[..., Running]
) -> None:
    running = start()
    under_way(visitor, running, lambda: running.end(signal.SIGKILL))
    assert visitor.states() == [(PATH, "receiving")]
    again = start()

    assert visitor.states() == [(PATH, "incomplete")]
    assert list((running.home / "storage" / "incoming").iterdir()) == []
    visitor.put(again, PATH, WHOLE)
    assert visitor.get(again, PATH) == WHOLE


def test_two_servers_on_one_home_leave_each_others_uploads_alone(
    visitor: Visitor, start: Callable[..., Running]
) -> None:
    running = start()

    async def slow(client: asyncssh.SFTPClient) -> None:
        file = await client.open(PATH, "wb")
        await file.write(WHOLE[:10])
        await meanwhile(start)
        await file.write(WHOLE[10:])
        await file.close()

    visitor.visit(running, slow)

    assert visitor.states() == [(PATH, "complete")]


def under_way(visitor: Visitor, running: Running, what: Callable[[], Any]) -> Any:
    """Do something while a file is being uploaded."""

    async def uploading() -> Any:
        connection = await visitor.connect(running)
        client = await connection.start_sftp_client()
        file = await client.open(PATH, "wb")
        await file.write(HALF)
        await client.stat(".")
        done = await meanwhile(what)
        await drop(connection)
        return done

    return asyncio.run(uploading())


def test_connections_that_the_database_dropped_do_not_end_an_upload(
    visitor: Visitor, running: Running
) -> None:
    def drop_connections() -> None:
        with connect(autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

    async def uploading(client: asyncssh.SFTPClient) -> None:
        for number in range(10):
            file = await client.open(f"{PATH}.{number}.part", "wb")
            await file.write(WHOLE)
            await meanwhile(drop_connections)
            await file.close()
            await client.rename(f"{PATH}.{number}.part", f"{number}.csv")

    visitor.visit(running, uploading)
    connections.close_all()

    assert {state for _, state in visitor.states()} == {"complete"}
    assert len(visitor.listed(running)) == 10


def test_a_write_that_fails_fails_the_close_and_nothing_counts(
    visitor: Visitor, start: Callable[..., Running]
) -> None:
    running = start(largest_file=20_000)

    async def filling(client: asyncssh.SFTPClient) -> None:
        file = await client.open(PATH, "wb", block_size=0)
        with pytest.raises(asyncssh.SFTPError, match=r"File too large|could not be written"):
            await file.write(b"x" * 50_000, 0)
        with pytest.raises(asyncssh.SFTPError, match="has failed"):
            await file.write(b"x", 0)
        with pytest.raises(asyncssh.SFTPError, match="incomplete"):
            await file.close()

    visitor.visit(running, filling)

    assert visitor.states() == [(PATH, "incomplete")]
    assert latest_complete(visitor.district.id) is None


def test_a_file_above_the_limit_is_incomplete_and_the_earlier_one_stays(
    visitor: Visitor, start: Callable[..., Running]
) -> None:
    running = start(file_bytes=1000)
    visitor.put(running, PATH, WHOLE)
    with pytest.raises(asyncssh.SFTPError, match="larger than"):
        visitor.put(running, PATH, b"x" * 1001)

    assert visitor.listed(running) == {PATH: len(WHOLE)}
    assert visitor.states() == [(PATH, "complete"), (PATH, "incomplete")]


def test_a_disk_that_is_nearly_full_takes_nothing(
    visitor: Visitor, start: Callable[..., Running]
) -> None:
    running = start(free_bytes=1 << 60)
    with pytest.raises(asyncssh.SFTPError, match="nearly full"):
        visitor.put(running, PATH, WHOLE)

    assert visitor.states() == []


def test_a_gap_makes_an_upload_incomplete(visitor: Visitor, running: Running) -> None:
    async def gapped(client: asyncssh.SFTPClient) -> None:
        file = await client.open(PATH, "wb")
        await file.write(b"first", 0)
        await file.write(b"third", 10)
        with pytest.raises(asyncssh.SFTPError, match="gap"):
            await file.close()

    visitor.visit(running, gapped)

    assert visitor.states() == [(PATH, "incomplete")]


def test_pieces_in_any_order_make_a_whole_file(visitor: Visitor, running: Running) -> None:
    async def shuffled(client: asyncssh.SFTPClient) -> None:
        async with client.open(PATH, "wb") as file:
            await file.write(b"third.", 12)
            await file.write(b"first,", 0)
            await file.write(b"other,", 6)

    visitor.visit(running, shuffled)

    assert visitor.get(running, PATH) == b"first,other,third."


def test_what_is_resumed_on_yesterdays_file_is_incomplete_and_yesterdays_stays(
    visitor: Visitor, running: Running
) -> None:
    visitor.put(running, PATH, WHOLE)

    async def resume(client: asyncssh.SFTPClient) -> None:
        size = await client.getsize(PATH)
        file = await client.open(PATH, asyncssh.FXF_WRITE | asyncssh.FXF_CREAT, encoding=None)
        await file.write(b"3,4,Marlowe,Ben\n", size)
        with pytest.raises(asyncssh.SFTPError, match="resumed on another file"):
            await file.close()

    visitor.visit(running, resume)

    assert visitor.get(running, PATH) == WHOLE


def test_appending_to_yesterdays_file_is_incomplete(visitor: Visitor, running: Running) -> None:
    visitor.put(running, PATH, WHOLE)

    async def append(client: asyncssh.SFTPClient) -> None:
        file = await client.open(PATH, "ab")
        await file.write(b"3,4,Marlowe,Ben\n")
        with pytest.raises(asyncssh.SFTPError, match="resumed on another file"):
            await file.close()

    visitor.visit(running, append)

    assert visitor.get(running, PATH) == WHOLE


def test_opening_a_file_and_writing_nothing_changes_nothing(
    visitor: Visitor, running: Running
) -> None:
    visitor.put(running, PATH, WHOLE)

    async def touch(client: asyncssh.SFTPClient) -> None:
        async with client.open(PATH, asyncssh.FXF_WRITE | asyncssh.FXF_CREAT, encoding=None):
            pass

    visitor.visit(running, touch)

    assert visitor.get(running, PATH) == WHOLE
