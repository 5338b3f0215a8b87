"""The prioritised sampler: rows in proportion to how surprising they were, weighted back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rlbatch.errors import DataError, require
from rlbatch.replay.sampling.priorities import LEAST, MOST, draw, update
from rlbatch.replay.sampling.sampler import DRAW, Drawn, refuse_empty
from rlbatch.replay.sampling.sum_tree import Floats, SumTree
from rlbatch.replay.storage.ring import Counts, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Prioritised:
    """Rows with probability in proportion to a power of their last TD error δ, with replacement.

        P(i) = pᵢ^α / Σ p^α,   pᵢ = |δᵢ| + eps
        wᵢ = (N · P(i))^−β / mean of the batch's own rows,   N rows held

    A new row has the highest p seen so far in its lane, 1 at first. The mean, not the paper's
    maximum, so that the learning rate does not hang on B: the maximum of a batch grows with B.
    β goes in a straight line from `beta` to `beta_end` over a lane's first `beta_updates` updates
    of priorities. p^α is kept within [1e-140, 1e140].

    Draws are nested: at one counter and the same priorities, 32 rows are the prefix of 512 (their
    weights are not: the mean is another). Stratified draws, row i from the i-th of B equal parts
    of the sum, are not nested.

    After Schaul et al. 2016, "Prioritized Experience Replay", https://arxiv.org/abs/1511.05952.
    """

    kind: Literal["prioritised"] = "prioritised"
    alpha: float = 0.6  # 0 draws uniformly
    beta: float = 0.4  # 0 weighs all rows alike, 1 corrects in full
    beta_end: float = 1.0
    beta_updates: int | None = None  # priority updates; None: β stays
    eps: float = 1e-6  # in the unit of the TD error
    normalise: Literal["mean", "max"] = "mean"
    stratified: bool = False

    def __post_init__(self) -> None:
        where = "replay.sampler."
        finite = math.isfinite(self.alpha) and self.alpha >= 0.0
        require(finite, f"{where}alpha", "a finite number, at least 0", self.alpha)
        for name, beta in (("beta", self.beta), ("beta_end", self.beta_end)):
            require(0.0 <= beta <= 1.0, where + name, "a number in [0, 1]", beta)
        some = self.beta_updates is None or self.beta_updates >= 1
        require(some, f"{where}beta_updates", "None or at least 1", self.beta_updates)
        positive = math.isfinite(self.eps) and self.eps > 0.0
        require(positive, f"{where}eps", "a finite number above 0", self.eps)
        known = self.normalise in ("mean", "max")
        require(known, f"{where}normalise", "mean or max", self.normalise)

    def start(self, lanes: int, capacity: int) -> PrioritisedSampler:
        """A sampler for L empty rings of `capacity` rows."""
        return PrioritisedSampler(self, lanes, capacity)


class PrioritisedSampler:
    """The priorities of L lanes. `Prioritised.start` makes it."""

    def __init__(self, settings: Prioritised, lanes: int, capacity: int) -> None:
        self.settings = settings
        self.tree = SumTree(lanes, capacity)  # leaves: p^α of the row in each slot, 0 where none
        self.highest = np.ones(lanes)  # [L] p^α that a new row gets
        self.updates = np.zeros(lanes, np.int64)  # [L] updates of priorities
        self.stale = np.zeros(lanes, np.int64)  # [L] TD errors that came after their row had gone
        self.beta = np.full(lanes, settings.beta)  # [L] as it stands now

    def draw(self, ring: Counts, seeds: Rows, counters: Rows, sizes: Rows) -> Drawn:
        """Insertion numbers and weights `[L, max size]`, see `Sampler.draw`.

        Raises:
            EmptyBufferError: a lane that must give rows holds none.
        """
        shape, tree = (len(sizes), max(sizes.tolist())), self.tree
        numbers, weight = np.empty(shape, np.int64), np.empty(shape, np.float32)
        how = self.settings.stratified, self.beta, self.settings.normalise == "max"
        to = ring.head, ring.capacity, np.empty(shape), numbers, weight
        refuse_empty(draw(seeds, DRAW, counters, sizes, *how, tree.parts, tree.leaves, *to))
        return Drawn(numbers, weight)

    def added(self, ring: Counts, before: Rows) -> None:
        """Gives rows from `before` `[L]` up to the heads the highest priority of their lane."""
        self.tree.set_run(before, ring.head, self.highest)

    def update(self, ring: Counts, numbers: Rows, td_error: Floats) -> None:
        """Takes TD errors of any sign. Of two for one row the later stays.

        Rows overwritten since they were drawn are left out, and counted in `stale`.

        Args:
            ring: where the rows lie.
            numbers: `[L, B]` insertion numbers; negative is padding, whatever its TD error.
            td_error: `[L, B]` δ.

        Raises:
            DataError: a TD error that is not finite, or a row never stored; nothing is changed.
        """
        require_one_each(len(self.stale), numbers, td_error)
        slots, leaves = np.empty(numbers.shape, np.int64), np.empty(numbers.shape)
        alpha, eps = self.settings.alpha, self.settings.eps
        counts = self.updates, self.stale, self.highest
        held = ring.head, ring.fill, ring.capacity
        bad = update(*held, alpha, eps, numbers, td_error, slots, leaves, self.tree.parts, *counts)
        if bad >= 0:
            _refuse(ring.head, numbers, td_error, *divmod(bad, numbers.shape[1]))
        self._move_beta()

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """The leaves, the highest ever, and the counts; sums and β follow from them."""
        counts = {"highest": self.highest, "updates": self.updates, "stale": self.stale}
        return {"leaves": self.tree.leaves, **counts}

    def load(self, ring: Counts, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Takes a `state` back; the ring already holds its rows.

        Raises:
            DataError: arrays that do not fit, or priorities that no `state` has; nothing is
                changed.
        """
        own = self.state()
        for name, array in own.items():
            if name not in state or state[name].shape != array.shape:
                got = state[name].shape if name in state else "nothing"
                raise DataError(f"replay.sampler.{name}", f"shape {array.shape}", got)
        held = np.arange(self.tree.leaves.shape[1]) < ring.fill[:, None]
        _require_sound("leaves", state["leaves"], held)
        _require_sound("highest", state["highest"], np.ones_like(ring.fill, np.bool_))
        self.tree.replace(state["leaves"].astype(np.float64))
        for name in ("highest", "updates", "stale"):
            own[name][:] = state[name]
        self._move_beta()

    def _move_beta(self) -> None:
        until, ends = self.settings.beta_updates, (self.settings.beta, self.settings.beta_end)
        if until is not None:
            self.beta = np.interp(self.updates, (0, until), ends)


def _require_sound(name: str, array: npt.NDArray[Any], held: npt.NDArray[np.bool_]) -> None:
    sound = np.where(held, (array >= LEAST) & (array <= MOST), array == 0)  # NaN is not
    if not sound.all():
        lane = int(np.argwhere(~sound)[0, 0])
        wanted = f"[{LEAST}, {MOST}] where a row is held and 0 elsewhere"
        raise DataError(f"replay.sampler.{name} (lane {lane})", wanted, array[~sound][0])


def require_one_each(lanes: int, numbers: Rows | Tensor, td_error: Floats | Tensor) -> None:
    """Refuses all but two arrays `[L, B]`.

    Raises:
        DataError: other shapes.
    """
    if numbers.ndim != 2 or len(numbers) != lanes:
        raise DataError("replay.update_priorities.row", f"shape [{lanes}, B]", numbers.shape)
    if td_error.shape != numbers.shape:
        got = td_error.shape
        raise DataError("replay.update_priorities.td_error", f"shape {numbers.shape}", got)


def _refuse(head: Rows, numbers: Rows, td_error: Floats, lane: int, b: int) -> None:
    where, row = "replay.update_priorities", int(numbers[lane, b])
    advice = "No priority was changed."
    if row >= head[lane]:
        raise DataError(f"{where}.row (lane {lane})", f"a row below {head[lane]}", row, advice)
    got = float(td_error[lane, b])
    raise DataError(f"{where}.td_error (lane {lane}, row {row})", "a finite number", got, advice)
