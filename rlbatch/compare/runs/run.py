"""One run: L lanes, T evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.compare.runs.training import Means

Floats = npt.NDArray[np.float64]
AXES = {"env_steps": "env_step", "updates": "update", "samples": "samples", "wall_s": "wall_s"}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run folder holds; L lanes, T evaluations."""

    folder: Path
    regime: str
    env: str
    status: str
    seeds: tuple[int, ...]  # [L]
    lanes: tuple[int, ...]  # [L] their numbers in the folder's files
    arms: tuple[dict[str, float], ...]  # [L] the numbers in which a lane differs
    axes: dict[str, Floats]  # env_steps, updates, samples, wall_s: [L, T] each
    returns: Floats  # [L, T] mean greedy return
    rollouts: Floats  # [L, episodes] greedy returns of the last evaluation
    changes: tuple[tuple[tuple[dict[str, float], int], ...], ...]  # [L] (date by axis, rows) of B
    diverged: tuple[bool, ...]  # [L]
    stopped_early: tuple[bool, ...]  # [L] no new best for long, and at rest since then
    invalid: tuple[int, ...]  # seeds with an evaluation that is no number
    config: str  # YAML
    manifest: dict[str, Any]
    training: Means  # signs logged while training, [L] each
    diagnostics: dict[str, Any] | None

    def end(self, axis: str) -> float:
        """How far along an axis every lane came that did not diverge."""
        on = [k for k, gone in enumerate(self.diverged) if not gone]
        return float(self.axes[axis][on or slice(None), -1].min())

    def of_lanes(self, kept: Sequence[int], regime: str) -> Run:
        """The same run with these places of L alone."""

        def some(own: Any) -> Any:
            return tuple(own[k] for k in kept)

        return replace(
            self,
            regime=regime,
            seeds=some(self.seeds),
            lanes=some(self.lanes),
            arms=some(self.arms),
            axes={name: x[list(kept)] for name, x in self.axes.items()},
            returns=self.returns[list(kept)],
            rollouts=self.rollouts[list(kept)],
            changes=some(self.changes),
            invalid=tuple(s for s in self.invalid if s in some(self.seeds)),
            diverged=some(self.diverged),
            stopped_early=some(self.stopped_early),
            training={sign: some(own) for sign, own in self.training.items()},
            diagnostics=self.diagnostics if len(kept) == len(self.seeds) else None,
        )

    def by_arm(self) -> list[Run]:
        """A run for each arm of a sweep, its numbers in the regime's name; itself without one."""
        names = [" ".join(f"{k}={_short(v)}" for k, v in arm.items()) for arm in self.arms]
        return [
            self.of_lanes(
                [k for k, own in enumerate(names) if own == arm],
                f"{self.regime}[{arm}]" if arm else self.regime,
            )
            for arm in dict.fromkeys(names)
        ]


def _short(value: float) -> str:
    """As few digits as tell it from every other number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
