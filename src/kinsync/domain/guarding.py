"""When a sync is held for a person to look at: thresholds, what is measured, and the reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Self

from kinsync.domain.errors import ChangeInput


@dataclass(frozen=True, slots=True)
class GuardThresholds:
    """How much one sync may change, as shares of what is published; more holds it."""

    deleted_students: float = 0.10
    deleted_contacts: float = 0.10
    deleted_relationships: float = 0.10
    updated_students: float = 0.75
    updated_contacts: float = 0.75
    fill_drop: float = 0.20
    """Points by which the share of contacts with a phone, or with an e-mail, may drop."""
    changed_ids: float = 0.20
    """Contacts that would be deleted and created at once."""
    school_loss: float = 0.50
    """Students of one school who would be deleted."""
    unknown_students: float = 0.50
    """Students deleted, and students never seen: above it on both sides the key has changed."""
    minimum_count: int = 10
    """Fewer records than this hold nothing: in a small district one family is 10 %."""
    minimum_of_most: int = 3
    """Unless they are more than half of all: then this many do."""

    @staticmethod
    def back_to_school() -> "GuardThresholds":
        """For the weeks in which a year's students leave, others come, and everybody moves up."""
        return GuardThresholds(
            deleted_students=0.35,
            deleted_contacts=0.35,
            deleted_relationships=0.35,
            updated_students=1.0,
            updated_contacts=0.90,
            changed_ids=0.35,
            school_loss=0.80,
        )

    @classmethod
    def from_mapping(cls, given: Mapping[str, object]) -> Self:
        """A district's settings: the fields by name, on top of ``profile`` where one is named.

        Raises:
            ChangeInput: a name is no threshold, or a value is no number that it can have.
        """
        known = {one.name: one.type for one in fields(cls)}
        start = _profile(str(given.get("profile", "usual")))
        changed = {name: _number(name, value) for name, value in given.items() if name != "profile"}
        if unknown := sorted(set(changed) - set(known)):
            raise ChangeInput(
                f"Guard: {unknown[0]!r} is not a threshold. Known: {', '.join(known)}, profile."
            )
        return replace(start, **changed)  # type: ignore[arg-type, return-value]


def _profile(name: str) -> GuardThresholds:
    profiles = {"usual": GuardThresholds, "back-to-school": GuardThresholds.back_to_school}
    if name not in profiles:
        raise ChangeInput(f"Guard: {name!r} is not a profile. Known: {', '.join(profiles)}.")
    return profiles[name]()


def _number(name: str, value: object) -> float | int:
    is_count = name.startswith("minimum_")
    wanted = "a count" if is_count else "a share between 0 and 1"
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ChangeInput(f"Guard: {name} is {value!r}; give {wanted}.")
    if value < 0 or (not is_count and value > 1):
        raise ChangeInput(f"Guard: {name} is {value!r}; give {wanted}.")
    return int(value) if is_count else float(value)


@dataclass(frozen=True, slots=True)
class Census:
    """What a snapshot amounts to: counts alone, nobody's data."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """Records by kind."""
    with_phone: int = 0
    with_email: int = 0
    students_by_school: Mapping[str, int] = field(default_factory=dict)
    """Students by the school's ``sis_id``."""

    @property
    def is_empty(self) -> bool:
        return not any(self.counts.values())


@dataclass(frozen=True, slots=True)
class HoldReason:
    """Why a sync is held.

    ``figure`` and ``threshold`` are shares (0 to 1); ``sentence`` speaks to a district admin.
    """

    code: str
    kind: str
    figure: float
    threshold: float
    sentence: str
