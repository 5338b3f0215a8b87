"""The replay buffer: remember transitions, sample minibatches of any size on any call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rlbatch import files
from rlbatch.contract import Space
from rlbatch.replay.assembly import assembled, copied
from rlbatch.replay.description import Description, seeds_of
from rlbatch.replay.kept import told_in
from rlbatch.replay.looks import everything, newest
from rlbatch.replay.placement import Storage
from rlbatch.replay.sampling.sampler import SamplerSettings
from rlbatch.replay.sampling.start import Drawer
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.sizes import Sizes
from rlbatch.replay.storage.ring import Rows
from rlbatch.replay.telling import Told
from rlbatch.types import Batch


class ReplayBuffer:
    """A ring of transitions, for one learner or for L side by side.

    Args:
        capacity: rows a lane.
        obs_space: of one environment: Box, Discrete, MultiBinary, MultiDiscrete, or a Dict or
            Tuple of them; observations are then dicts or tuples of columns.
        action_space: Discrete space of one environment.
        lanes: None for one buffer without a lane axis; L for L independent ones.
        device: where batches arrive.
        seed: an int (lane k draws with seed + k), or one seed a lane.
        gamma: discount γ; a row stores γᵏ · (1 − terminated) for a window of k transitions.
        n_step: transitions folded into a row, less at an episode's end.
        sampler: settings of how rows are drawn; None: uniformly, with replacement.
        frame_stack: k where an observation is k frames on its first axis, to store each once.
        validation: every k-th episode is held out from all samplers.
        accounting: whether `accounts` counts what is drawn.
        storage: where rows lie: "memory", "device", or "auto", see `placement.place_for`.
        path: a folder for rows on disk, which holds the last `flush` whatever happens; `add` makes
            one whenever 1/16 of the capacity, or about 1000 rows if that is more, are new.

    Raises:
        ConfigError: capacity or lanes below 1 or beyond what there is room for, gamma outside
            [0, 1], spaces that do not fit, a `path` of a buffer that was made otherwise.
        FileError: a `path` that is open elsewhere, or not whole.
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
        accounting: bool = False,
        storage: Storage = "auto",
        path: str | Path | None = None,
    ) -> None:
        self.described = Description(
            capacity=capacity,
            obs_space=obs_space,
            action_space=action_space,
            lanes=lanes,
            seeds=seeds_of(seed, lanes),
            gamma=gamma,
            n_step=n_step,
            sampler=sampler or Uniform(),
            frame_stack=frame_stack,
            validation=validation,
            accounting=accounting,
        )
        self.capacity, self.lanes, self.gamma = capacity, lanes, gamma
        self.obs_space, self.action_space = obs_space, action_space
        self.device = torch.device(device)
        self._parts = assembled(self.described, self.device, storage, path)
        self._memory, self._drawing, kept = self._parts
        self.path = kept and kept.folder  # None: no folder
        self.layout = self._memory.layout
        self.accounts = self._drawing.accounts  # what was drawn; None without `accounting`
        self.wants_td_error = not self._drawing.forgetful  # is `update_priorities` of use?

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
            FileError: as much, where a flush to `path` is due and there is no room for it.
        """
        self._parts.add((obs, action, reward, next_obs, terminated, truncated), valid)

    def sample(self, size: Sizes, counter: Sizes | None = None, *, reuse: bool = False) -> Batch:
        """Draws rows as the sampler does: uniformly with replacement, if nothing else was said.

        Args:
            size: rows B; with lanes also one B a lane, padded to the widest. 0 is an idle lane.
            counter: which draw this is, an int or one a lane; None takes the buffer's own, which
                then moves on. The same counter over the same rows draws the same batch, but
                without replacement.
            reuse: for loops that are done with a batch before they want the next: the tensors may
                be those that the last such call of the same width gave, overwritten. So it is
                where rows lie in memory, unless they are frames.

        Returns:
            Batch of tensors `[B, ...]`, or `[L, B, ...]` with lanes, on `device`.

        Raises:
            ConfigError: B negative, or 0 in every lane.
            EmptyBufferError: a lane that must give rows holds none.
        """
        return self._drawing.sample(size, counter, reuse)

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
        """As `peek`, of episodes held out; padding in a lane without any, an error if all are."""
        return self._drawing.held_out(size, counter)

    def surrogate(self, td_error: Callable[[Batch], Tensor]) -> None:
        """Tells a sampler whom to ask for TD errors `[B]`, or `[L, B]`, of a batch (LaBER)."""
        self._drawing.ask(td_error)

    @property
    def sampler(self) -> Drawer:
        """What draws the rows."""
        return self._drawing.sampler

    def update_priorities(self, row: Told, td_error: Told) -> None:
        """Tells the sampler how surprising rows were; those overwritten since are ignored.

        Args:
            row: of a batch drawn with `sample`, `[B]` or `[L, B]`; -1 is padding.
            td_error: the same shape, any sign.

        Raises:
            DataError: what does not fit, is not finite, or of a row never stored; nothing is
                changed. (Rows on a device: the last two are counted in `sampler.unsound`.)
        """
        self._drawing.tell(row, td_error)

    def __len__(self) -> int:
        """Rows held: of the only lane, or of the fullest."""
        return int(self._memory.ring.fill.max())

    def stored(self, *, held_out: bool = False) -> Rows:
        """Rows held, or held out of draws, one count a lane, `[L]` int64."""
        return (self._memory.apart() if held_out else self._memory.ring).fill.copy()

    @property
    def nbytes(self) -> int:
        """Bytes of storage: in memory, or with `path` on disk, with the slots to spare."""
        return self._memory.nbytes

    def __repr__(self) -> str:
        place = f" in {self.path}" if self.path else ""
        held = f"{len(self)} of {self.capacity} rows, lanes={self.lanes}"
        return f"ReplayBuffer({held}, {self.nbytes / 1e6:.1f} MB{place}, {self.described.row()})"

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes, as tensors: written rows, counters, sampler, open windows."""
        return {name: tensor.clone() for name, tensor in self._parts.state().items()}

    def flush(self) -> None:
        """Makes the folder `path` hold the buffer as it is now, or raises and leaves it as is."""
        self._parts.flush()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Takes a `state_dict` of a buffer of the same settings; without accounts these start anew.

        Raises:
            DataError: what does not fit; nothing is changed.
        """
        self._parts.load(state)

    def save(self, path: str | Path) -> None:
        """Writes the buffer to one checksummed file, whole or not at all; no pickle."""
        files.save_tensors(Path(path), self._parts.state(), self.described.to_json())

    def __reduce__(self) -> Any:
        """A copy, or a pickle, is made anew from the settings and the state."""
        return copied, (type(self), *self._parts.copied(self.device))

    @classmethod
    def load(
        cls,
        path: str | Path,
        device: str | torch.device = "cpu",
        sampler: SamplerSettings | None = None,
        storage: Storage = "auto",
    ) -> ReplayBuffer:
        """Reads what `save` wrote, or opens a folder; the next draws are those it would have made.

        Args:
            path: the file, or a folder that holds a flush.
            device: where batches arrive.
            sampler: the settings saved with; None: those in the file.
            storage: where rows lie, whatever it was when they were saved.

        Raises:
            FileError: missing, truncated, altered, or not a replay buffer.
        """
        told, state = told_in(Path(path), sampler)
        buffer = cls(device=device, storage=storage, **told)
        if state is not None:
            buffer.load_state_dict(state)
        return buffer
