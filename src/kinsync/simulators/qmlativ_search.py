"""Searches as Qmlativ reads them: a group of conditions, and an order.

Source: samterfa/rqmlativ and samterfa/pyqmlativ. Clients spell the keys in different cases, so
their case does not matter; the spelling of the conditions themselves is the wire's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kinsync.simulators.fiql import Unreadable

Rows = Sequence[Mapping[str, Any]]
_KINDS = ("stringsearchcondition", "longsearchcondition")


def searched(rows: Rows, search: Mapping[str, Any]) -> Rows:
    """The rows that a search finds, in its order.

    Raises:
        Unreadable: it is none.
    """
    told = _lowered(search)
    group = (told.get("searchcondition") or {}).get("searchconditiongroup")
    found = [row for row in rows if _in_group(row, group)] if group else list(rows)
    for order in reversed(told.get("searchsort") or []):
        name = order["fieldname"]
        found.sort(key=lambda row: _ordered(row.get(name)), reverse=bool(order.get("descending")))
    return found


def _in_group(row: Mapping[str, Any], group: Mapping[str, Any]) -> bool:
    how = str(group.get("conditiongrouptype", "And")).lower()
    if how not in ("and", "or"):
        raise Unreadable(f"ConditionGroupType {how}")
    each = [_is(row, one) for one in group.get("conditions") or []]
    return all(each) if how == "and" else any(each)


def _is(row: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    condition = next((told[kind] for kind in _KINDS if kind in told), None)
    if condition is None or condition.get("fieldname") not in row:
        raise Unreadable("a condition of an unknown kind or field")
    how = _HOW.get(str(condition.get("conditiontype")))
    if how is None:
        raise Unreadable(f"ConditionType {condition.get('conditiontype')}")
    listed = condition.get("list") or []
    wanted = [_text(one) for one in (listed or [condition.get("value")])]
    return how(_text(row[condition["fieldname"]]), wanted)


_HOW: Mapping[str, Callable[[str, list[str]], bool]] = {
    "Equal": lambda value, wanted: value == wanted[0],
    "NotEqual": lambda value, wanted: value != wanted[0],
    "Less": lambda value, wanted: _ordered(value) < _ordered(wanted[0]),
    "LessEqual": lambda value, wanted: _ordered(value) <= _ordered(wanted[0]),
    "Greater": lambda value, wanted: _ordered(value) > _ordered(wanted[0]),
    "GreaterEqual": lambda value, wanted: _ordered(value) >= _ordered(wanted[0]),
    "List": lambda value, wanted: value in wanted,
    "NotList": lambda value, wanted: value not in wanted,
    "Null": lambda value, _wanted: not value,
    "NotNull": lambda value, _wanted: bool(value),
    "Begins": lambda value, wanted: value.startswith(wanted[0]),
    "Contains": lambda value, wanted: wanted[0] in value,
    "Ends": lambda value, wanted: value.endswith(wanted[0]),
}


def _text(value: object) -> str:
    return "" if value is None else str(value).lower()


def _ordered(value: object) -> tuple[float, str]:
    """Numbers by their size, everything else by its letters."""
    text = _text(value)
    return (float(text), "") if text.lstrip("-").isdigit() else (float("inf"), text)


def _lowered(told: Any) -> Any:
    """The same with every key in small letters."""
    if isinstance(told, Mapping):
        return {str(key).lower(): _lowered(value) for key, value in told.items()}
    return [_lowered(one) for one in told] if isinstance(told, list) else told
