"""Remember transitions and sample minibatches of any size."""

from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.settings import Replay
from rlbatch.replay.uniform import Uniform

__all__ = ["Replay", "ReplayBuffer", "Uniform"]
