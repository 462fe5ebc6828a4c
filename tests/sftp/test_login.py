"""Who is let in, what they may open, and what becomes of those who guess."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.services import sftp_accounts
from kinsync.store.database import connect
from kinsync.store.sftp_accounts import Account, find_account
from tests.sftp.visitors import (
    OPENSSH,
    Running,
    Visitor,
    another_visitor,
    drop,
    meanwhile,
    new_visitor,
)
from tests.store.people import NOON

ADDRESS = "192.0.2.7"


def logs_in(visitor: Visitor, running: Running, **options: Any) -> bool:
    """Whether somebody is let in."""

    async def trying() -> bool:
        try:
            connection = await visitor.connect(running, **options)
        except (asyncssh.Error, OSError):
            return False
        await drop(connection)
        return True

    return asyncio.run(trying())


def by_password(password: str) -> dict[str, Any]:
    return {"client_keys": None, "password": password}


def test_the_password_or_the_key_opens_an_account(visitor: Visitor, running: Running) -> None:
    assert logs_in(visitor, running)
    assert logs_in(visitor, running, **by_password(visitor.password))


def test_another_password_or_key_does_not(visitor: Visitor, running: Running) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")

    assert not logs_in(visitor, running, **by_password("guess"))
    assert not logs_in(visitor, running, **by_password(""))
    assert not logs_in(visitor, running, **by_password("x" * 5000))
    assert not logs_in(visitor, running, client_keys=[stranger])


def test_a_key_of_one_account_opens_no_other(visitor: Visitor, running: Running) -> None:
    neighbour = new_visitor(visitor.folder, "Hillside")

    assert not logs_in(visitor, running, client_keys=[neighbour.key])


def test_a_revoked_account_is_closed_and_the_others_stay_open(
    visitor: Visitor, running: Running
) -> None:
    vendor = another_visitor(visitor.district, visitor.folder, "PowerSchool")
    sftp_accounts.revoke_account(visitor.district, visitor.account.username, at=NOON)

    assert not logs_in(visitor, running)
    assert not logs_in(visitor, running, **by_password(visitor.password))
    assert logs_in(vendor, running)


def test_who_guesses_is_shut_out_by_every_server_and_keys_still_open(
    visitor: Visitor, start: Callable[..., Running]
) -> None:
    here, there = start(), start()
    for _ in range(sftp_accounts.FAILURES_OF_BOTH):
        assert not logs_in(visitor, here, **by_password("guess"))

    assert not logs_in(visitor, there, **by_password(visitor.password))
    assert logs_in(visitor, there)


def test_wrong_passwords_end_the_connection(visitor: Visitor, running: Running) -> None:
    class Guessing(asyncssh.SSHClient):
        tries = 0

        def password_auth_requested(self) -> str:
            self.tries += 1
            return f"guess {self.tries}"

    guessing = Guessing()

    async def trying() -> None:
        with pytest.raises(asyncssh.Error):
            await visitor.connect(running, client_keys=None, client_factory=lambda: guessing)

    asyncio.run(trying())

    assert guessing.tries == 3


def open_(visitor: Visitor, password: str, address: str = ADDRESS) -> Account | None:
    username = visitor.account.username
    return sftp_accounts.open_with_password(username, password, address=address, at=NOON)


def test_a_lock_ends_and_a_login_that_succeeds_forgets_failures(visitor: Visitor) -> None:
    for _ in range(sftp_accounts.FAILURES_OF_BOTH - 1):
        assert open_(visitor, "guess") is None
    assert open_(visitor, visitor.password) is not None
    for _ in range(sftp_accounts.FAILURES_OF_BOTH):
        assert open_(visitor, "guess") is None
    assert open_(visitor, visitor.password) is None

    later = NOON + sftp_accounts.LOCK
    username = visitor.account.username
    opened = sftp_accounts.open_with_password(username, visitor.password, address=ADDRESS, at=later)
    assert opened is not None


def test_a_locked_address_does_not_lock_the_account_elsewhere(visitor: Visitor) -> None:
    for _ in range(sftp_accounts.FAILURES_OF_BOTH):
        open_(visitor, "guess")

    assert open_(visitor, visitor.password) is None
    assert open_(visitor, visitor.password, "192.0.2.8") is not None


def test_an_account_that_is_guessed_at_from_everywhere_is_locked(visitor: Visitor) -> None:
    for number in range(sftp_accounts.FAILURES_OF_ACCOUNT):
        open_(visitor, "guess", f"192.0.2.{number}")

    assert open_(visitor, visitor.password, "198.51.100.1") is None


def test_an_address_that_tries_many_accounts_is_locked(visitor: Visitor) -> None:
    for number in range(sftp_accounts.FAILURES_OF_ADDRESS):
        sftp_accounts.open_with_password(f"nobody-{number}", "guess", address=ADDRESS, at=NOON)

    assert open_(visitor, visitor.password) is None


def test_addresses_of_one_customer_are_counted_as_one(visitor: Visitor) -> None:
    for number in range(sftp_accounts.FAILURES_OF_BOTH):
        open_(visitor, "guess", f"2001:db8:1:2::{number}")

    assert open_(visitor, visitor.password, "2001:db8:1:2:ffff::1") is None
    assert open_(visitor, visitor.password, "2001:db8:1:3::1") is not None


def test_neither_passwords_nor_typed_names_are_kept_as_they_are(visitor: Visitor) -> None:
    sftp_accounts.open_with_password("typed by mistake", "guess", address=ADDRESS, at=NOON)
    with connect() as connection:
        rows = connection.execute(
            "SELECT to_jsonb(sftp_account)::text FROM sftp_account"
            " UNION ALL SELECT to_jsonb(sftp_login_failure)::text FROM sftp_login_failure"
        ).fetchall()
    kept = " ".join(row for (row,) in rows)

    assert len(rows) == 4
    assert visitor.password not in kept
    assert "typed by mistake" not in kept
    assert ADDRESS not in kept
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in kept


@pytest.mark.parametrize(
    ("algorithm", "options"),
    [("ssh-rsa", {"key_size": 1024}), ("ssh-dss", {})],
)
def test_weak_keys_are_refused(algorithm: str, options: dict[str, int]) -> None:
    key = asyncssh.generate_private_key(algorithm, **options)  # type: ignore[arg-type]

    with pytest.raises(ChangeInput, match="too weak"):
        sftp_accounts.public_key_line(key.export_public_key().decode())


def test_what_is_no_public_key_is_refused() -> None:
    with pytest.raises(ChangeInput, match="not an SSH public key"):
        sftp_accounts.public_key_line("ssh-ed25519 nonsense")


def test_usernames_are_two_words_and_four_digits_and_do_not_repeat(visitor: Visitor) -> None:
    again = another_visitor(visitor.district, visitor.folder)

    assert visitor.account.username != again.account.username
    first, second, number = again.account.username.split("-")
    assert first.isalpha()
    assert second.isalpha()
    assert len(number) == 4
    assert find_account(again.account.username) == again.account


def test_nothing_but_sftp_is_opened(visitor: Visitor, running: Running) -> None:
    async def asking() -> list[str]:
        connection = await visitor.connect(running)
        refused = []
        wishes: dict[str, Callable[[], Awaitable[Any]]] = {
            "shell": lambda: connection.create_process(),
            "exec": lambda: connection.create_process("id"),
            "scp": lambda: connection.create_process("scp -t ."),
            "netconf": lambda: connection.create_process(subsystem="netconf"),
            "terminal": lambda: connection.create_process(term_type="xterm"),
            "tunnel": lambda: connection.open_connection("127.0.0.1", 80),
            "unix": lambda: connection.open_unix_connection("/run/x"),
            "listen": lambda: connection.forward_remote_port("", 0, "127.0.0.1", 80),
        }
        for wish, ask in wishes.items():
            try:
                await ask()
            except (asyncssh.Error, asyncssh.ChannelListenError):
                refused.append(wish)
        client = await connection.start_sftp_client()
        await client.stat(".")
        await drop(connection)
        return refused

    assert asyncio.run(asking()) == [
        "shell", "exec", "scp", "netconf", "terminal", "tunnel", "unix", "listen",
    ]  # fmt: skip


def test_channels_of_one_connection_are_limited_while_they_last(
    visitor: Visitor, running: Running
) -> None:
    async def opening() -> None:
        connection = await visitor.connect(running)
        clients = [await connection.start_sftp_client() for _ in range(4)]
        with pytest.raises(asyncssh.Error):
            await connection.start_sftp_client()
        for client in clients:
            client.exit()
            await client.wait_closed()
        for _ in range(6):
            client = await connection.start_sftp_client()
            client.exit()
            await client.wait_closed()
        await drop(connection)

    asyncio.run(opening())


WEAK: list[dict[str, list[str]]] = [
    {"kex_algs": ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"]},
    {"encryption_algs": ["aes256-cbc", "3des-cbc", "arcfour"]},
    {"mac_algs": ["hmac-sha1", "hmac-md5"], "encryption_algs": ["aes128-ctr"]},
    {"server_host_key_algs": ["ssh-rsa", "ssh-dss"]},
    {"signature_algs": ["ssh-rsa"]},
]


@pytest.mark.parametrize("offer", WEAK, ids=lambda offer: next(iter(offer)))
def test_weak_algorithms_are_not_agreed_to(
    visitor: Visitor, running: Running, offer: dict[str, list[str]]
) -> None:
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    account, _ = sftp_accounts.add_account(
        visitor.district, at=NOON, keys=[rsa.export_public_key().decode()]
    )
    old = Visitor(visitor.district, account, "", rsa, visitor.folder)

    assert logs_in(old, running)
    assert not logs_in(old, running, **offer)


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-256"])
def test_old_clients_find_a_host_key_that_they_know(
    visitor: Visitor, running: Running, algorithm: str
) -> None:
    assert logs_in(visitor, running, server_host_key_algs=[algorithm])


def test_sessions_of_one_account_are_limited(
    visitor: Visitor, start: Callable[..., Running]
) -> None:
    running = start(sessions_per_account=2)

    async def opening() -> list[bool]:
        opened, connections = [], []
        for _ in range(3):
            connection = await visitor.connect(running)
            connections.append(connection)
            try:
                await connection.start_sftp_client()
                opened.append(True)
            except asyncssh.Error:
                opened.append(False)
        for connection in connections:
            await drop(connection)
        return opened

    assert asyncio.run(opening()) == [True, True, False]


def test_connections_are_limited(visitor: Visitor, start: Callable[..., Running]) -> None:
    running = start(sessions=1)

    async def opening() -> bool:
        first = await visitor.connect(running)
        try:
            await drop(await visitor.connect(running))
        except (asyncssh.Error, OSError):
            return False
        finally:
            await drop(first)
        return True

    assert not asyncio.run(opening())


@pytest.mark.skipif(not Path(OPENSSH).exists(), reason="there is no OpenSSH client here")
def test_the_real_client_does_a_districts_day(
    visitor: Visitor, running: Running, tmp_path: Path
) -> None:
    here = tmp_path / "here.csv"
    here.write_bytes(b"School_id,Student_id\n" * 50_000)
    batch = f"""
        put {here} students.csv
        put {here} students.csv
        mkdir customcontacts
        put -p {here} customcontacts/contacts.csv
        put {here} students.csv.filepart
        rename students.csv.filepart students.csv
        -ln -s students.csv link
        -chmod 700 students.csv
        ls -l
        get students.csv {tmp_path}/back.csv
        put {here} teachers.csv
        rm teachers.csv
        -reput {here} students.csv
    """
    command = visitor.openssh(running, batch=batch)
    done = subprocess.run(command, check=True, capture_output=True, text=True)

    assert "students.csv" in done.stdout
    assert (tmp_path / "back.csv").read_bytes() == here.read_bytes()
    assert visitor.listed(running) == {"students.csv": here.stat().st_size, "customcontacts": 0}


def test_a_revoked_account_completes_nothing_in_a_session_that_is_open(
    visitor: Visitor, running: Running
) -> None:
    async def revoked(client: asyncssh.SFTPClient) -> None:
        file = await client.open("students.csv", "wb")
        await file.write(b"whole")
        username = visitor.account.username
        await meanwhile(lambda: sftp_accounts.revoke_account(visitor.district, username, at=NOON))
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            await file.close()
        with pytest.raises(asyncssh.SFTPError):
            await client.stat(".")

    visitor.visit(running, revoked)

    assert visitor.states() == [("students.csv", "incomplete")]
