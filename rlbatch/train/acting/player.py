"""Env steps of all lanes: one by one, several as a program, or with the update after them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rlbatch.contract import VectorEnv
from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.train.acting.actor import Actor
from rlbatch.train.acting.iterations import Iterations
from rlbatch.train.acting.rollout import Rollout, Taken, column_of
from rlbatch.train.decide import Decider
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.lanes import Lanes


class Player:
    """Acts, and has what came of it remembered.

    Args:
        env: to train in.
        actor: chooses actions.
        learner: whose values they go by.
        buffer: remembers.
        episodes: adds up returns.
        lanes: their counters.
        decider: knows ε.
        per_lane: environments a lane, E.
        rollout: several steps as a program, if there is one.
        iterations: steps and update as a program, if there are any.
    """

    def __init__(
        self,
        env: VectorEnv,
        actor: Actor,
        learner: Learner,
        buffer: ReplayBuffer,
        episodes: TrainingEpisodes,
        lanes: Lanes,
        decider: Decider,
        per_lane: int,
        rollout: Rollout | None,
        iterations: Iterations | None,
    ) -> None:
        self._env, self._actor, self._learner, self._buffer = env, actor, learner, buffer
        self._episodes, self._lanes, self._decider = episodes, lanes, decider
        self._per_lane, self._rollout, self.iterations = per_lane, rollout, iterations

    def reset(self) -> None:
        """Starts all environments anew."""
        self.settle()
        self._obs = self._env.reset()

    def play(self, boundaries: Sequence[int], apart: bool) -> None:
        """Plays on, to the next multiple of a boundary at most.

        Where steps and update are one program, steps are counted now, and played with the update,
        or by `finish`.

        Args:
            boundaries: env steps.
            apart: must the rows be there before the update is asked for?
        """
        now, whole = self._lanes.now, self.iterations
        if whole and not self._lanes.all_active:
            whole.retire()
        if whole and not apart and self._lanes.all_active and whole.fits(now, boundaries):
            self._obs = whole.begin(self._obs, self._epsilon(whole.steps), now)
            self._lanes.advance(self._per_lane * whole.steps)
            return
        self.settle()
        if self._rollout and self._rollout.fits(now, boundaries):
            self._roll(self._rollout, now)
        else:
            self._step(now)

    def finish(self) -> None:
        """Plays what no update took along."""
        if self.iterations and self.iterations.pending:
            self.iterations.finish()

    def settle(self) -> None:
        """Makes the host know all that was played."""
        if self.iterations:
            self.iterations.settle()

    def _step(self, now: int) -> None:
        action = self._actor.act(self._obs, self._decider.epsilon(), now)
        step = self._env.step(action)
        ends = step.terminated, step.truncated
        self._buffer.add(self._obs, action, step.reward, step.next_obs, *ends, self._valid())
        self._episodes.add(step)
        self._lanes.advance(self._per_lane)
        self._obs = step.obs

    def _roll(self, rollout: Rollout, now: int) -> None:
        """Several steps that nothing comes between."""
        state, epsilon = self._learner.online.state, self._epsilon(rollout.steps)
        taken, self._obs = rollout(state, self._obs, epsilon, now)
        for t in range(rollout.steps):
            one = Taken(*(column[t] for column in taken))
            self._buffer.add(*one, valid=self._valid())
        self._episodes.extend(taken.reward, taken.terminated, taken.truncated)
        self._lanes.advance(self._per_lane * rollout.steps)

    def _epsilon(self, steps: int) -> npt.NDArray[np.float64]:
        """ε of the next steps, `[T, 1]` or `[T, L]`."""
        return column_of([self._decider.epsilon(t * self._per_lane) for t in range(steps)])

    def _valid(self) -> npt.NDArray[np.bool_] | None:
        """Whose transitions are stored, `[L, E]`; None: everyone's."""
        if self._lanes.all_active:
            return None
        return np.repeat(self._lanes.active[:, None], self._per_lane, 1)
