"""Decisions as tests write them down."""

from collections.abc import Mapping
from datetime import UTC, datetime

from kinsync.domain.deciding import Decision


def decision(pair: tuple[str, str], verdict: str, legacy: Mapping[str, str]) -> Decision:
    low, high = sorted(pair)
    at = datetime(2026, 9, 1, tzinfo=UTC)
    return Decision("0" * 24, low, legacy[low], high, legacy[high], verdict, "Ada", at)
