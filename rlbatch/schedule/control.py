"""What every controller shares: when it is asked, and how its wish becomes a steady size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rlbatch.contract import Controller, Memory
from rlbatch.errors import require
from rlbatch.types import Signal

_OWN = "controller."  # before the names of a controller's own memory
_SMOOTH, _KEPT, _SAMPLES, _NANS = "smooth", "kept", "samples", "nans"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The config's `batch.control:` block; schedules without feedback have no use for it.

    In octaves, x = log₂ of rows, at each decision:

        s ← s + (1 − e^(−Δ/horizon)) (x − s)      Δ rows drawn since the last one; s starts at `low`
        v ← v + clip(s − v, ±rate)                where |s − v| > deadband, else v stays

    B is then the ladder's rung next to 2^v.
    """

    every: int = 10  # learner updates between decisions
    horizon: float = 0.0  # rows drawn after which a wish counts 1/e; 0: no smoothing
    deadband: float = 0.0  # octaves
    rate: float = 1.0  # octaves per decision

    def __post_init__(self) -> None:
        require(self.every >= 1, "control.every", "at least 1 update", self.every)
        for name in ("horizon", "deadband"):
            number = getattr(self, name)
            met = math.isfinite(number) and number >= 0.0
            require(met, f"control.{name}", "a finite number ≥ 0", number)
        require(self.rate > 0.0, "control.rate", "octaves > 0", self.rate)


class Verdict(NamedTuple):
    """What came of asking a controller."""

    wanted: float  # rows, after smoothing, deadband and rate limit
    wish: float  # rows that the controller itself asked for; nan: it was not asked
    memory: Memory
    nans: tuple[str, ...] = ()  # signals that were there and no number


def ask(controller: Controller, control: Control, signal: Signal, memory: Memory) -> Verdict:
    """One decision of one lane. Pure: the same signal and memory, the same verdict.

    Where a signal that the controller needs is not there yet, or is NaN, B holds. So it does where
    one is infinite, of which noise_high alone has a meaning.
    """
    told = {name: signal.meters.get(name) for name in controller.signals}
    nans = tuple(name for name, value in told.items() if value is not None and math.isnan(value))
    endless = any(v is not None and math.isinf(v) for n, v in told.items() if n != "noise_high")
    if nans or endless or None in told.values():
        return _held(controller, memory, nans)
    wish, own = controller(signal, _inside(memory))
    if math.isnan(wish):
        return _held(controller, memory, ("wish",))
    steady = _steadied(controller, control, signal, memory, wish)
    return Verdict(2.0 ** steady[_KEPT], wish, {**_outside(own), **steady})


def nans_in(memory: Memory) -> int:
    """Decisions that a NaN made hold."""
    return int(memory.get(_NANS, 0.0))


def _held(controller: Controller, memory: Memory, nans: tuple[str, ...]) -> Verdict:
    kept = memory.get(_KEPT, math.log2(controller.low))
    count = memory.get(_NANS, 0.0) + bool(nans)
    return Verdict(2.0**kept, math.nan, {**memory, _KEPT: kept, _NANS: count}, nans)


def _steadied(
    controller: Controller, control: Control, signal: Signal, memory: Memory, wish: float
) -> dict[str, float]:
    """The memory of the wrapper after a wish."""
    low, high = math.log2(controller.low), math.log2(controller.high)
    at = min(high, max(low, math.log2(max(wish, 1.0))))
    drawn = signal.samples - memory.get(_SAMPLES, 0.0)
    share = -math.expm1(-drawn / control.horizon) if control.horizon else 1.0
    smooth = memory.get(_SMOOTH, low)
    smooth += share * (at - smooth)
    kept = memory.get(_KEPT, low)
    if abs(smooth - kept) > control.deadband:
        kept += min(control.rate, max(-control.rate, smooth - kept))
    counters = {_SAMPLES: float(signal.samples), _NANS: memory.get(_NANS, 0.0)}
    return {_SMOOTH: smooth, _KEPT: kept, **counters}


def _inside(memory: Memory) -> Mapping[str, float]:
    return {name.removeprefix(_OWN): v for name, v in memory.items() if name.startswith(_OWN)}


def _outside(own: Memory) -> dict[str, float]:
    return {_OWN + name: value for name, value in own.items()}
