"""SFTP accounts, what was uploaded through them, and what guards the door.

What an account sees is its *names*: a tree of one account's files and folders that exists in this
table alone. A name of a file points to the upload that holds its bytes, so an upload's bytes never
move when it is renamed, and a sync that reads them is not disturbed by the next one.
"""

from typing import ClassVar

from django.db import models

from kinsync.store.models.records import District


class SftpAccount(models.Model):
    """One row is one way into one district: a password, or public keys."""

    id = models.AutoField(primary_key=True)
    district = models.ForeignKey(District, on_delete=models.PROTECT)
    username = models.TextField(unique=True)
    label = models.TextField(default="")  # whose it is, such as the name of the SIS vendor
    password_hash = models.TextField(default="")  # argon2id
    public_keys = models.JSONField(default=list)  # lines as in authorized_keys
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sftp_account"
        indexes: ClassVar = [models.Index(fields=["district", "id"], name="sftp_account_district")]


class Upload(models.Model):
    """One row is one file that a client wrote, whole or not."""

    pk = models.CompositePrimaryKey("district_id", "id")
    id = models.BigIntegerField()  # ascends over all districts
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    account = models.ForeignKey(SftpAccount, on_delete=models.PROTECT, db_index=False)
    path = models.TextField()  # its name now, or where it was bound for
    state = models.TextField()  # receiving, complete, incomplete
    size = models.BigIntegerField(default=0)
    sha256 = models.TextField(default="")
    reason = models.TextField(default="")  # why it is incomplete
    turn = models.BigIntegerField(null=True)  # ascends as uploads complete: the highest is newest
    started_at = models.DateTimeField()
    touched_at = models.DateTimeField()  # the last sign of life: activity, for the quiet period
    completed_at = models.DateTimeField(null=True)
    discarded_at = models.DateTimeField(null=True)  # since when its bytes are no longer kept

    class Meta:
        db_table = "upload"
        indexes: ClassVar = [
            models.Index(fields=["district", "-touched_at"], name="upload_touched"),
            models.Index(
                fields=["touched_at"],
                name="upload_receiving",
                condition=models.Q(state="receiving"),
            ),
            models.Index(
                fields=["district", "account", "path"],
                name="upload_partial",
                condition=models.Q(state="incomplete", discarded_at=None),
            ),
            models.Index(
                fields=["touched_at"],
                name="upload_kept",
                condition=models.Q(discarded_at=None),
            ),
        ]


class SftpName(models.Model):
    """One row is one name that an account sees: a file by its upload, or a folder."""

    pk = models.CompositePrimaryKey("district_id", "account_id", "path")
    district = models.ForeignKey(District, on_delete=models.PROTECT, db_index=False)
    account = models.ForeignKey(SftpAccount, on_delete=models.PROTECT, db_index=False)
    path = models.TextField(db_collation="C")  # without a slash before it
    upload_id = models.BigIntegerField(null=True)  # null: a folder
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "sftp_name"
        indexes: ClassVar = [models.Index(fields=["district", "path"], name="sftp_name_path")]


class SftpHostKey(models.Model):
    """One row is one private key by which clients know this service, the same on every machine."""

    algorithm = models.TextField(primary_key=True)
    private_key = models.TextField()  # OpenSSH's own format
    created_at = models.DateTimeField()

    class Meta:
        db_table = "sftp_host_key"


class LoginFailure(models.Model):
    """One row counts failed logins of one account, one address, or one account from one address.

    ``key`` is a hash: people type passwords where the name belongs.
    """

    key = models.TextField(primary_key=True)
    failures = models.IntegerField()
    last_at = models.DateTimeField(db_index=True)
    locked_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "sftp_login_failure"
