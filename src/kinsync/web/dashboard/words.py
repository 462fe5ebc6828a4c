"""Tags and filters of every page: numbers, moments and words as people in a school office read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kinsync.domain.flags import DATES, FLAGS, ORDER, YES
from kinsync.domain.flags import read as read_flags
from kinsync.domain.rules import RULES

register = template.Library()

FIELDS = {
    "sis_id": "SIS id",
    "name": "Name",
    "phone": "Phone",
    "phone_extension": "Extension",
    "phone_type": "Phone type",
    "phone_type_source": "Phone type in the source",
    "email": "E-mail",
    "more_phones": "More phones",
    "more_emails": "More e-mails",
    "type": "Type",
    "type_source": "Type in the source",
    "relationship": "Relationship",
    "relationship_source": "Relationship in the source",
    "school_sis_id": "School",
    "student_number": "Student number",
    "state_id": "State id",
    "last_name": "Last name",
    "middle_name": "Middle name",
    "first_name": "First name",
    "grade": "Grade",
    "gender": "Gender",
    "graduation_year": "Graduation year",
    "dob": "Date of birth",
    "race": "Race",
    "hispanic_ethnicity": "Hispanic ethnicity",
    "home_language": "Home language",
    "ell_status": "ELL status",
    "frl_status": "FRL status",
    "iep_status": "IEP status",
    "street": "Street",
    "city": "City",
    "state": "State",
    "zip": "ZIP",
    "username": "Username",
    "with": "With",
    "address": "Address",
    "flags": "Flags",
    "restricted": "Restricted",
}
FLAG_WORDS = {
    "primary": ("primary", "not primary"),
    "emergency": ("emergency contact", "not for emergencies"),
    "guardian": ("guardian", "not a guardian"),
    "lives_with": ("lives with the student", "does not live with the student"),
    "pick_up": ("may pick up", "may not pick up"),
}
SYNC_STATES = {
    "running": ("In progress", "busy"),
    "published": ("Published", "good"),
    "unchanged": ("No changes", "good"),
    "previewed": ("Preview", "calm"),
    "held": ("On hold", "warn"),
    "discarded": ("Discarded", "calm"),
    "replaced": ("Replaced by a newer file", "calm"),
    "refused": ("File refused", "bad"),
    "failed": ("Stopped by an error", "bad"),
}
AGENTS = (
    (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"),
     ("Safari/", "Safari")),
    (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("CrOS", "ChromeOS"),
     ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux")),
)  # fmt: skip
"""Marks of browsers and of systems. Whoever bears several is named by the first."""
DISTRICT_STATES = {
    "Successful": "good",
    "In progress": "busy",
    "Processing": "busy",
    "Pending": "calm",
    "On hold": "warn",
    "Paused": "warn",
    "Error": "bad",
}


SOURCE_STATES = {
    "Read": "good",
    "Arrived": "good",
    "Being read": "busy",
    "Waiting": "busy",
    "Incomplete": "bad",
    "Not read yet": "calm",
    "Paused": "warn",
}
PULL_STATES = {
    "complete": ("Whole", "good"),
    "incomplete": ("Incomplete", "bad"),
    "running": ("Being read", "busy"),
}
UPLOAD_STATES = {
    "complete": ("Whole", "good"),
    "incomplete": ("Incomplete", "bad"),
    "receiving": ("Arriving", "busy"),
}


@register.simple_tag
def asset(path: str) -> str:
    """The address of a style sheet or script."""
    from kinsync.web.dashboard.assets import address

    return address(path)


@register.filter
def number(value: Any) -> str:
    """1234 as 1,234; a dash where there is none."""
    return "–" if value is None else f"{int(value):,}"


@register.filter
def percent(part: Any, whole: Any) -> str:
    """What share a part is, such as 12.5%."""
    if not whole:
        return "–"
    share = 100 * part / whole
    return f"{share:.1f}%" if 0 < share < 10 else f"{share:.0f}%"


@register.filter
def share(part: Any, whole: Any) -> float:
    """A part as hundredths of the whole, for a bar."""
    return round(100 * part / whole, 2) if whole else 0.0


@register.filter
def hundredths(share: float) -> str:
    """A share from 0 to 1 as hundredths, such as 87.5."""
    return f"{min(max(share, 0.0), 1.0) * 100:.1f}".removesuffix(".0")


@register.filter
def phone(digits: str | None) -> str:
    """Digits as people write them."""
    if not digits:
        return ""
    national = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
    if len(national) != 10:
        return digits
    return f"({national[:3]}) {national[3:6]}-{national[6:]}"


@register.filter
def shown(value: Any, name: str) -> Any:
    """The value of a field as people read it; None stays None."""
    if value is None:
        return None
    if name == "phone":
        return phone(value)
    if name == "address":
        return address(value)
    if name == "flags":
        return ", ".join(flags(value))
    if name == "restricted":
        return "yes"
    if name == "more_emails":
        return ", ".join(json.loads(value))
    if name == "more_phones":
        return ", ".join(_phone_in_words(one) for one in json.loads(value))
    return value


@register.filter
def address(text: str | None) -> str:
    """An address on one line: street, city, state and ZIP."""
    parts: dict[str, str] = json.loads(text) if text else {}
    end = " ".join(parts[name] for name in ("state", "zip") if parts.get(name))
    return ", ".join(part for part in (parts.get("street"), parts.get("city"), end) if part)


@register.filter
def flags(text: str | None) -> list[str]:
    """What the source says of a relationship beside type and relationship, in words."""
    told = read_flags(text)
    words = [f"number {told[ORDER]}"] if ORDER in told else []
    words += [FLAG_WORDS[name][told[name] != YES] for name in FLAGS if name in told]
    return words + [f"{name} {told[name]}" for name in DATES if name in told]


@register.filter
def more(row: Mapping[str, Any]) -> list[str]:
    """Every phone and e-mail of a contact behind the first."""
    phones, emails = (json.loads(row.get(f"more_{name}") or "[]") for name in ("phones", "emails"))
    return [*map(_phone_in_words, phones), *map(str, emails)]


def _phone_in_words(one: Mapping[str, str | None]) -> str:
    extension, kind = one.get("extension"), one.get("type")
    return (
        phone(one.get("phone"))
        + (f" ext. {extension}" if extension else "")
        + (f" ({kind})" if kind else "")
    )


@register.filter
def browser_name(agent: str) -> str:
    """A browser in two words, such as "Firefox on Windows": the first mark that it bears."""
    names = [next((name for mark, name in marks if mark in agent), "") for marks in AGENTS]
    return " on ".join(name for name in names if name) or "Another program"


@register.simple_tag(takes_context=True)
def moment(context: Mapping[str, Any], at: datetime | None) -> SafeString | str:
    """A moment in the district's time zone."""
    if at is None:
        return "–"
    visit = context.get("visit")
    name = str(visit.district.settings.get("time_zone", "UTC")) if visit else "UTC"
    local = at.astimezone(ZoneInfo(name))
    text = f"{local:%b} {local.day}, {local.year}, {local:%H:%M}"
    return format_html(
        '<time datetime="{}">{}{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds"),
        text,
        " UTC" if name == "UTC" else "",
    )


@register.filter
def field(name: str) -> str:
    """A field in plain words."""
    return FIELDS.get(name, name.replace("_", " ").capitalize())


@register.filter
def sync_state(state: str) -> SafeString:
    """How a sync ended, as a badge."""
    words, tone = SYNC_STATES.get(state, (state, "calm"))
    return format_html('<span class="badge {}">{}</span>', tone, words)


@register.filter
def district_state(state: str) -> SafeString:
    """The state of a district, as a badge."""
    tone = DISTRICT_STATES.get(state, "calm")
    return format_html('<span class="badge {}">{}</span>', tone, state)


@register.filter
def source_state(state: str) -> SafeString:
    """How a source stands, as a badge."""
    return format_html('<span class="badge {}">{}</span>', SOURCE_STATES.get(state, "calm"), state)


@register.filter
def pull_state(state: str) -> SafeString:
    """How a pull ended, as a badge."""
    words, tone = PULL_STATES.get(state, (state, "calm"))
    return format_html('<span class="badge {}">{}</span>', tone, words)


@register.filter
def upload_state(state: str) -> SafeString:
    """How an upload ended, as a badge."""
    words, tone = UPLOAD_STATES.get(state, (state, "calm"))
    return format_html('<span class="badge {}">{}</span>', tone, words)


@register.filter
def rule_title(code: str) -> str:
    """What a rule is called."""
    return RULES[code].title if code in RULES else code


@register.filter
def whole_name(row: Mapping[str, Any]) -> str:
    """A student's name."""
    parts = (row.get("first_name"), row.get("middle_name"), row.get("last_name"))
    return " ".join(part for part in parts if part) or "No name"


@register.filter
def get(mapping: Mapping[str, Any] | None, name: str) -> Any:
    """One value of a mapping; nothing where it is not there."""
    return (mapping or {}).get(name)


@register.filter
def plural(count: Any, words: str) -> str:
    """``1|"contact,contacts"`` as "1 contact"."""
    one, many = words.split(",")
    return f"{int(count):,} {one if int(count) == 1 else many}"


@register.filter
def minus(value: Any, other: Any) -> int:
    """The difference of two numbers."""
    return int(value) - int(other)


@register.simple_tag
def bar(whole: int, without: int) -> SafeString:
    """How much of the whole is there, drawn."""
    there = share(whole - without, whole)
    return format_html(
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="4"/>'
        '<rect class="fill" width="{}" height="4"/></svg>',
        there,
    )
