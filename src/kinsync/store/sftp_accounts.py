"""SFTP accounts, the keys by which clients know the service, and failed logins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

from kinsync.store import models
from kinsync.store.database import outages


@dataclass(frozen=True, slots=True)
class Account:
    """One way into one district. ``password_hash`` is '' where only keys open it."""

    id: int
    district_id: int
    district_public_id: str
    username: str
    label: str
    password_hash: str
    public_keys: Sequence[str]
    created_at: datetime
    revoked_at: datetime | None


def add_account(
    district_id: int,
    username: str,
    *,
    at: datetime,
    label: str = "",
    password_hash: str = "",
    public_keys: Sequence[str] = (),
) -> Account | None:
    """A new account; None where the username is taken, even by a revoked one."""
    with outages(doing="adding an SFTP account"):
        try:
            row = models.SftpAccount.objects.create(
                district_id=district_id,
                username=username,
                label=label,
                password_hash=password_hash,
                public_keys=list(public_keys),
                created_at=at,
            )
        except IntegrityError:
            return None
        return _account(row)


def list_accounts(district_id: int) -> list[Account]:
    """Every account of a district, revoked ones too, oldest first."""
    with outages(doing="listing SFTP accounts"):
        rows = models.SftpAccount.objects.select_related("district")
        return [_account(row) for row in rows.filter(district_id=district_id).order_by("id")]


def find_account(username: str) -> Account | None:
    """The account of that username, revoked or not."""
    with outages(doing="looking up an SFTP account"):
        rows = models.SftpAccount.objects.select_related("district")
        row = rows.filter(username=username).first()
        return None if row is None else _account(row)


def is_open(account_id: int) -> bool:
    """Whether an account is there and not revoked."""
    with outages(doing="checking an SFTP account"):
        return models.SftpAccount.objects.filter(id=account_id, revoked_at=None).exists()


def revoke_account(account_id: int, *, at: datetime) -> None:
    """Close an account for ever; one that is revoked keeps its date."""
    with outages(doing="revoking an SFTP account"):
        models.SftpAccount.objects.filter(id=account_id, revoked_at=None).update(revoked_at=at)


# -- host keys -----------------------------------------------------------------------------------


def host_keys(make: Callable[[], Mapping[str, str]], *, at: datetime) -> dict[str, str]:
    """Private host keys by algorithm, in OpenSSH's format; ``make`` makes them the first time.

    Machines that start at once end up with the same keys: whoever writes one first is believed.
    """
    with outages(doing="reading the host keys"):
        if not models.SftpHostKey.objects.exists():
            models.SftpHostKey.objects.bulk_create(
                [
                    models.SftpHostKey(algorithm=name, private_key=key, created_at=at)
                    for name, key in make().items()
                ],
                ignore_conflicts=True,
            )
    return known_host_keys()


def known_host_keys() -> dict[str, str]:
    """The same, none where none were made."""
    with outages(doing="reading the host keys"):
        return dict(models.SftpHostKey.objects.values_list("algorithm", "private_key"))


def replace_host_keys(keys: Mapping[str, str], *, at: datetime) -> None:
    """Have these private host keys instead of all that there were."""
    with outages(doing="replacing the host keys"), transaction.atomic():
        models.SftpHostKey.objects.all().delete()
        models.SftpHostKey.objects.bulk_create(
            models.SftpHostKey(algorithm=name, private_key=key, created_at=at)
            for name, key in keys.items()
        )


# -- failed logins -------------------------------------------------------------------------------

TRY = """
INSERT INTO sftp_login_failure AS known (key, failures, last_at, locked_until)
VALUES (%(key)s, 1, %(at)s, NULL)
ON CONFLICT (key) DO UPDATE SET
    failures = CASE
        WHEN known.locked_until > %(at)s THEN %(limit)s + 1
        WHEN known.locked_until IS NOT NULL OR known.last_at < %(since)s THEN 1
        ELSE known.failures + 1 END,
    locked_until = CASE
        WHEN known.locked_until > %(at)s THEN known.locked_until
        WHEN known.locked_until IS NOT NULL OR known.last_at < %(since)s THEN NULL
        WHEN known.failures + 1 >= %(limit)s THEN %(until)s END,
    last_at = %(at)s
RETURNING failures
"""
"""Counts one more try, unless the key is locked: then the lock stays as long as it was."""


def try_login(limits: Mapping[str, int], *, at: datetime, lock: timedelta) -> bool:
    """Count a login that is about to be tried as failed, and say whether it may be tried.

    Counting comes before trying, so that tries at once cannot outrun the count; one that succeeds
    is taken back by ``forget_failures``.

    Args:
        limits: how many failures each key may have before it is locked.
        lock: how long a lock lasts, and how long failures are remembered.
    """
    times = {"at": at, "since": at - lock, "until": at + lock}
    is_allowed = True
    with outages(doing="counting logins"), transaction.atomic(), connection.cursor() as cursor:
        for key in sorted(limits):  # always in one order: no two tries wait for each other
            cursor.execute(TRY, {"key": key, "limit": limits[key], **times})
            (failures,) = cursor.fetchone()
            is_allowed &= failures <= limits[key]
    return is_allowed


def forget_failures(forgotten: Sequence[str], lessened: Sequence[str]) -> None:
    """After a login that succeeded: drop some counts, and take this one try off others."""
    with outages(doing="counting logins"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM sftp_login_failure WHERE key = ANY(%s)", (list(forgotten),))
        cursor.execute(
            "UPDATE sftp_login_failure SET failures = failures - 1, locked_until = NULL"
            " WHERE key = ANY(%s)",
            (list(lessened),),
        )


def forget_old_failures(*, before: datetime) -> None:
    """Drop counts that say nothing any more."""
    with outages(doing="counting logins"):
        models.LoginFailure.objects.filter(last_at__lt=before).delete()


def _account(row: models.SftpAccount) -> Account:
    return Account(
        id=row.id,
        district_id=row.district_id,
        district_public_id=row.district.public_id,
        username=row.username,
        label=row.label,
        password_hash=row.password_hash,
        public_keys=row.public_keys,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
