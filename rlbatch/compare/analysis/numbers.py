"""The measures of a regime in an environment, seed by seed and for any group of seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rlbatch.compare import stability
from rlbatch.compare.runs.arenas import Arena
from rlbatch.errors import DataError

WINDOW = 0.2  # share of the budget, of DT
PERIOD = 0.1  # share of the budget: faster swings are filtered out before runs are compared
COLLAPSE_SHARE = 0.5  # of a run's best
PATIENCE = 0.1  # share of the evaluations that must all be below it
RISE = 0.1  # share of the score range that a run must have risen to be able to collapse
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]  # [..., n] places of seeds
OfGroup = Callable[[Places], Floats]  # -> [...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one regime did in one environment."""

    seeds: tuple[int, ...]
    per_seed: dict[str, Floats]  # [seeds] by measure, NaN where there is none
    collapsed: npt.NDArray[np.bool_]  # [seeds]
    flat: npt.NDArray[np.bool_]  # [seeds] did the curve never move?
    smooth: Floats | None  # [seeds, T] low-passed curves; None: too short for the filter
    span: float  # returns that count as 1

    def at(self, places: Sequence[int]) -> Numbers:
        """Of the seeds at these places."""
        kept = list(places)
        return replace(
            self,
            seeds=tuple(self.seeds[k] for k in kept),
            per_seed={measure: own[kept] for measure, own in self.per_seed.items()},
            collapsed=self.collapsed[kept],
            flat=self.flat[kept],
            smooth=None if self.smooth is None else self.smooth[kept],
        )

    def and_also(self, other: Numbers) -> Numbers:
        """One group of both: these seeds first, then the other's."""
        first, second = self.smooth, other.smooth
        return replace(
            self,
            seeds=self.seeds + other.seeds,
            per_seed={
                measure: np.concatenate([own, other.per_seed[measure]])
                for measure, own in self.per_seed.items()
            },
            collapsed=np.concatenate([self.collapsed, other.collapsed]),
            flat=np.concatenate([self.flat, other.flat]),
            smooth=None if first is None or second is None else np.concatenate([first, second]),
        )

    def of_group(self, measure: str) -> OfGroup | None:
        """A measure that only a group has, on any groups of seeds; None where there is none."""
        if measure == "collapse_rate":
            return lambda places: np.asarray(self.collapsed[places].mean(-1))
        if measure == "worst_seed":
            final = self.per_seed["final_return"]
            return lambda places: np.asarray(final[places].min(-1))
        if self.smooth is None or len(self.seeds) < 2:
            return None
        smooth, span = self.smooth, self.span
        over = {
            "DR": stability.lowpassed_dispersion,
            "RR": stability.lowpassed_risk,
        }[measure]
        return lambda places: over(smooth[places], scale=span)


def numbers(arena: Arena, regime: str, several: bool, notes: list[str]) -> Numbers:
    """All measures of a regime in an environment.

    Args:
        arena: where.
        regime: which.
        several: are there several environments? Returns are then shares of the score range, and
            times shares of the budget, so that they can be put together.
        notes: is told what could not be measured.
    """
    run, curves, x = arena.runs[regime], arena.curves[regime], arena.x
    span, time = arena.span, x / arena.horizon
    told = _Shares(arena.low, span) if several else _same
    found: dict[str, Floats] = {
        "auc": told(stability.auc(curves, x) if len(x) > 1 else curves[:, -1]),
        "final_return": told(curves[:, -1]),
        "time_to_threshold": _times(arena, curves) / (arena.horizon if several else 1.0),
        "DF": _rows(stability.dispersion_across_rollouts, run.rollouts),
        "RF": _rows(stability.risk_across_rollouts, run.rollouts),
    }
    none = np.full(len(curves), np.nan)
    if len(x) > 1:
        found["LRT"] = stability.long_term_risk(curves, time, scale=span)
        found["SRT"] = stability.short_term_risk(curves, time, scale=span)
        found["DT"] = _dispersion(curves, time, span)
    else:
        _say(notes, f"{arena.env.name}: one evaluation is too few for LRT, SRT and DT.")
        found |= dict.fromkeys(("LRT", "SRT", "DT"), none)
    flat = (np.ptp(curves, axis=1) == 0.0) & (len(x) > 1)
    fell, smooth = _collapsed(arena, curves), _smooth(arena, curves, notes)
    return Numbers(run.seeds, found, fell, flat, smooth, span)


class _Shares:
    """Returns as shares of the score range."""

    def __init__(self, low: float, span: float) -> None:
        self._low, self._span = low, span

    def __call__(self, returns: Floats) -> Floats:
        return (returns - self._low) / self._span


def _same(returns: Floats) -> Floats:
    return np.asarray(returns)


def _times(arena: Arena, curves: Floats) -> Floats:
    """Budget to the threshold, the whole budget where it was not reached; NaN without one."""
    if arena.env.threshold is None:
        return np.full(len(curves), np.nan)
    reached = stability.time_to_threshold(curves, arena.x, arena.env.threshold)
    return np.minimum(reached, arena.horizon)


def _dispersion(curves: Floats, time: Floats, span: float) -> Floats:
    """DT over windows where they hold enough evaluations, else over the whole curve."""
    try:
        return stability.dispersion_across_time(curves, time, scale=span, window=WINDOW)
    except DataError:
        return stability.dispersion_across_time(curves, time, scale=span)


def _collapsed(arena: Arena, curves: Floats) -> npt.NDArray[np.bool_]:
    if curves.shape[1] < 2:
        return np.zeros(len(curves), np.bool_)
    return stability.collapsed(
        curves,
        share=COLLAPSE_SHARE,
        low=min(arena.low, float(curves.min())),
        rise=RISE * arena.span,
        patience=max(1, round(PATIENCE * curves.shape[1])),
    )


def _smooth(arena: Arena, curves: Floats, notes: list[str]) -> Floats | None:
    """Low-passed curves; the period is lengthened where evaluations are far apart."""
    time = arena.x / arena.horizon
    try:
        period = max(PERIOD, 4.0 * float(np.diff(time).mean())) if len(time) > 1 else PERIOD
        return np.asarray(stability.lowpass(curves, time, period))
    except DataError as short:
        _say(notes, f"{arena.env.name}: no DR and RR. {short}")
        return None


def _say(notes: list[str], note: str) -> None:
    """Once, not for every regime."""
    if note not in notes:
        notes.append(note)


def _rows(of: Callable[..., Floats], rollouts: Floats) -> Floats:
    """A measure of each row, NaN where it has none (a median of 0, a single episode)."""
    found = np.full(len(rollouts), np.nan)
    for k, own in enumerate(rollouts):
        try:
            found[k] = of(own[None])[0]
        except DataError:
            continue
    return found
