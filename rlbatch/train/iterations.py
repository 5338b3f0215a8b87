"""What the host does around iterations that are programs: it says, counts, and reads later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.contract import TensorEnv
from rlbatch.learner import Learner
from rlbatch.learner.constants import Number
from rlbatch.learner.gradients import Block
from rlbatch.learner.graph import captured
from rlbatch.learner.memory import out_of_memory
from rlbatch.replay.inline import InlineRows
from rlbatch.replay.storage.parcel import Parcel
from rlbatch.seeding import Floats
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.iteration import Done, Iteration, Rows, Said
from rlbatch.train.rollout import ahead
from rlbatch.types import Batch

MOST = 256  # iterations whose rewards wait on the device to be read

Blocks = tuple[Block, ...]  # of lanes that learn together; none: steps alone
Program = Callable[[Parcel], Done]


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
        self.steps, self.pending = steps, False
        self._env, self._rows, self._update = env, rows, learner.inline()
        self._device, self._per_lane, self._record = learner.device, per_lane, record
        self._lanes = lanes = len(seeds)
        kind = getattr(type(env.state), "_make", tuple)
        self._held = kind([own.clone() for own in env.state])  # stays where it is
        self._obs = env.reset().clone()
        state = learner.online.state
        own = rows, self._update, seeds, actions, self._obs, steps
        self._iteration = Iteration(env, learner.values_of, state, *own)
        self._parts = (
            ((3,), np.int64),
            *[((lanes,), dtype) for dtype in (np.int64, np.int64, np.float64)],
            ((steps, lanes), np.float64),
        )
        self._block: Tensor | None = None  # what the host says, where graphs read it
        self._programs: dict[Blocks, Program] = {}
        self._narrower: int | None = None  # than this many rows there is memory for
        self._away, self._episodes = True, episodes
        self._told: list[tuple[Tensor, Tensor]] = []
        self._words: list[str] = []

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
        self._now, self._head, self._epsilon = now, self._rows.head, epsilon
        self._rows.passed(self.steps * self._per_lane)
        self.pending = True
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
            if not (self._record and out_of_memory(fault)):
                raise
            self._narrower = width
            self._words.append(f"no memory for a program with {width} rows: learned apart")
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

    def read(self) -> list[str]:
        """What users should know, since the last reading."""
        words, self._words = self._words, []
        return words

    def _run(
        self, blocks: Blocks, rows: Rows, counter: npt.NDArray[np.int64], lr: Number | None
    ) -> Done:
        parcel = Parcel(self._device, *self._parts)
        counters, size, key, rate, epsilon = parcel.arrays
        counters[:] = self._now, self._head, counter[0]
        size[:], key[:], rate[:] = rows, self._update.key(), self._update.lr(lr)
        epsilon[:] = self._epsilon
        done = self._program(blocks, parcel)(parcel)
        self.pending = False
        kept = (done.reward, done.ended)
        self._told.append((kept[0].clone(), kept[1].clone()) if self._record else kept)
        if len(self._told) == MOST:
            self._tell()
        return done

    def _program(self, blocks: Blocks, parcel: Parcel) -> Program:
        program = self._programs.get(blocks)
        if program is None:
            make = self._captured if self._record else self._eager
            program = self._programs[blocks] = make(blocks, parcel)
        return program

    def _eager(self, blocks: Blocks, _: Parcel) -> Program:
        return lambda parcel: self._iteration(Said(*parcel.send()), blocks)

    def _captured(self, blocks: Blocks, parcel: Parcel) -> Program:
        if self._block is None:
            self._block = torch.empty(parcel.words, dtype=torch.int64, device=self._device)
        block = self._block
        parcel.fill(block)
        said = Said(*parcel.spread(block))
        graph, done = captured(lambda: self._iteration(said, blocks), self._iteration.changed())

        def replay(parcel: Parcel) -> Done:
            parcel.fill(block)
            graph.replay()
            return done

        return replay

    def _tell(self) -> None:
        """Tells the returns of training what was earned; waits for the device."""
        if self._told:
            reward, ended = (
                torch.cat(column).numpy(force=True) for column in zip(*self._told, strict=True)
            )
            self._told = []
            self._episodes.extend(reward, ended, ended)
