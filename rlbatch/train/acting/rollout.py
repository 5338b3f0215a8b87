"""Several env steps as one compiled program: act, step, act on what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.contract import TensorEnv
from rlbatch.learner.compiler import compiled
from rlbatch.seeding import Floats
from rlbatch.train.acting.explored import explored

MOST = 5  # env steps a program, so that compiling it stays a matter of seconds
ENOUGH = 8  # operations that inductor may write into one expression, again for each that reads it

Values = Callable[[Tensor, Tensor], Tensor]  # state [L, P + S] and obs [L, E, *obs] -> [L, E, A]


Array = npt.NDArray[Any]


class Taken(NamedTuple):
    """What a rollout of T steps leaves behind, `[T, L, E, ...]` each: what a buffer takes."""

    obs: Array  # acted on
    action: Array
    reward: Array
    next_obs: Array
    terminated: Array
    truncated: Array


class Rollout:
    """Acts as Actor does, with the same random numbers, and steps as the environments do.

    They are drawn outside of the program: what inductor makes of hashing takes it minutes to
    compile.

    Args:
        env: whose `state` moves on.
        values: action values, as a function of parameters too.
        seeds: one a lane.
        per_lane: environments a lane, E.
        actions: A.
        steps: T.
    """

    def __init__(
        self,
        env: TensorEnv,
        values: Values,
        seeds: Sequence[int],
        per_lane: int,
        actions: int,
        steps: int,
    ) -> None:
        self.steps = steps
        self._env, self._values = env, values
        self._per_lane, self._actions = per_lane, actions
        self._seeds = np.asarray(seeds, np.int64)
        self._kind: Any = getattr(type(env.state), "_make", tuple)
        self._program: Callable[..., Any] | None = None

    def __call__(
        self, state: Tensor, obs: Tensor, epsilon: Floats, env_step: int
    ) -> tuple[Taken, Tensor]:
        """T steps of every environment, and what to act on next.

        Args:
            state: of the networks, `[L, P + S]`.
            obs: `[L, E, *obs]` to act on first.
            epsilon: `[T, 1]`, or `[T, L]`.
            env_step: the counter of the first step; each next is E further.
        """
        told = explored(self._seeds, epsilon, env_step, self._per_lane, self._actions)
        explore, choice = map(torch.from_numpy, told)
        fresh = self._env.numbers(self.steps)
        given = (state, obs, explore, choice, fresh, *self._env.state)
        if self._program is None:
            self._program = compiled(self._all, given, realize_opcount_threshold=ENOUGH)
        taken = self._program(*given)
        self._env.state = self._kind(taken[7:])
        return Taken(*(column.numpy() for column in taken[:6])), taken[6]

    def fits(self, now: int, boundaries: Sequence[int]) -> bool:
        """Do all T steps from env step `now` on end at or before a multiple of each boundary?"""
        return ahead(now, self._per_lane, boundaries) >= self.steps

    def _all(
        self,
        flat: Tensor,
        obs: Tensor,
        explore: Tensor,
        choice: Tensor,
        fresh: Tensor,
        *state: Tensor,
    ) -> tuple[Tensor, ...]:
        told = explore, choice, fresh, self._kind(state)
        taken, obs, held = played(self._env, self._values, flat, obs, *told)
        return *taken, obs, *held


def played(
    env: TensorEnv,
    values: Values,
    flat: Tensor,
    obs: Tensor,
    explore: Tensor,
    choice: Tensor,
    fresh: Tensor,
    state: tuple[Tensor, ...],
) -> tuple[list[Tensor], Tensor, tuple[Tensor, ...]]:
    """T steps of all environments as operations on tensors alone; changes nothing.

    Args:
        env: whose steps they are.
        values: action values.
        flat: `[L, P + S]` what they are of.
        obs: `[L, E, *obs]` to act on first.
        explore: `[T, L, E]` bool, who does not act greedily.
        choice: `[T, L, E]` their actions.
        fresh: `[L, E, T, draws]` what the next starts are made of.
        state: of the environments.

    Returns:
        The columns of `Taken`, as tensors; what to act on next; and the state then.
    """
    taken, ends = [], torch.zeros_like(choice[0])
    for t in range(len(explore)):
        greedy = values(flat, obs).argmax(-1)
        action = torch.where(explore[t], choice[t], greedy)
        index = ends[..., None, None].expand(*ends.shape, 1, fresh.shape[-1])
        state, step = env.advance(state, action, fresh.gather(2, index)[:, :, 0])
        ends = ends + (step.terminated | step.truncated)
        told = step.reward, step.next_obs, step.terminated, step.truncated
        taken.append((obs, action, *told))
        obs = step.obs
    return [torch.stack(column) for column in zip(*taken, strict=True)], obs, state


def stride(every: int, per_lane: int) -> int:
    """Env steps of all environments that a program should take where updates are `every` apart.

    The largest number up to 5 that leaves no remainder, so that one program serves the whole run.
    """
    apart = max(1, every // per_lane)
    if apart * per_lane != every:
        return 1
    return max(n for n in range(1, min(apart, MOST) + 1) if apart % n == 0)


def ahead(now: int, per_lane: int, boundaries: Sequence[int]) -> int:
    """Steps until env step `now` reaches or passes a multiple of a boundary."""
    return int(min(-(-(each - now % each) // per_lane) for each in boundaries))


def column_of(rates: Sequence[float | Floats]) -> Floats:
    """ε of T steps, each one for all lanes or `[L, 1]`, as `[T, 1]` or `[T, L]`."""
    return np.array(rates, np.float64).reshape(len(rates), -1)
