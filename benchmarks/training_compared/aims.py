"""How many times as fast as each peer rlbatch is meant to be."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

ONE_LANE = {"cleanrl": 1.2, "sb3": 1.5}
MANY_LANES = {"cleanrl": 8.0, "sb3": 10.0, "tianshou": 8.0}
AS_MANY_SEEDS = 0.7  # of PureJaxRL, vmapped over as many seeds with one environment each


class Compared(NamedTuple):
    """rlbatch over a peer."""

    ratio: float  # of env steps a second, median over rounds
    aim: float | None  # None: none was set

    @property
    def met(self) -> bool | None:
        """None without an aim."""
        return None if self.aim is None else self.ratio >= self.aim

    def told(self) -> str:
        """A cell of the table."""
        if self.aim is None:
            return f"{self.ratio:.2f}"
        return f"{self.ratio:.2f} ({'aim' if self.met else 'MISSED:'} {self.aim:g})"


def compared(
    mine: Sequence[float], other: Sequence[float], lanes: int, peer: str, seeds: int | None
) -> Compared:
    """Ratios within each round, and what was aimed for.

    Args:
        mine: env steps/s of rlbatch, one a round.
        other: of the peer.
        lanes: of rlbatch.
        peer: its name.
        seeds: that the peer vmaps over, one environment each; None: it does not.
    """
    ratios = (a / b for a, b in zip(mine, other, strict=True))
    return Compared(statistics.median(ratios), aim(lanes, peer, seeds))


def aim(lanes: int, peer: str, seeds: int | None) -> float | None:
    """What rlbatch's speed over a peer's should reach."""
    if lanes == 1:
        return ONE_LANE.get(peer)
    if seeds is not None:
        return AS_MANY_SEEDS if seeds == lanes else None
    return MANY_LANES.get(peer)
