"""Remember transitions and sample minibatches of any size."""

from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.prioritised import Prioritised
from rlbatch.replay.recent import Recent
from rlbatch.replay.sampler import Drawn, Forgetful, Sampler, SamplerSettings
from rlbatch.replay.sequential import Sequential
from rlbatch.replay.settings import Replay
from rlbatch.replay.uniform import Uniform
from rlbatch.replay.without_replacement import WithoutReplacement

__all__ = [
    "Drawn",
    "Forgetful",
    "Prioritised",
    "Recent",
    "Replay",
    "ReplayBuffer",
    "Sampler",
    "SamplerSettings",
    "Sequential",
    "Uniform",
    "WithoutReplacement",
]
