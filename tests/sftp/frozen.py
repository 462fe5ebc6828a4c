"""A client that stops in the middle of a file, and keeps its connection: PORT USERNAME PASSWORD."""

import asyncio
import os
import signal
import sys

import asyncssh


async def main(port: str, username: str, password: str) -> None:
    connection = await asyncssh.connect(
        "127.0.0.1", int(port), username=username, password=password,
        known_hosts=None, config=None, client_keys=None, agent_path=None,
    )  # fmt: skip
    client = await connection.start_sftp_client()
    file = await client.open("students.csv", "wb")
    await file.write(b"half a file")
    await client.stat(".")
    os.kill(os.getpid(), signal.SIGSTOP)


asyncio.run(main(*sys.argv[1:]))
