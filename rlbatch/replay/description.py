"""All that a buffer was made with, but for where it lives; also as JSON, for its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlbatch.contract import Space
from rlbatch.errors import FileError, require
from rlbatch.replay.rows.spaces import space_from_json, space_to_json
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
