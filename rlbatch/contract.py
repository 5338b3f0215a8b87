"""What rlbatch asks of agents, environments, schedules and sinks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from gymnasium.spaces import Space as GymSpace
from torch import Tensor, nn

from rlbatch.types import Batch, Record, RowLoss, Signal, Step

Space = GymSpace[Any]
QFn = Callable[[Tensor], Tensor]  # obs [B, *obs] -> network output [B, ...]
Schedule = Callable[[Signal], float]  # wanted rows; open loop: evaluated once for all lanes
Memory = Mapping[str, float]  # a controller's state, explicit so that it can be checkpointed


@runtime_checkable
class Controller(Protocol):
    """Decides B from what the learner shows; closed loop: evaluated for each lane, every k updates.

    Pure: all that it remembers goes in and out as `memory`, which is {} before the first decision.
    """

    signals: ClassVar[tuple[str, ...]]  # names in `signal.meters` that it cannot do without

    @property
    def low(self) -> int:
        """Rows, the least that it asks for."""
        ...

    @property
    def high(self) -> int:
        """Rows, the most that it asks for."""
        ...

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        """Wanted rows, and what to remember until the next decision."""
        ...


Rule = Schedule | Controller  # whatever decides B


@runtime_checkable
class Agent(Protocol):
    """A learning rule, written for *one* learner; the learner stacks it over lanes with vmap.

    Under vmap a loss may not use boolean masks, `if tensor`, `F.one_hot`, `index_add_` on fresh
    zeros or torch's own random numbers. Comparisons, `gather`, `scatter_add` and `key` do the work.
    """

    def network(self, obs_space: Space, action_space: Space) -> nn.Module:
        """A fresh network: observations `[B, *obs]` in, output `[B, ...]` out."""
        ...

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        """One loss per row of `batch` (columns `[B, ...]`).

        Args:
            q: the online network, differentiable.
            q_target: the target network.
            batch: rows; weighting and averaging are the learner's.
            key: `[]` int64, the loss's only source of randomness (see `rlbatch.seeding`).
        """
        ...

    def values(self, output: Tensor) -> Tensor:
        """Network output -> action values `[B, A]`, for acting greedily."""
        ...


@runtime_checkable
class GroupStatistics(Protocol):
    """A module of an agent's network that normalises rows by the mean and variance of a group.

    The learner holds what it keeps of them, its persistent buffers, for every lane. In a call with
    gradient each `group` rows in a row are normalised by their own statistics; any other call
    normalises by the buffers. No call changes a buffer: the learner moves them after an update,

        r ← (1 − momentum) · r + momentum · s      for each group in turn.
    """

    group: int  # rows; batches and micro-batches are multiples of it
    momentum: float  # share of a group

    def take(self) -> Mapping[str, Tensor]:
        """s by the buffer's name, `[groups, *buffer]` each, of the calls with gradient since the
        last reading; {} where there was none."""
        ...


@runtime_checkable
class VectorEnv(Protocol):
    """L lanes of E environments each; an ended episode is reset within the same step."""

    obs_space: Space  # of one environment
    action_space: Space  # of one environment

    def reset(self) -> Tensor:
        """Starts again at each environment's first episode; returns obs `[L, E, *obs]`."""
        ...

    def step(self, action: Tensor) -> Step:
        """Takes int64 actions `[L, E]`."""
        ...


@runtime_checkable
class TensorEnv(VectorEnv, Protocol):
    """A vector env whose step is a function of tensors alone, so that a loop can compile it.

    `step(action)` is `self.state, step = self.advance(self.state, action)`.
    """

    state: tuple[Tensor, ...]  # all that changes, [L, E, ...] each

    def advance(
        self, state: tuple[Tensor, ...], action: Tensor, fresh: Tensor | None = None
    ) -> tuple[tuple[Tensor, ...], Step]:
        """The state after int64 actions `[L, E]`, and what came of them.

        Pure: no `if` on a tensor, no call that waits for the device, nothing of `self` changed.

        Args:
            state: before.
            action: int64 `[L, E]`.
            fresh: `[L, E, draws]` of `numbers`, for each environment's next start, so that no
                random number is made here; None: the environment makes its own.
        """
        ...

    def numbers(self, count: int) -> Tensor:
        """What the next `count` starts of every environment are made of, `[L, E, count, draws]`.

        Where the environments are on a CUDA device so is this, made there from `state` alone: calls
        are captured.
        """
        ...


class MakeEnv(Protocol):
    """Builds a vector env: one lane per seed, `per_lane` environments each."""

    def __call__(
        self, *, seeds: Sequence[int], per_lane: int, device: torch.device
    ) -> VectorEnv: ...


class Sink(Protocol):
    """Receives Records in the order they were made."""

    def write(self, records: Sequence[Record]) -> None:
        """Takes the records of one moment, all lanes together."""
        ...

    def close(self) -> None:
        """Flushes; nothing is lost after it returns."""
        ...
