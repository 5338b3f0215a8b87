"""The replay buffer: remember transitions, sample minibatches of any size on any call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rlbatch import files
from rlbatch.contract import Space
from rlbatch.errors import require
from rlbatch.replay.description import Description
from rlbatch.replay.drawing import Drawing
from rlbatch.replay.looks import everything, newest
from rlbatch.replay.memory import Memory
from rlbatch.replay.sampling.sampler import Sampler, SamplerSettings
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.saved import restore, state_of
from rlbatch.replay.sizes import Sizes
from rlbatch.replay.storage.place import InMemory
from rlbatch.replay.storage.ring import Rows
from rlbatch.types import Batch


class ReplayBuffer:
    """A ring of transitions, for one learner or for L side by side.

    Args:
        capacity: rows a lane.
        obs_space: of one environment: Box, Discrete, MultiBinary, MultiDiscrete, or a Dict or
            Tuple of them, for which `obs` and `next_obs` are dicts or tuples of columns.
        action_space: Discrete space of one environment.
        lanes: None for one buffer without a lane axis; L for L independent ones.
        device: where batches arrive. Rows live in memory.
        seed: an int (lane k draws with seed + k), or one seed a lane.
        gamma: discount γ; a row stores γᵏ · (1 − terminated) for a window of k transitions.
        n_step: transitions folded into a row, less at an episode's end.
        sampler: settings of how rows are drawn; None: uniformly, with replacement.
        frame_stack: k where an observation is k frames on its first axis, of which each is stored
            once; None: observations are stored as they come.
        validation: every k-th episode is held out from all samplers; None: none is.

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
        frame_stack: int | None = None,
        validation: int | None = None,
    ) -> None:
        num = lanes if lanes is not None and lanes >= 1 else 1
        seeds = np.asarray(seed, np.int64) + (np.arange(num) if np.ndim(seed) == 0 else 0)
        require(seeds.shape == (num,), "replay.seed", f"one or {num} seeds", seed)
        self.described = Description(
            capacity=capacity,
            obs_space=obs_space,
            action_space=action_space,
            lanes=lanes,
            seeds=tuple(seeds.tolist()),
            gamma=gamma,
            n_step=n_step,
            sampler=Uniform() if sampler is None else sampler,
            frame_stack=frame_stack,
            validation=validation,
        )
        self.capacity, self.lanes, self.gamma = capacity, lanes, gamma
        self.obs_space, self.action_space = obs_space, action_space
        self.device = torch.device(device)
        self._memory = Memory(self.described, InMemory())
        self.layout = self._memory.layout
        self._drawing = Drawing(self._memory, self.device)

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
        if self._drawing.forgetful:
            self._memory.add(columns, ends)
            return
        before = self._memory.ring.head.copy()
        self._memory.add(columns, ends)
        self.sampler.added(self._memory.ring, before)

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
        return self._drawing.sample(size, counter)

    def peek(self, size: Sizes, counter: Sizes) -> Batch:
        """As `sample`, uniformly whatever the sampler, for measuring and not for learning."""
        return self._drawing.peek(size, counter)

    def whole(self) -> Batch:
        """Every stored row exactly once, oldest first, as one batch."""
        return self._drawing.look(everything(self._memory.ring))

    def newest(self, size: int) -> Batch:
        """The rows stored last, up to `size` a lane, oldest first and padding at the end."""
        return self._drawing.look(newest(self._memory.ring, size))

    def held_out(self, size: int, counter: Sizes) -> Batch:
        """Rows of episodes held out, uniformly and with replacement; for measuring.

        Args:
            size: rows of each lane that holds any; the others give padding.
            counter: which draw this is, an int or one a lane.

        Raises:
            ConfigError: a buffer without `validation`.
            EmptyBufferError: no lane holds any.
        """
        return self._drawing.held_out(size, counter)

    def held_out_stored(self) -> Rows:
        """Rows held out, one count a lane, `[L]` int64."""
        return self._memory.apart().fill.copy()

    @property
    def wants_td_error(self) -> bool:
        """Has the sampler a use for `update_priorities`?"""
        return not self._drawing.forgetful

    def surrogate(self, td_error: Callable[[Batch], Tensor]) -> None:
        """Whom a sampler asks that draws by what the learner says of a larger batch (LaBER).

        Args:
            td_error: TD errors `[B]`, or `[L, B]`, of a batch; of any sign, padding arbitrary.
        """
        self._drawing.ask(td_error)

    @property
    def sampler(self) -> Sampler:
        """What draws the rows."""
        return self._drawing.sampler

    def update_priorities(self, row: Tensor, td_error: Tensor) -> None:
        """Tells the sampler how surprising rows were; those overwritten since are ignored.

        Args:
            row: of a batch, `[B]` or `[L, B]`; -1 is padding.
            td_error: of the same shape, of any sign.

        Raises:
            DataError: a TD error that is not finite; nothing is changed.
        """
        self._drawing.tell(row, td_error)

    def __len__(self) -> int:
        """Rows held: of the only lane, or of the fullest."""
        return int(self._memory.ring.fill.max())

    def stored(self) -> Rows:
        """Rows held, one count a lane, `[L]` int64."""
        return self._memory.ring.fill.copy()

    @property
    def nbytes(self) -> int:
        """Bytes of storage."""
        return self._memory.nbytes

    def __repr__(self) -> str:
        fields = ", ".join(f"{f.name} {f.dtype}{list(f.shape)}" for f in self.layout.fields)
        told = self.described
        return (
            f"ReplayBuffer({len(self)} of {told.capacity} rows, lanes={told.lanes}, "
            f"{self.layout.words * 8} bytes a row, {self.nbytes / 1e6:.1f} MB: {fields})"
        )

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes, as tensors: written rows, counters, sampler, open windows."""
        state = state_of(self._memory, self._drawing.draws, self.sampler)
        return {name: tensor.clone() for name, tensor in state.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Takes a `state_dict` of a buffer of the same capacity, lanes, spaces and settings.

        Raises:
            DataError: what does not fit, see `rlbatch.replay.saved.restore`; nothing is changed.
        """
        self._drawing.use(restore(state, self._memory, self._drawing.draws))

    def save(self, path: str | Path) -> None:
        """Writes the buffer to one checksummed file, whole or not at all; no pickle."""
        state = state_of(self._memory, self._drawing.draws, self.sampler)
        files.save_tensors(Path(path), state, self.described.to_json())

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
        told = dict(vars(Description.from_json(meta, str(path), sampler)))
        buffer = cls(device=device, seed=told.pop("seeds"), **told)
        buffer.load_state_dict(state)
        return buffer
