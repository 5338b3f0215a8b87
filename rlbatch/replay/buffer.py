"""The replay buffer: remember transitions, sample minibatches of any size on any call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rlbatch import files
from rlbatch.contract import Space
from rlbatch.errors import EmptyBufferError, require
from rlbatch.replay.batches import Batches
from rlbatch.replay.rows.door import pack
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.rows.n_step import NStep
from rlbatch.replay.rows.spaces import space_to_json
from rlbatch.replay.sampling.kinds import sampler_to_json
from rlbatch.replay.sampling.sampler import Drawn, Forgetful, SamplerSettings
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.saved import arguments, restore, state_of
from rlbatch.replay.sizes import PerLane, Sizes
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.types import Batch


class ReplayBuffer:
    """A ring of transitions, for one learner or for L side by side.

    Args:
        capacity: rows a lane.
        obs_space: Box or Discrete space of one environment.
        action_space: Discrete space of one environment.
        lanes: None for one buffer without a lane axis; L for L independent ones.
        device: where batches arrive. Rows live in memory.
        seed: an int (lane k draws with seed + k), or one seed a lane.
        gamma: discount γ; a row stores γᵏ · (1 − terminated) for a window of k transitions.
        n_step: transitions folded into a row, less at an episode's end.
        sampler: settings of how rows are drawn; None: uniformly, with replacement.

    Raises:
        ConfigError: capacity or lanes below 1, gamma outside [0, 1], spaces that do not fit.
    """

    def __init__(
        self,
        capacity: int,
        obs_space: Space,
        action_space: Space,
        lanes: int | None = None,
        device: str | torch.device = "cpu",
        seed: int | Sequence[int] = 0,
        *,
        gamma: float = 0.99,
        n_step: int = 1,
        sampler: SamplerSettings | None = None,
    ) -> None:
        require(capacity >= 1, "replay.capacity", "at least 1 row", capacity)
        require(lanes is None or lanes >= 1, "replay.lanes", "None or at least 1", lanes)
        require(0.0 <= gamma <= 1.0, "replay.gamma", "a number in [0, 1]", gamma)
        self.obs_space, self.action_space = obs_space, action_space
        self.capacity, self.lanes, self.gamma = capacity, lanes, gamma
        self.device = torch.device(device)
        self.layout = Layout.of(obs_space, action_space)
        num = lanes or 1
        self._seeds = np.asarray(seed, np.int64) + (np.arange(num) if np.ndim(seed) == 0 else 0)
        require(self._seeds.shape == (num,), "replay.seed", f"one or {num} seeds", seed)
        self._ring = Ring(num, capacity, self.layout.words)
        self._n_step = NStep(num, n_step, gamma, self.layout)
        self._settings: SamplerSettings = Uniform() if sampler is None else sampler
        self.sampler = self._settings.start(num, capacity)
        self._forgetful = isinstance(self.sampler, Forgetful)
        self._draws = np.zeros(num, np.int64)  # the buffer's own counter
        self._wanted = PerLane(num)
        self._batches = Batches(self.layout, lanes, self.device)

    def add(
        self,
        obs: object,
        action: object,
        reward: object,
        next_obs: object,
        terminated: object,
        truncated: object,
        valid: object = None,
    ) -> None:
        """Takes one transition per environment: arrays or tensors `[E, ...]`, or `[L, E, ...]`.

        With `n_step` a row is stored once its window closes, n − 1 steps later or at the end.

        Args:
            obs: `[L, E, *obs]` before the action.
            action: `[L, E]` integers below the number of actions.
            reward: `[L, E]` any float or integer; kept as float32.
            next_obs: `[L, E, *obs]` the true successor, also where the episode ended.
            terminated: `[L, E]` bool; ends the bootstrap.
            truncated: `[L, E]` bool; does not: a time limit is no property of the state.
            valid: `[L, E]` bool, None for all; False leaves a row out (NEXT_STEP reset rows).

        Raises:
            DataError: a shape, dtype, action or non-finite number that does not fit. Nothing of
                the call is stored.
        """
        columns = {"obs": obs, "action": action, "reward": reward, "next_obs": next_obs}
        ends = {"terminated": terminated, "truncated": truncated, "valid": valid}
        room = self.layout, self.lanes, self.gamma
        packed, ended, kept = pack(*room, columns, ends, self._ring.head)
        if self._n_step.steps > 1:
            packed, kept = self._n_step.fold(packed, ended, kept)
        before = None if self._forgetful else self._ring.head.copy()
        self._ring.append(packed, kept)
        if before is not None:
            self.sampler.added(self._ring, before)

    def sample(self, size: Sizes, counter: Sizes | None = None) -> Batch:
        """Draws rows as the sampler does: uniformly with replacement, if nothing else was said.

        Args:
            size: rows B; with lanes also one B a lane, padded to the widest. 0 is an idle lane.
            counter: which draw this is, an int or one a lane; None takes the buffer's own, which
                then moves on. The same counter over the same rows draws the same batch, but
                without replacement.

        Returns:
            Batch of tensors `[B, ...]`, or `[L, B, ...]` with lanes, on `device`.

        Raises:
            ConfigError: B negative, or 0 in every lane.
            EmptyBufferError: a lane that must give rows holds none.
        """
        sizes = self._wanted.sizes(size)
        counters = self._draws if counter is None else self._wanted.numbers(counter, "counter")
        drawn = self.sampler.draw(self._ring, self._seeds, counters, sizes)
        if counter is None:
            np.add(self._draws, 1, out=self._draws)  # half the cost of +=
        return self._batches.batch(self._ring, drawn, sizes)

    def peek(self, size: int, counter: Sizes) -> Batch:
        """As `sample`, uniformly whatever the sampler, for measuring and not for learning."""
        sizes, counters = self._wanted.sizes(size), self._wanted.numbers(counter, "counter")
        drawn = Uniform().draw(self._ring, self._seeds, counters, sizes)
        return self._batches.batch(self._ring, drawn, sizes)

    def whole(self) -> Batch:
        """Every stored row exactly once, oldest first, as one batch."""
        if not self._ring.fill.any():
            raise EmptyBufferError("replay", "at least 1 stored row", 0, "Add transitions first.")
        return self._batches.batch(self._ring, Drawn(self._ring.newest()), self._ring.fill.copy())

    def newest(self, size: int) -> Batch:
        """The rows stored last, up to `size` a lane, oldest first and padding at the end."""
        require(size >= 1, "replay.newest", "at least 1 row", size)
        head, sizes = self._ring.head[:, None], np.minimum(self._ring.fill, size)
        if not sizes.any():
            raise EmptyBufferError("replay", "at least 1 stored row", 0, "Add transitions first.")
        place = np.arange(sizes.max())
        numbers = np.where(place < sizes[:, None], head - sizes[:, None] + place, -1)
        return self._batches.batch(self._ring, Drawn(numbers), sizes)

    @property
    def wants_td_error(self) -> bool:
        """Has the sampler a use for `update_priorities`?"""
        return not self._forgetful

    def update_priorities(self, row: Tensor, td_error: Tensor) -> None:
        """Tells the sampler how surprising rows were; those overwritten since are ignored.

        Args:
            row: of a batch, `[B]` or `[L, B]`; -1 is padding.
            td_error: of the same shape, of any sign.

        Raises:
            DataError: a TD error that is not finite; nothing is changed.
        """
        if self._forgetful:
            return
        numbers, errors = (
            x.numpy(force=True).reshape(len(self._seeds), -1) for x in (row, td_error)
        )
        self.sampler.update(self._ring, numbers, errors.astype(np.float64))

    def __len__(self) -> int:
        """Rows held: of the only lane, or of the fullest."""
        return int(self._ring.fill.max())

    def stored(self) -> Rows:
        """Rows held, one count a lane, `[L]` int64."""
        return self._ring.fill.copy()

    @property
    def nbytes(self) -> int:
        """Bytes of storage."""
        return self._ring.nbytes

    def __repr__(self) -> str:
        fields = ", ".join(f"{f.name} {f.dtype}{list(f.shape)}" for f in self.layout.fields)
        return (
            f"ReplayBuffer({len(self)} of {self.capacity} rows, lanes={self.lanes}, "
            f"{self.layout.words * 8} bytes a row, {self.nbytes / 1e6:.1f} MB: {fields})"
        )

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes, as tensors: written rows, counters, sampler, open windows."""
        return state_of(self._ring, self._draws, self.sampler, self._n_step)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Takes a `state_dict` of a buffer of the same capacity, lanes, spaces and settings.

        Raises:
            DataError: what does not fit, see `rlbatch.replay.saved.restore`.
        """
        restore(state, self._ring, self._draws, self.sampler, self._n_step)

    def save(self, path: str | Path) -> None:
        """Writes the buffer to one checksummed file, whole or not at all; no pickle."""
        meta = {
            "capacity": self.capacity,
            "lanes": self.lanes,
            "gamma": self.gamma,
            "n_step": self._n_step.steps,
            "sampler": sampler_to_json(self._settings),
            "seeds": self._seeds.tolist(),
            "obs_space": space_to_json(self.obs_space),
            "action_space": space_to_json(self.action_space),
        }
        files.save_tensors(Path(path), self.state_dict(), meta)

    @classmethod
    def load(
        cls,
        path: str | Path,
        device: str | torch.device = "cpu",
        sampler: SamplerSettings | None = None,
    ) -> ReplayBuffer:
        """Reads what `save` wrote; its next draws are those the saved buffer would have made.

        Args:
            path: the file.
            device: where batches arrive.
            sampler: the settings saved with; None: those in the file.

        Raises:
            FileError: missing, truncated, altered, or not a replay buffer.
        """
        state, meta = files.load_tensors(Path(path))
        buffer = cls(device=device, **arguments(meta, str(path), sampler))
        buffer.load_state_dict(state)
        return buffer
