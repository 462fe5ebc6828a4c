"""The tables, as Django models, one area a file: migrations and single records go through them."""

from kinsync.store.models.access import Application, Connection, Token, TokenMinute
from kinsync.store.models.accounts import Act, Invitation, Role, User
from kinsync.store.models.adopted import Adopted
from kinsync.store.models.backups import Backup
from kinsync.store.models.disclosures import Disclosure
from kinsync.store.models.errands import Errand
from kinsync.store.models.identities import Identity
from kinsync.store.models.jobs import Schedule, TeamMember, Worker
from kinsync.store.models.keys import SealKey
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
from kinsync.store.models.same_person import AlikePair, SamePerson, SamePersonPart
from kinsync.store.models.searching import Quality, Reach, SearchKey, SearchState
from kinsync.store.models.sharing import Edition, Event, Visible
from kinsync.store.models.sources import Pull, Source, SourceMapping, SourcePriority
from kinsync.store.models.uploads import (
    LoginFailure,
    SftpAccount,
    SftpHostKey,
    SftpName,
    Upload,
)
from kinsync.store.models.webhooks import WebhookEndpoint, WebhookMessage

__all__ = [
    "Act",
    "Adopted",
    "AlikePair",
    "Application",
    "Backup",
    "Connection",
    "Contact",
    "Disclosure",
    "District",
    "Edition",
    "Ending",
    "Errand",
    "Event",
    "IdClock",
    "Identity",
    "Interval",
    "Invitation",
    "LoginFailure",
    "Merge",
    "Pull",
    "Quality",
    "Reach",
    "Relationship",
    "Role",
    "SamePerson",
    "SamePersonPart",
    "Schedule",
    "School",
    "SealKey",
    "SearchKey",
    "SearchState",
    "SftpAccount",
    "SftpHostKey",
    "SftpName",
    "Source",
    "SourceMapping",
    "SourcePriority",
    "Student",
    "Sync",
    "TeamMember",
    "Token",
    "TokenMinute",
    "Upload",
    "User",
    "Version",
    "Visible",
    "WebhookEndpoint",
    "WebhookMessage",
    "Worker",
]
