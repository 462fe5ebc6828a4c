"""SFTP accounts: made, revoked, and opened by a password or a key, slowly for whoever guesses.

A failed password counts against the account, against the address, and against both together, for
all processes. So an address that guesses is shut out soon, and an account that is guessed at from
everywhere a while later; its keys still open it, for a key is not guessed.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_address

import asyncssh
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from kinsync.domain.errors import ChangeInput, Defect, NotFound
from kinsync.services.sftp_words import WORDS
from kinsync.store import sftp_accounts as records
from kinsync.store.records import District
from kinsync.store.sftp_accounts import Account as Account  # doors know accounts from here

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""argon2id at OWASP's floor: 25 ms. The library's own choice would let 10 logins a second in."""
PASSWORD_BYTES = 18
LONGEST_PASSWORD = 256
"""More is not hashed at all: a password of megabytes would be work for nothing."""
TRIES_AT_A_NAME = 20
SMALLEST_RSA_BITS = 2048

FAILURES_OF_BOTH = 5
FAILURES_OF_ADDRESS = 20
FAILURES_OF_ACCOUNT = 50
LOCK = timedelta(minutes=15)
"""How long a lock lasts, and how long failures are remembered."""


def add_account(
    district: District,
    *,
    at: datetime,
    has_password: bool = False,
    keys: Sequence[str] = (),
    label: str = "",
) -> tuple[Account, str]:
    """A new account of a district, and its password ('' for none): shown once, kept as a hash.

    Args:
        keys: public keys as text, in OpenSSH's or RFC 4716's form.
        label: whose it is, such as the name of the SIS vendor.

    Raises:
        ChangeInput: neither a password nor a key; or a key that will not do.
    """
    if not has_password and not keys:
        raise ChangeInput("An account is opened by a password or by keys: --password, or --key.")
    lines = [public_key_line(key) for key in keys]
    password = secrets.token_urlsafe(PASSWORD_BYTES) if has_password else ""
    for _ in range(TRIES_AT_A_NAME):
        added = records.add_account(
            district.id,
            new_username(),
            at=at,
            label=label.strip(),
            password_hash=HASHER.hash(password) if password else "",
            public_keys=lines,
        )
        if added is not None:
            return added, password
    raise Defect("No free username was found. Please report it.")


def new_username() -> str:
    """Two words and four digits, such as ``maple-harbor-4821``: easy to read out, hard to guess."""
    first, second = secrets.choice(WORDS), secrets.choice(WORDS)
    return f"{first}-{second}-{secrets.randbelow(9000) + 1000}"


def public_key_line(text: str) -> str:
    """A public key as one line of ``authorized_keys``, without its comment.

    Raises:
        ChangeInput: it is not a public key, or one that is too weak.
    """
    if "PRIVATE KEY" in text:
        raise ChangeInput(
            "That is a private key: it should not have left its place. Make a new pair, and give "
            "the .pub file."
        )
    try:
        key = asyncssh.import_public_key(text)
    except (asyncssh.KeyImportError, ValueError) as error:
        raise ChangeInput(
            "That is not an SSH public key. Give the .pub file that ssh-keygen wrote."
        ) from error
    algorithm = key.get_algorithm()
    bits = getattr(key.pyca_key, "key_size", SMALLEST_RSA_BITS)
    if algorithm == "ssh-dss" or (algorithm == "ssh-rsa" and bits < SMALLEST_RSA_BITS):
        raise ChangeInput(
            f"The {algorithm} key is too weak. Make one with 'ssh-keygen -t ed25519'."
        )
    key.set_comment(None)
    return key.export_public_key().decode().strip()


def fingerprints(account: Account) -> list[str]:
    """What its keys are compared by, such as ``SHA256:…``."""
    keys = (asyncssh.import_public_key(line) for line in account.public_keys)
    return [f"{key.get_algorithm()} {key.get_fingerprint()}" for key in keys]


def list_accounts(district: District) -> list[Account]:
    """Every account of a district, revoked ones too."""
    return records.list_accounts(district.id)


def revoke_account(district: District, username: str, *, at: datetime) -> Account:
    """Close an account for ever. A session that is open ends with its next request.

    Raises:
        NotFound: the district has no such account.
    """
    for account in records.list_accounts(district.id):
        if account.username == username:
            records.revoke_account(account.id, at=at)
            return account
    raise NotFound(
        f"{district.name} has no SFTP account {username!r}. 'kinsync sftp-account list' shows them."
    )


def is_open(account: Account) -> bool:
    """Whether an account has not been revoked meanwhile."""
    return records.is_open(account.id)


# -- logging in ----------------------------------------------------------------------------------


def open_with_password(
    username: str, password: str, *, address: str, at: datetime
) -> Account | None:
    """The account that a password opens, or None. As much work for unknown accounts as for known.

    Blocks for as long as a hash takes; the caller sees to it that few do so at once.

    Raises:
        TryAgainLater: the database is away.
    """
    limits = _limits(username, address)
    is_allowed = records.try_login(limits, at=at, lock=LOCK)
    account = _open_account(username)
    is_right = _verify(account, password)
    if account is None or not is_right or not is_allowed:
        return None
    both, of_account, of_address = limits
    records.forget_failures([both, of_account], [of_address])
    return account


def open_with_key(username: str, public_data: bytes) -> Account | None:
    """The account that a key opens, or None; whoever calls has the client prove that it is its.

    Raises:
        TryAgainLater: the database is away.
    """
    account = _open_account(username)
    if account is None:
        return None
    known = (asyncssh.import_public_key(line).public_data for line in account.public_keys)
    return account if public_data in known else None


def forget_old_failures(at: datetime) -> None:
    """Drop counts of failed logins that say nothing any more."""
    records.forget_old_failures(before=at - 2 * LOCK)


def _open_account(username: str) -> Account | None:
    account = records.find_account(username)
    return None if account is None or account.revoked_at else account


def _verify(account: Account | None, password: str) -> bool:
    """Whether the password is the account's. Where there is none, one is compared all the same."""
    known = account.password_hash if account else ""
    try:
        HASHER.verify(known or _nobodys(), password[:LONGEST_PASSWORD])
    except (Argon2Error, InvalidHashError):
        return False
    return bool(known) and len(password) <= LONGEST_PASSWORD


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has."""
    return HASHER.hash(secrets.token_urlsafe(PASSWORD_BYTES))


def _limits(username: str, address: str) -> dict[str, int]:
    """How many failures each key of a login may have: both together, the account, the address."""
    network = _network(address)
    return {
        _key("both", username, network): FAILURES_OF_BOTH,
        _key("account", username): FAILURES_OF_ACCOUNT,
        _key("address", network): FAILURES_OF_ADDRESS,
    }


def _network(address: str) -> str:
    """An address as it is counted: of IPv6 the part that one customer has, for the rest is free."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(known) if known.version == 4 else known.exploded[:19]


def _key(*parts: str) -> str:
    """A hash: what was typed as a name may be a password."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


# -- host keys -----------------------------------------------------------------------------------

HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")
"""The first for everybody; the others for clients that are too old for it."""
RSA_BITS = 3072


def host_keys(*, at: datetime) -> list[asyncssh.SSHKey]:
    """The keys by which clients know this service, made the first time; ed25519 first."""
    known = records.host_keys(_make_host_keys, at=at)
    return [asyncssh.import_private_key(known[name]) for name in HOST_KEYS if name in known]


def host_fingerprint() -> str:
    """By what clients know this service; "" until the SFTP server has begun for the first time."""
    key = records.known_host_keys().get(HOST_KEYS[0])
    return asyncssh.import_private_key(key).get_fingerprint() if key else ""


def replace_host_keys(*, at: datetime) -> list[asyncssh.SSHKey]:
    """New host keys instead of the old ones; a server that runs has them once it begins anew."""
    records.replace_host_keys(_make_host_keys(), at=at)
    return host_keys(at=at)


def _make_host_keys() -> dict[str, str]:
    made = (
        asyncssh.generate_private_key(HOST_KEYS[0]),
        asyncssh.generate_private_key(HOST_KEYS[1]),
        asyncssh.generate_private_key(HOST_KEYS[2], key_size=RSA_BITS),
    )
    return {key.get_algorithm(): key.export_private_key().decode() for key in made}
