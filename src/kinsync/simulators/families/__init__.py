"""Invented families with known truth: files of any size, or a handful in memory.

Everything is a function of the seed: the same bytes on every machine and run.
"""

from kinsync.simulators.families.amounts import Mess, Nightly
from kinsync.simulators.families.generate import Generated, generate
from kinsync.simulators.families.nights import Change
from kinsync.simulators.families.small import Families, small_families

__all__ = ["Change", "Families", "Generated", "Mess", "Nightly", "generate", "small_families"]
