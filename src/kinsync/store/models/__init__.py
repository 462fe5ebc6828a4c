"""The tables, as Django models, one area a file: migrations and single records go through them."""

from kinsync.store.models.access import Application, Connection, Token
from kinsync.store.models.adopted import Adopted
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
    "Adopted",
    "Application",
    "Connection",
    "Contact",
    "District",
    "Ending",
    "IdClock",
    "Interval",
    "Merge",
    "Relationship",
    "School",
    "Student",
    "Sync",
    "Token",
    "Version",
]
