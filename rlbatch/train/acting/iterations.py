"""What the host does around iterations that are programs: it says, counts, and reads later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.contract import TensorEnv
from rlbatch.learner import Learner
from rlbatch.learner.constants import Number
from rlbatch.learner.inline import InlineUpdate
from rlbatch.learner.memory import out_of_memory
from rlbatch.replay.inline import InlineRows
from rlbatch.replay.storage.parcel import Parcel
from rlbatch.seeding import Floats
from rlbatch.train.acting.iteration import Done, Iteration, Rows
from rlbatch.train.acting.programs import Blocks, IterationPrograms
from rlbatch.train.acting.rollout import ahead
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.types import Batch

MOST = 256  # iterations whose rewards wait on the device to be read


class Steps(NamedTuple):
    """T steps that are counted and not yet played."""

    now: int  # env step of the first
    head: int  # rows ever written to a lane before
    epsilon: Floats  # [T, 1], or [T, L]


class Iterations:
    """Begins an iteration, and runs it once it is known what is learned in it.

        begin(...)    the host counts T steps that are not yet played
        learn(...)    plays them and makes an update, in one program
        finish()      plays them where no update took them along

    Args:
        env: tensors on the learner's device.
        learner: of all lanes.
        rows: of the buffer, there too.
        seeds: one a lane.
        per_lane: environments a lane, E.
        actions: how many there are.
        steps: T.
        episodes: told of rewards at each reading.
        record: capture a graph for each rung, or where lanes are on several for each set of them.
    """

    def __init__(
        self,
        env: TensorEnv,
        learner: Learner,
        rows: InlineRows,
        seeds: Sequence[int],
        per_lane: int,
        actions: int,
        steps: int,
        episodes: TrainingEpisodes,
        record: bool,
    ) -> None:
        self.steps = steps
        self._steps: Steps | None = None  # that wait
        self._env, self._rows, self._update = env, rows, InlineUpdate(learner)
        self._device, self._per_lane = learner.device, per_lane
        self._lanes = lanes = len(seeds)
        kind = getattr(type(env.state), "_make", tuple)
        self._held = kind([own.clone() for own in env.state])  # stays where it is
        self._obs = env.reset().clone()
        state = learner.online.state
        own = rows, self._update, seeds, actions, self._obs, steps
        iteration = Iteration(env, learner.values_of, state, *own)
        self._parts = (
            ((3,), np.int64),
            *[((lanes,), dtype) for dtype in (np.int64, np.int64, np.float64)],
            ((steps, lanes), np.float64),
        )
        self._programs = IterationPrograms(iteration, record)
        self._narrower: int | None = None  # than this many rows there is memory for
        self._away, self._episodes = True, episodes
        self._told: list[tuple[Tensor, Tensor]] = []
        self._words: list[tuple[str, str]] = []
        self._retired = False

    @property
    def pending(self) -> bool:
        """Do steps wait to be played?"""
        return self._steps is not None

    def fits(self, now: int, boundaries: Sequence[int]) -> bool:
        """Do all T steps from env step `now` on end at or before a multiple of each boundary?"""
        return ahead(now, self._per_lane, boundaries) >= self.steps and self._rows.even

    def begin(self, obs: Tensor, epsilon: Floats, now: int) -> Tensor:
        """T steps are to be played.

        Args:
            obs: `[L, E, *obs]` to act on first.
            epsilon: `[T, 1]`, or `[T, L]`.
            now: env step of the first.

        Returns:
            `[L, E, *obs]`, which will be what to act on next once they are.
        """
        if self._away:
            self._obs.copy_(obs)
            for own, new in zip(self._held, self._env.state, strict=True):
                own.copy_(new)
            self._env.state = self._held
            self._rows.enter()
            self._away = False
        self._steps = Steps(now, self._rows.head, epsilon)
        self._rows.passed(self.steps * self._per_lane)
        return self._obs

    def takes(self, rows: Rows) -> bool:
        """Can an update of so many rows be part of the program?"""
        width = int(np.max(rows))
        return self._update.takes(width) and (self._narrower is None or width < self._narrower)

    def learn(
        self,
        rows: Rows,
        counter: npt.NDArray[np.int64],
        lr: Number | None,
        clock: int | npt.NDArray[np.int64],
    ) -> tuple[Batch, Tensor] | None:
        """Plays, and makes the update that comes after, in all lanes.

        Args:
            rows: B, or `[L]`.
            counter: `[L]` which draw this is, the same in all lanes.
            lr: see `Learner.update`.
            clock: of the hard target.

        Returns:
            The batch and its δ `[L, B]`; None: memory ran out before anything was done.
        """
        sizes = np.broadcast_to(np.asarray(rows, np.int64), self._lanes)
        width = int(sizes.max())
        try:
            done = self._run(self._update.blocks(sizes), rows, counter, lr)
        except (RuntimeError, MemoryError) as fault:
            if not (self._programs.record and out_of_memory(fault)):
                raise
            self._narrower = width
            told = f"no memory for a program with {width} rows: learned apart"
            self._words.append(("memory", told))
            return None
        assert done.batch is not None
        assert done.ok is not None
        assert done.row_error is not None
        self._update.count(done.ok, clock)
        return done.batch, done.row_error

    def finish(self) -> None:
        """Plays steps that wait."""
        if self.pending:
            self._run((), 0, np.zeros(1, np.int64), None)

    def settle(self) -> None:
        """Hands over what has waited on the device; waits for it."""
        self._tell()
        if not self._away:
            self._rows.leave()
            self._away = True

    def retire(self) -> None:
        """A lane has left, and this is for all of them."""
        if self._programs.record and not self._retired:
            told = "a lane has left: env steps and updates are calls of their own from now on"
            self._words.append(("apart", told))
        self._retired = True

    def read(self) -> list[tuple[str, str]]:
        """What users should know since the last reading: kinds of event, and words."""
        words = self._words + [("graph", told) for told in self._programs.told]
        self._words, self._programs.told = [], []
        return words

    def _run(
        self, blocks: Blocks, rows: Rows, counter: npt.NDArray[np.int64], lr: Number | None
    ) -> Done:
        parcel = Parcel(self._device, *self._parts)
        counters, size, key, rate, epsilon = parcel.arrays
        assert self._steps is not None
        counters[:] = *self._steps[:2], counter[0]
        size[:], key[:], rate[:] = rows, self._update.key(), self._update.lr(lr)
        epsilon[:] = self._steps.epsilon
        done = self._programs(blocks, parcel)
        self._steps = None
        kept = (done.reward, done.ended)
        self._told.append((kept[0].clone(), kept[1].clone()) if self._programs.record else kept)
        if len(self._told) == MOST:
            self._tell()
        return done

    def _tell(self) -> None:
        """Tells the returns of training what was earned; waits for the device."""
        if self._told:
            reward, ended = (
                torch.cat(column).numpy(force=True) for column in zip(*self._told, strict=True)
            )
            self._told = []
            self._episodes.extend(reward, ended, ended)
