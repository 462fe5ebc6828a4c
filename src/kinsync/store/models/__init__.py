"""The tables, as Django models, one area a file: migrations and single records go through them."""

from kinsync.store.models.access import Application, Connection, Token
from kinsync.store.models.records import (
    Contact,
    District,
    Ending,
    IdClock,
    Interval,
    Merge,
    Relationship,
    School,
    Student,
    Sync,
    Version,
)
from kinsync.store.models.uploads import (
    LoginFailure,
    SftpAccount,
    SftpHostKey,
    SftpName,
    Upload,
)

__all__ = [
    "Application",
    "Connection",
    "Contact",
    "District",
    "Ending",
    "IdClock",
    "Interval",
    "LoginFailure",
    "Merge",
    "Relationship",
    "School",
    "SftpAccount",
    "SftpHostKey",
    "SftpName",
    "Student",
    "Sync",
    "Token",
    "Upload",
    "Version",
]
