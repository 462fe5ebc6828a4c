"""Reports by mail: how a sync went, for the people of the district's team.

Counts, changes, findings by rule with what to do, a hold and its reasons: never a person's data.
"""

from collections.abc import Callable
from datetime import datetime
from typing import cast

from email_validator import EmailNotValidError, validate_email

from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import KINDS
from kinsync.domain.rules import RULES
from kinsync.store import records, teams
from kinsync.transport.mail import Letter

PROBLEMS = ("held", "refused", "failed")
"""Ends of a sync that somebody has to look at."""

_ENDINGS = {
    "published": "published as version {version}",
    "unchanged": "nothing changed",
    "held": "held: your decision is needed",
    "refused": "the file was refused; nothing was published",
    "failed": "stopped by an error; nothing was published",
}


Send = Callable[[Letter], None]
"""The port through which mail leaves."""


def add_member(district: records.District, email: str, reports: str) -> teams.Member:
    """Put a person on the team of a district, or change when they are told.

    Raises:
        ChangeInput: that is no mailbox.
    """
    try:
        known = validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ChangeInput("That is no mailbox. Write it like office@example.org.") from None
    return teams.put_member(district.id, known, reports)


def report_ended(
    district: records.District, send: Send, at: datetime, *, has_failed: bool = False
) -> int:
    """Tell the team of every sync that ended and was not told of; answers how many mails went.

    A sync that failed is told of where nobody tries it again (``has_failed``). A mail that was
    sent when the process died is sent twice, never not at all.

    Raises:
        TryAgainLater: the mail server is away.
    """
    count = 0
    for sync in records.unreported_syncs(district.id):
        if sync.state != "failed" or has_failed:
            count += _report(district, sync, send)
        records.note_reported(sync, at)
    return count


def report_given_up(district: records.District, send: Send, at: datetime, *, why: str) -> int:
    """Tell the team, once, that a sync which could not be done is not tried again; answers how
    many mails went.

    Each attempt was a sync that failed; they are all told of by this.

    Raises:
        TryAgainLater: the mail server is away.
    """
    members = _members(district, is_problem=True)
    for member in members:
        send(Letter(member.email, *_given_up(district, why)))
    for sync in records.unreported_syncs(district.id):
        if sync.state == "failed":
            records.note_reported(sync, at)
    return len(members)


def _given_up(district: records.District, why: str) -> tuple[str, str]:
    subject = " ".join(f"{district.name}: a sync was given up; nothing was published".split())
    text = (
        f"A sync of {district.name} was tried again and again, and is not tried any more.\n\n"
        f"{why}\n\nWhat was uploaded is kept. Once that is mended, 'kinsync jobs list --state "
        "failed' shows the job and 'kinsync jobs retry' runs it; the next upload is synced in any "
        "case.\n"
    )
    return subject, text


def _members(district: records.District, *, is_problem: bool) -> list[teams.Member]:
    wanted = {teams.ALWAYS, teams.PROBLEMS} if is_problem else {teams.ALWAYS}
    return [one for one in teams.list_members(district.id) if one.reports in wanted]


def _report(district: records.District, sync: records.Sync, send: Send) -> int:
    members = _members(district, is_problem=is_problem(sync))
    for member in members:
        send(Letter(member.email, subject_of(district, sync), text_of(district, sync)))
    return len(members)


def is_problem(sync: records.Sync) -> bool:
    """Whether somebody has to do something: a hold, a refusal, or rows that were kept back."""
    return sync.state in PROBLEMS or bool(sync.counts.get("held"))


def subject_of(district: records.District, sync: records.Sync) -> str:
    """Whose sync, and how it ended, on one line."""
    ending = _ending(sync)
    return " ".join(f"{district.name}: {ending}".split())


def _ending(sync: records.Sync) -> str:
    return _ENDINGS.get(sync.state, sync.state).format(version=sync.version)


def text_of(district: records.District, sync: records.Sync) -> str:
    """The whole report, as plain text."""
    parts = (_begin(district, sync), _reasons(sync), _counts(sync), _changes(sync), _findings(sync))
    return "\n\n".join(part for part in parts if part) + "\n"


def _begin(district: records.District, sync: records.Sync) -> str:
    ending = _ending(sync)
    return f"Sync {sync.id} of {district.name} ({sync.file_name}): {ending}."


def _reasons(sync: records.Sync) -> str:
    if sync.state == "failed":
        return sync.error
    if not sync.reasons:
        return ""
    reasons = "\n".join(f"  - {reason}" for reason in sync.reasons)
    return (
        f"It is held, and version {sync.base} stays published, because:\n{reasons}\n"
        f"Look at what would change, then approve or discard sync {sync.id}."
    )


def _counts(sync: records.Sync) -> str:
    counts = sync.counts
    if "rows" not in counts:
        return ""
    return (
        f"{counts['rows']} rows = {counts['published']} published + {counts['held']} held + "
        f"{counts['collapsed']} collapsed + {counts['excluded']} excluded\n"
        f"{counts['students']} students, {counts['contacts']} contacts, "
        f"{counts['relationships']} relationships"
    )


def _changes(sync: records.Sync) -> str:
    changes = cast("dict[str, dict[str, int]]", sync.counts.get("changes") or {})
    told = [
        f"  {kind}s: {one['created']} created, {one['updated']} updated, {one['deleted']} deleted"
        for kind in KINDS
        if any((one := changes.get(kind, {})).values())
    ]
    return "Changes:\n" + "\n".join(told) if told else ""


def _findings(sync: records.Sync) -> str:
    findings = cast("dict[str, dict[str, object]]", sync.counts.get("findings") or {})
    told = [
        f"  {found['severity']}, {found['count']} times: {RULES[code].title} ({code})\n"
        f"    {RULES[code].advice}"
        for code, found in findings.items()
        if code in RULES
    ]
    return "Findings, and what to do:\n" + "\n".join(told) if told else ""
