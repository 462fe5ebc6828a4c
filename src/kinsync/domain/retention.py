"""How long everything is kept that may name somebody, in days."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from kinsync.domain.errors import ChangeInput

TOLD_DAYS = 30
"""How long an application can read an event, and the records as they were then."""


@dataclass(frozen=True, slots=True)
class Periods:
    """Days. What is not said for a district is the installation's.

    Files hold values of whoever was there, so none is kept longer than the values of who is gone.
    """

    uploads: int = 30
    """Bytes of uploaded files."""
    findings: int = 30
    """Findings, saved previews, and holds that nobody decided."""
    deleted: int = 60
    """Values of records that were deleted or changed; earlier versions can be restored so long."""
    record: int = 400
    """Events, disclosures, and the ids of who is gone: whoever comes back gets the old ones."""
    messages: int = 30
    """Webhook messages that have ended, and jobs that were done."""

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) < 1:
                raise ChangeInput(f"The period {one.name!r} is to be one day or more.")
        if self.deleted < TOLD_DAYS:
            raise ChangeInput(
                f"The period 'deleted' is to be {TOLD_DAYS} days or more: applications can read "
                "events of so long ago."
            )
        if self.record < self.deleted:
            raise ChangeInput("The period 'record' is to be no shorter than 'deleted'.")

    @property
    def of_uploads(self) -> int:
        """Days for which an uploaded file is kept."""
        return min(self.uploads, self.deleted)

    @property
    def of_findings(self) -> int:
        """Days for which what a sync left is kept."""
        return min(self.findings, self.deleted)

    def changed(self, days: Mapping[str, object]) -> "Periods":
        """The same with some periods of a district's own.

        Raises:
            ChangeInput: a name or number will not do.
        """
        names = [one.name for one in fields(self)]
        if unknown := sorted(set(days) - set(names)):
            raise ChangeInput(f"{unknown[0]!r} is no period. Known: {', '.join(names)}.")
        return replace(self, **{name: int(str(value)) for name, value in days.items()})


KEEP = "keep_days"
"""Name of a district's own periods among its settings."""


def periods_of(settings: Mapping[str, object], usual: Periods) -> Periods:
    """The periods of a district, by its settings."""
    own = settings.get(KEEP)
    return usual.changed(own) if isinstance(own, Mapping) else usual
