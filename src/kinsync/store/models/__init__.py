"""The tables, as Django models, one area a file: migrations and single records go through them."""

from kinsync.store.models.access import Application, Connection, Token
from kinsync.store.models.jobs import Schedule, TeamMember, Worker
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

__all__ = [
    "Application",
    "Connection",
    "Contact",
    "District",
    "Ending",
    "IdClock",
    "Interval",
    "Merge",
    "Relationship",
    "Schedule",
    "School",
    "Student",
    "Sync",
    "TeamMember",
    "Token",
    "Version",
    "Worker",
]
