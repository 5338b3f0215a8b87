"""All that a buffer was made with, but for where it lives; also as JSON, for its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbatch.contract import Space
from rlbatch.errors import FileError, require
from rlbatch.replay.rows.layout import SIDES, WORD, Field, Layout
from rlbatch.replay.rows.spaces import space_from_json, space_to_json
from rlbatch.replay.rows.tree import leaves
from rlbatch.replay.sampling.kinds import sampler_from_json, sampler_to_json
from rlbatch.replay.sampling.sampler import SamplerSettings

SCHEMA = 2  # of what a file holds; 2: a row tells its episode


@dataclass(frozen=True, kw_only=True)
class Description:
    """Two buffers of one description and one history draw the same batches."""

    capacity: int  # rows a lane
    obs_space: Space  # of one environment
    action_space: Space  # of one environment
    lanes: int | None  # None: no lane axis
    seeds: tuple[int, ...]  # [L]
    gamma: float  # discount γ
    n_step: int  # transitions folded into a row
    sampler: SamplerSettings
    frame_stack: int | None  # frames an observation, where each is stored once
    validation: int | None  # every k-th episode is held out
    accounting: bool = False  # are draws counted

    def __post_init__(self) -> None:
        require(self.capacity >= 1, "replay.capacity", "at least 1 row", self.capacity)
        require(
            self.lanes is None or self.lanes >= 1, "replay.lanes", "None or at least 1", self.lanes
        )
        require(0.0 <= self.gamma <= 1.0, "replay.gamma", "a number in [0, 1]", self.gamma)
        held_out = self.validation is None or self.validation >= 2
        require(held_out, "replay.validation", "None or at least 2", self.validation)
        self._check_stack()

    def _check_stack(self) -> None:
        stack, shape = self.frame_stack, self.obs_space.shape
        if stack is None:
            return
        require(stack >= 1, "replay.frame_stack", "None or at least 1 frame", stack)
        fits = shape is not None and len(shape) >= 2 and shape[0] == stack
        wanted = f"a Box of {stack} frames, [{stack}, ...]"
        require(fits, "replay.obs_space", wanted, self.obs_space, "Frames lie on the first axis.")

    @property
    def stack(self) -> Field | None:
        """An observation of frames, where each frame is stored once."""
        if self.frame_stack is None:
            return None
        (leaf,) = leaves(self.obs_space)
        return Field("obs", leaf.dtype, leaf.shape, 0)

    @property
    def row_bytes(self) -> int:
        """About what a row of capacity takes in all lanes, with its frame and what is held out."""
        own = Layout.of(self.obs_space, self.action_space, self.frame_stack).words * WORD
        if (stack := self.stack) is not None:
            own += stack.nbytes // stack.shape[0]
        held_out = 0 if self.validation is None else own // self.validation
        return (own + held_out) * self.num_lanes

    def row(self) -> str:
        """What a row takes and holds, in words."""
        layout = Layout.of(self.obs_space, self.action_space, self.frame_stack)
        fields, frame = {field.name: str(field) for field in layout.fields}, ""
        if (stack := self.stack) is not None:
            fields |= {side: f"{stack.named(side)} as frames" for side in SIDES}
            frame = f" and {stack.nbytes // stack.shape[0]} a frame"
        return f"{layout.words * WORD} bytes a row{frame}: {', '.join(fields.values())}"

    @property
    def num_lanes(self) -> int:
        """L, 1 without a lane axis."""
        return self.lanes or 1

    def to_json(self) -> dict[str, Any]:
        """Plain data; the sampler is None where only the caller knows it."""
        return {
            "schema": SCHEMA,
            "capacity": self.capacity,
            "obs_space": space_to_json(self.obs_space),
            "action_space": space_to_json(self.action_space),
            "lanes": self.lanes,
            "seeds": list(self.seeds),
            "gamma": self.gamma,
            "n_step": self.n_step,
            "sampler": sampler_to_json(self.sampler),
            "frame_stack": self.frame_stack,
            "validation": self.validation,
            "accounting": self.accounting,
        }

    @classmethod
    def from_json(
        cls, told: Mapping[str, Any], path: str, sampler: SamplerSettings | None
    ) -> Description:
        """What `to_json` told.

        Args:
            told: the plain data.
            path: the file it was in, to name it in an error.
            sampler: the settings saved with; None: those told.

        Raises:
            FileError: of no buffer, of another schema, or with a sampler that only the caller
                knows, and did not give.
        """
        if "obs_space" not in told:
            raise FileError(path, "a replay buffer", "another tensor file")
        if told.get("schema") != SCHEMA:
            advice = "Load it with the version of rlbatch that wrote it."
            raise FileError(path, f"schema {SCHEMA} of a buffer", told.get("schema", 1), advice)
        return cls(
            **{name: own for name, own in told.items() if name != "schema"}
            | {
                "obs_space": space_from_json(told["obs_space"]),
                "action_space": space_from_json(told["action_space"]),
                "seeds": tuple(told["seeds"]),
                "sampler": sampler or sampler_from_json(told["sampler"], path),
            }
        )


def seeds_of(seed: int | Sequence[int], lanes: int | None) -> tuple[int, ...]:
    """One seed a lane: seed + k for lane k, or those given."""
    num = lanes if lanes is not None and lanes >= 1 else 1
    seeds = np.asarray(seed, np.int64) + (np.arange(num) if np.ndim(seed) == 0 else 0)
    require(seeds.shape == (num,), "replay.seed", f"one or {num} seeds", seed)
    return tuple(seeds.tolist())
