"""The replay buffer: remember transitions, sample minibatches of any size on any call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch import files
from rlbatch.contract import Space
from rlbatch.errors import DataError, EmptyBufferError, FileError, require
from rlbatch.replay.batches import Batches
from rlbatch.replay.door import pack
from rlbatch.replay.ring import Ring, Rows
from rlbatch.replay.rows import Layout
from rlbatch.replay.spaces import space_from_json, space_to_json
from rlbatch.replay.uniform import Uniform
from rlbatch.types import Batch

Sizes = int | Sequence[int] | npt.NDArray[Any]


class ReplayBuffer:
    """A ring of transitions, for one learner or for L side by side.

    Args:
        capacity: rows a lane.
        obs_space: Box or Discrete space of one environment.
        action_space: Discrete space of one environment.
        lanes: None for one buffer without a lane axis; L for L independent ones.
        device: where batches arrive. Rows live in memory.
        seed: an int (lane k draws with seed + k), or one seed a lane.
        gamma: discount γ; a row stores γ · (1 − terminated).

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
    ) -> None:
        require(capacity >= 1, "replay.capacity", "at least 1 row", capacity)
        require(lanes is None or lanes >= 1, "replay.lanes", "None or at least 1", lanes)
        require(0.0 <= gamma <= 1.0, "replay.gamma", "a number in [0, 1]", gamma)
        self.obs_space, self.action_space = obs_space, action_space
        self.capacity, self.lanes, self.gamma = capacity, lanes, gamma
        self.device = torch.device(device)
        self.layout = Layout.of(obs_space, action_space)
        self.sampler = Uniform()
        num = lanes or 1
        self._seeds = np.asarray(seed, np.int64) + (np.arange(num) if np.ndim(seed) == 0 else 0)
        require(self._seeds.shape == (num,), "replay.seed", f"one or {num} seeds", seed)
        self._ring = Ring(num, capacity, self.layout.words)
        self._draws = np.zeros(num, np.int64)  # the buffer's own counter
        self._even = 0, self._draws  # the last B that was one for all lanes, and that B a lane
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
        """Stores one transition per environment: arrays or tensors `[E, ...]`, or `[L, E, ...]`.

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
        packed, kept = pack(self.layout, self.lanes, self.gamma, columns, ends, self._ring.head)
        self._ring.append(packed, kept)

    def sample(self, size: Sizes, counter: Sizes | None = None) -> Batch:
        """Draws rows uniformly with replacement.

        Args:
            size: rows B; with lanes also one B a lane, padded to the widest. 0 is an idle lane.
            counter: which draw this is, an int or one a lane; None takes the buffer's own, which
                then moves on. The same counter over the same rows draws the same batch.

        Returns:
            Batch of tensors `[B, ...]`, or `[L, B, ...]` with lanes, on `device`.

        Raises:
            ConfigError: B negative, or 0 in every lane.
            EmptyBufferError: a lane that must give rows holds none.
        """
        sizes = self._sizes(size)
        counters = self._draws if counter is None else self._per_lane(counter, "counter")
        numbers = self.sampler.draw(self._ring, self._seeds, counters, sizes)
        if counter is None:
            np.add(self._draws, 1, out=self._draws)  # half the cost of +=
        return self._batches.batch(self._ring, numbers, sizes)

    def peek(self, size: int, counter: Sizes) -> Batch:
        """As `sample`, uniformly whatever the sampler, for measuring and not for learning."""
        sizes, counters = self._sizes(size), self._per_lane(counter, "counter")
        numbers = Uniform().draw(self._ring, self._seeds, counters, sizes)
        return self._batches.batch(self._ring, numbers, sizes)

    def whole(self) -> Batch:
        """Every stored row exactly once, oldest first, as one batch."""
        if not self._ring.fill.any():
            raise EmptyBufferError("replay", "at least 1 stored row", 0, "Add transitions first.")
        return self._batches.batch(self._ring, self._ring.newest(), self._ring.fill.copy())

    def newest(self, size: int) -> Batch:
        """The rows stored last, up to `size` a lane, oldest first and padding at the end."""
        require(size >= 1, "replay.newest", "at least 1 row", size)
        head, sizes = self._ring.head[:, None], np.minimum(self._ring.fill, size)
        if not sizes.any():
            raise EmptyBufferError("replay", "at least 1 stored row", 0, "Add transitions first.")
        place = np.arange(sizes.max())
        numbers = np.where(place < sizes[:, None], head - sizes[:, None] + place, -1)
        return self._batches.batch(self._ring, numbers, sizes)

    def update_priorities(self, row: Tensor, td_error: Tensor) -> None:
        """Tells the sampler how surprising rows were; the uniform sampler has no use for it."""

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
        """All that changes, as tensors: written rows, heads, fills, the own draw counter."""
        written = int(self._ring.fill.max())
        arrays = {
            "rows": self._ring.rows[:, :written],
            "head": self._ring.head,
            "fill": self._ring.fill,
            "draws": self._draws,
        }
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Takes a `state_dict` of a buffer of the same capacity, lanes and spaces.

        Raises:
            DataError: rows that do not fit; nothing is changed.
        """
        lanes, capacity, words = self._ring.rows.shape
        rows, head, fill, draws = (
            state[name].numpy(force=True) for name in ("rows", "head", "fill", "draws")
        )
        for name, counts in (("head", head), ("fill", fill), ("draws", draws)):
            if counts.shape != (lanes,):
                raise DataError(f"replay.{name}", f"[{lanes}] counts", counts.shape)
        if not np.array_equal(fill, np.minimum(head, capacity)):
            raise DataError("replay.fill", f"min(head, {capacity})", fill.tolist())
        if rows.shape != (lanes, int(fill.max()), words):
            raise DataError("replay.rows", f"[{lanes}, {fill.max()}, {words}] words", rows.shape)
        self._ring.rows[:, : rows.shape[1]] = rows
        self._ring.head[:], self._ring.fill[:], self._draws[:] = head, fill, draws

    def save(self, path: str | Path) -> None:
        """Writes the buffer to one checksummed file, whole or not at all; no pickle."""
        meta = {
            "capacity": self.capacity,
            "lanes": self.lanes,
            "gamma": self.gamma,
            "seeds": self._seeds.tolist(),
            "obs_space": space_to_json(self.obs_space),
            "action_space": space_to_json(self.action_space),
        }
        files.save_tensors(Path(path), self.state_dict(), meta)

    @classmethod
    def load(cls, path: str | Path, device: str | torch.device = "cpu") -> ReplayBuffer:
        """Reads what `save` wrote; its next draws are those the saved buffer would have made.

        Raises:
            FileError: missing, truncated, altered, or not a replay buffer.
        """
        state, meta = files.load_tensors(Path(path))
        if "obs_space" not in meta or "draws" not in state:
            raise FileError(str(path), "a replay buffer", "another tensor file")
        buffer = cls(
            meta["capacity"],
            space_from_json(meta["obs_space"]),
            space_from_json(meta["action_space"]),
            meta["lanes"],
            device,
            meta["seeds"],
            gamma=meta["gamma"],
        )
        buffer.load_state_dict(state)
        return buffer

    def _per_lane(self, numbers: Sizes, name: str) -> Rows:
        array = np.asarray(numbers)
        lanes = len(self._seeds)
        fits = array.dtype.kind in "iu" and array.shape in ((), (lanes,))
        require(fits, f"replay.sample.{name}", f"an int or {lanes} of them", numbers)
        return np.broadcast_to(array, (lanes,)).astype(np.int64)

    def _sizes(self, size: Sizes) -> Rows:
        if type(size) is int and size > 0:
            if size != self._even[0]:
                self._even = size, np.full(len(self._seeds), size, np.int64)
            return self._even[1]
        sizes = self._per_lane(size, "size")
        require(bool(sizes.min() >= 0 < sizes.max()), "replay.sample", "at least 1 row", size)
        return sizes
