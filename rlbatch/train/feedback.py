"""What a lane's learner has shown since its last decision: the meters that controllers read.

loss, td_error, grad_norm   means over the updates since then
td_square       mean δ², likewise
divergence      1 − (1 − D)^(1/k): D the share of probe states whose greedy action is another
                one than at the last decision, k updates ago; per update, so that it does not
                hang on how often decisions are made
return          mean over the training episodes that ended since then
noise_scale     and its kin, as the learner's meter has them
throughput_<B>  rows/s of gradients of B rows on this machine, measured once
"""

from __future__ import annotations

from collections import ChainMap

import numpy as np
import numpy.typing as npt
import torch

from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.probe import Probe
from rlbatch.train.throughput import throughput

Mask = npt.NDArray[np.bool_]  # [L]


class Feedback:
    """Reads for the lanes that are about to decide; each lane has its own since-then.

    Args:
        learner: whose feedback it is.
        buffer: what it learns from.
        episodes: of training.
        probe: where divergence is seen.
        rungs: batch sizes to time; none: no throughput is wanted.
    """

    def __init__(
        self,
        learner: Learner,
        buffer: ReplayBuffer,
        episodes: TrainingEpisodes,
        probe: Probe,
        rungs: tuple[int, ...] = (),
    ) -> None:
        self._learner, self._buffer, self._probe, self._rungs = learner, buffer, probe, rungs
        self._watched, self._episodes = learner.watch(), episodes.reader()
        self._greedy: torch.Tensor | None = None  # [L, N] at each lane's last decision
        self._seen = np.zeros(learner.lanes, np.int64)  # updates made by then
        self.throughput: dict[str, float] = {}  # rows/s by meter's name, once measured

    def read(self, lanes: Mask) -> list[dict[str, float]]:
        """One dict for each of the lanes, {} for the others."""
        if self._rungs and not self.throughput and bool((self._buffer.stored() > 0).all()):
            self.throughput = throughput(self._learner, self._buffer, self._rungs)
        parts = [self._watched.read(lanes), self._episodes.read(lanes), self._drifted(lanes)]
        if self._learner.noise is not None:
            parts.append(self._learner.noise.read())
        told = [dict(ChainMap(*own, self.throughput)) for own in zip(*parts, strict=True)]
        return [own if mine else {} for own, mine in zip(told, lanes.tolist(), strict=True)]

    def _drifted(self, lanes: Mask) -> list[dict[str, float]]:
        told: list[dict[str, float]] = [{} for _ in lanes]
        if not self._probe.ready:
            return told
        now, updates = self._probe.greedy(), self._learner.updates.copy()
        if self._greedy is None:
            self._greedy, self._seen = now, updates
            return told
        changed = (now != self._greedy).double().mean(1).numpy(force=True)
        passed = updates - self._seen
        for lane in np.flatnonzero(lanes & (passed > 0)).tolist():
            told[lane]["divergence"] = float(1.0 - (1.0 - changed[lane]) ** (1.0 / passed[lane]))
        mine = torch.from_numpy(lanes).to(now.device)[:, None]
        self._greedy = torch.where(mine, now, self._greedy)
        self._seen = np.where(lanes, updates, self._seen)
        return told
