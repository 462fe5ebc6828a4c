"""The district that everything is drawn for."""

from dataclasses import dataclass

from kinsync.simulators.families.amounts import Mess, Nightly
from kinsync.simulators.families.dice import Dice

STUDENTS_PER_AREA = 2_000
SCHOOLS_PER_AREA = 6


@dataclass(frozen=True, slots=True)
class District:
    """Chance, amounts and size. Students are numbered from 0; later arrivals follow them."""

    dice: Dice
    mess: Mess
    nightly: Nightly
    students: int

    @property
    def areas(self) -> int:
        """Neighbourhoods: each has three elementary schools, two middle schools, a high school."""
        return max(1, self.students // STUDENTS_PER_AREA)
