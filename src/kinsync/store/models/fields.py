"""Kinds of column that many tables share."""

from django.db import models


def id_field(*, unique: bool = False) -> "models.CharField[str, str]":
    """24 hex digits, compared byte by byte: ascending in order of creation."""
    return models.CharField(max_length=24, db_collation="C", unique=unique)


def text_field() -> "models.TextField[str | None, str | None]":
    """Text of a source; null where the source was blank."""
    return models.TextField(null=True)
