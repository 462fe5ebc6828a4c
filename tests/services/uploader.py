"""Whole uploads in tests of what comes after them, received as the SFTP server receives them."""

from kinsync import bootstrap
from kinsync.services.uploads import STUDENTS, Uploads
from kinsync.store import sftp_accounts
from kinsync.store.records import District
from kinsync.store.sftp_accounts import Account
from kinsync.store.staging import Shelf, Staging
from kinsync.store.storage import Storage


def upload_whole(
    storage: Storage, district: District, content: bytes, *, path: str = STUDENTS
) -> None:
    """Upload a file for a district, through its own account; nothing is queued."""
    uploads = Uploads(Staging(storage), Shelf(storage), bootstrap.now)
    receiving = uploads.begin(_account(district), path)
    receiving.staged.write(0, content)
    uploads.finish(receiving)


def _account(district: District) -> Account:
    if not sftp_accounts.list_accounts(district.id):
        sftp_accounts.add_account(district.id, f"office-{district.id}", at=bootstrap.now())
    return sftp_accounts.list_accounts(district.id)[0]
