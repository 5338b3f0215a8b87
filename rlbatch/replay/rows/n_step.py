"""n-step returns, folded on insertion: one-step rows come in, rows of whole windows go out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError, require
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.rows.windows import fold, survey
from rlbatch.replay.storage.ring import Rows

Bools = npt.NDArray[np.bool_]
HALF = 4  # bytes of a float32


class NStep:
    """Windows of `steps` transitions, for each environment of each lane on its own.

    The transition at time t leaves as one row once its window closes, k transitions long:

        obs_t, action_t,   R = Σ_{i<k} γ^i · r_{t+i},   next_obs_{t+k−1},
        discount = γ^k · (1 − terminated_{t+k−1})

    k = steps, and less only at an episode's end, where all windows that are open close at once:
    terminated ones with discount 0, truncated ones with the true final observation. A window holds
    no transition of another episode. Rewards are summed in float64 and stored as float32. One step
    is the identity. After Sutton 1988, https://doi.org/10.1007/BF00115009, and Hessel et al. 2018,
    "Rainbow", https://arxiv.org/abs/1710.02298.

    Args:
        lanes: L.
        steps: n, transitions a window.
        gamma: γ, with which the rows were packed.
        layout: of a row.

    Raises:
        ConfigError: steps below 1.
    """

    def __init__(self, lanes: int, steps: int, gamma: float, layout: Layout) -> None:
        require(steps >= 1, "replay.n_step", "at least 1 step", steps)
        self.steps, self.gamma = steps, float(gamma)
        self._numbers = tuple(layout.field(name).offset // HALF for name in ("reward", "discount"))
        self._successor = layout.successor
        self._limit = float(np.finfo(np.float32).max) / steps  # so that R fits float32
        self._rows = np.zeros((lanes, 0, steps, layout.words), np.int64)  # time t in slot t % n
        self._count = np.zeros((lanes, 0), np.int64)  # transitions of the running episode

    @property
    def rows(self) -> Rows:
        """`[L, E, n, words]` where rows of open windows lie, among others; the array itself."""
        return self._rows

    def fold(
        self, packed: Rows, ended: Bools, valid: Bools, most: int | None = None
    ) -> tuple[Rows, Bools]:
        """Rows whose windows close with this step, `[L, M, words]`, and which count, `[L, M]`.

        M is what the lane with most has, at least 1. A lane's rows are ordered by environment, and
        within one by age, oldest first: the order depends on no other lane.

        Args:
            packed: `[L, E, words]` one-step rows.
            ended: `[L, E]` terminated or truncated.
            valid: `[L, E]` False leaves a row out. Between episodes (NEXT_STEP reset rows) that
                changes nothing; within one it is a pause, in which the environment must stand
                still; where `ended` is True the episode ends all the same, without this row.
            most: M, what `check` said of the same step; None: it is asked.

        Raises:
            DataError: another E while windows are open, or a reward whose sums may not fit
                float32; nothing is changed.
        """
        if self.steps == 1:
            return packed, valid
        most = self.check(packed, ended, valid) if most is None else most
        out = np.zeros((len(packed), most, packed.shape[2]), np.int64)
        kept = np.zeros((len(packed), most), np.bool_)
        places = *self._numbers, *self._successor
        fold(self._rows, self._count, packed, ended, valid, self.gamma, places, out, kept)
        return out, kept

    def check(self, packed: Rows, ended: Bools, valid: Bools) -> int:
        """Refuses what `fold` would; returns M. Nothing is remembered."""
        if self.steps == 1:
            return int(packed.shape[1])
        self._fit(packed.shape[1])
        halves, (reward, _) = packed.view(np.float32), self._numbers
        most, bad = survey(halves, reward, self._limit, self._count, self.steps, ended, valid)
        if bad >= 0:
            self._refuse(halves[..., reward], divmod(bad, packed.shape[1]))
        return int(most)

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that it remembers, by name; the arrays themselves."""
        return {"rows": self._rows, "count": self._count}

    def load(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Takes a `state` of as many lanes, steps and words.

        Raises:
            DataError: arrays that do not fit; nothing is changed.
        """
        if not state.keys() >= {"rows", "count"}:
            told = ", ".join(state) or "nothing"
            raise DataError("replay.n_step", "rows and count", told, "Was it saved with one step?")
        rows, count = state["rows"], state["count"]
        lanes, _, steps, words = self._rows.shape
        if count.ndim != 2 or len(count) != lanes or count.min(initial=0) < 0:
            raise DataError("replay.n_step.count", f"[{lanes}, E] counts", count.shape)
        wanted = *count.shape, steps, words
        if rows.shape != wanted:
            raise DataError("replay.n_step.rows", f"{list(wanted)} words", rows.shape)
        self._rows, self._count = rows.astype(np.int64), count.astype(np.int64)

    def _fit(self, num_envs: int) -> None:
        lanes, before, steps, words = self._rows.shape
        if num_envs == before:
            return
        if self._count.any():
            raise DataError(
                "replay.n_step",
                f"{before} environments, as while these windows opened",
                num_envs,
                "Change their number where all episodes have ended.",
            )
        self._rows = np.zeros((lanes, num_envs, steps, words), np.int64)
        self._count = np.zeros((lanes, num_envs), np.int64)

    def _refuse(self, reward: npt.NDArray[np.float32], at: tuple[int, int]) -> None:
        raise DataError(
            f"replay.reward (lane {at[0]}, env {at[1]})",
            f"a magnitude of at most {self._limit:.2g}, so that {self.steps} fit float32",
            float(reward[at]),
            "Nothing of this call was stored.",
        )
