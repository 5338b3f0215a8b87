"""The exploration phase, read off the signal."""

from __future__ import annotations

from typing import Literal

from rlbatch.types import Signal

Phase = Literal["warmup", "explore", "anneal", "exploit"]


def phase(signal: Signal, edge: float = 0.1) -> Phase:
    """Which phase a lane is in.

        warmup   updates have not begun
        explore  ε is still within `edge` of its start, as a share of its way
        anneal   ε is on its way (its slope is not 0)
        exploit  ε has all but `edge` of its way behind it, or never moves at all

    An ε that rests between its ends counts to the nearer one.
    """
    if not signal.learning:
        return "warmup"
    way = signal.exploration_start - signal.exploration_end
    gone = (signal.exploration_start - signal.exploration) / way if way else 1.0
    if signal.exploration_slope == 0.0:
        edge = 0.5
    if gone < edge:
        return "explore"
    return "anneal" if gone < 1.0 - edge else "exploit"
