"""Remember transitions and sample minibatches of any size."""

from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.exchange.ending import end_episodes
from rlbatch.replay.exchange.episode import Episode
from rlbatch.replay.exchange.incoming import import_episodes
from rlbatch.replay.exchange.outgoing import export_episodes
from rlbatch.replay.hand_over import Ahead
from rlbatch.replay.sampling.laber import Laber
from rlbatch.replay.sampling.prioritised import Prioritised
from rlbatch.replay.sampling.recent import Recent
from rlbatch.replay.sampling.sampler import Drawn, Forgetful, Sampler, SamplerSettings
from rlbatch.replay.sampling.sequential import Sequential
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.sampling.without_replacement import WithoutReplacement
from rlbatch.replay.settings import Replay

__all__ = [
    "Ahead",
    "Drawn",
    "Episode",
    "Forgetful",
    "Laber",
    "Prioritised",
    "Recent",
    "Replay",
    "ReplayBuffer",
    "Sampler",
    "SamplerSettings",
    "Sequential",
    "Uniform",
    "WithoutReplacement",
    "end_episodes",
    "export_episodes",
    "import_episodes",
]
