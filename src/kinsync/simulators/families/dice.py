"""Chance without memory: every draw is a function of the seed, its purpose and its keys.

So a person is the same whichever chunk, core or night asks about them, and nothing is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Bits: TypeAlias = npt.NDArray[np.uint64]
Shares: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def _mixed(bits: Bits) -> Bits:
    """SplitMix64's finaliser: every bit of the input moves half of the output's."""
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return bits ^ (bits >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class Dice:
    """Draws for one seed. Keys are whole numbers, one array each, all of one length."""

    seed: int

    def bits(self, purpose: str, *keys: Ints) -> Bits:
        """64 even bits for each place of the keys."""
        label = blake2b(f"{self.seed}/{purpose}".encode(), digest_size=8).digest()
        state = np.full(keys[0].shape, int.from_bytes(label, "little"), dtype=np.uint64)
        for key in keys:
            state = _mixed(state + _STEP + key.astype(np.uint64) * _MIX_2)
        return state

    def share(self, purpose: str, *keys: Ints) -> Shares:
        """Even numbers from 0 up to, not including, 1."""
        drawn: Shares = (self.bits(purpose, *keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return drawn

    def chance(self, probability: float, purpose: str, *keys: Ints) -> Mask:
        """True with that probability."""
        return self.share(purpose, *keys) < probability

    def kind(self, shares: Sequence[float], purpose: str, *keys: Ints) -> Ints:
        """Which of the exclusive cases each place is; ``len(shares)`` where none of them."""
        edges = np.cumsum(np.asarray(shares, dtype=np.float64))
        return np.searchsorted(edges, self.share(purpose, *keys), side="right").astype(np.int64)

    def pick(self, count: int | Ints, purpose: str, *keys: Ints) -> Ints:
        """Even whole numbers from 0 up to, not including, ``count`` (below 2**31)."""
        high = self.bits(purpose, *keys) >> np.uint64(32)
        drawn = (high * np.asarray(count, dtype=np.uint64)) >> np.uint64(32)
        return drawn.astype(np.int64)
