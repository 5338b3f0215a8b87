"""Settings of the replay buffer."""

from __future__ import annotations

from dataclasses import dataclass, field

from rlbatch.errors import require
from rlbatch.replay.sampling.kinds import AnySampler
from rlbatch.replay.sampling.uniform import Uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the config's `replay:` block says."""

    capacity: int = 10_000  # rows a lane
    gamma: float = 0.99  # discount, the only γ
    n_step: int = 1  # transitions folded into a row
    sampler: AnySampler = field(default_factory=Uniform)
    frame_stack: int | None = None  # frames an observation, to store each once
    validation: int | None = None  # every k-th episode is held out

    def __post_init__(self) -> None:
        require(self.capacity >= 1, "replay.capacity", "at least 1 row", self.capacity)
        require(self.n_step >= 1, "replay.n_step", "at least 1 step", self.n_step)
        require(0.0 <= self.gamma <= 1.0, "replay.gamma", "a number in [0, 1]", self.gamma)
        stack, every = self.frame_stack, self.validation
        at_least = "None or at least 1 frame"
        require(stack is None or stack >= 1, "replay.frame_stack", at_least, stack)
        require(every is None or every >= 2, "replay.validation", "None or at least 2", every)
