"""Fields that a share leaves out: absent from every record, in every version."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from kinsync.domain.share import OPTIONAL, parsed

MORE_NAMES = {"student.home_language": ("home_language", "home_language_code")}
"""Attributes of a field that has several; of the others it has the field's own name."""

Record = dict[str, Any]


def shown(share: str, record: Record) -> Record:
    """A record of a contact or student without what a share leaves out; others as they are."""
    return without(share, kind_of(record), record) if _left_out(share) else record


def without(share: str, kind: str | None, value: Record) -> Record:
    """A record of a kind, or a part of one, without what a share (JSON) leaves out of the kind."""
    names = _left_out(share).get(kind)
    return _pruned(value, names) if names else value


def kind_of(record: Record) -> str | None:
    """Whether a record is of a contact or a student, in whichever version; None of neither."""
    roles = record.get("roles", ())
    if "contact" in roles or "phone_type" in record:
        return "contact"
    return "student" if "student" in roles or "hispanic_ethnicity" in record else None


@lru_cache(maxsize=1024)
def _left_out(share: str) -> dict[str | None, frozenset[str]]:
    """By kind of record, the names of attributes that are not served; nothing of a whole share."""
    left_out = parsed(share).left_out
    names: dict[str | None, frozenset[str]] = {}
    for kind in ("contact", "student") if left_out else ():
        fields = [field for field in OPTIONAL if field in left_out and field.startswith(kind)]
        names[kind] = frozenset(
            name for field in fields for name in MORE_NAMES.get(field, (field.partition(".")[2],))
        )
    return names


def _pruned(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(of, names) for name, of in value.items() if name not in names}
    if isinstance(value, list):
        return [_pruned(item, names) for item in value]
    return value
