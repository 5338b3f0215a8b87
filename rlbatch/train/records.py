"""What the moments of a run become: a Record a lane, of training, evaluations and events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rlbatch.contract import Memory
from rlbatch.schedule import Detector
from rlbatch.train.decide import Decider
from rlbatch.train.lanes import Kind, Lanes
from rlbatch.types import Record

Moment = Sequence[Record]  # the records of one moment, all lanes


class Records:
    """Writes down what lanes tell, each at its own counters.

    Args:
        lanes: their counters.
        decider: knows what they see.
        updates: `[L]` updates made, when asked.
        detector: names the phase.
        budget: env steps of the run.
    """

    def __init__(
        self,
        lanes: Lanes,
        decider: Decider,
        updates: Callable[[], npt.NDArray[np.int64]],
        detector: Detector,
        budget: int,
    ) -> None:
        self._lanes, self._decider, self._updates = lanes, decider, updates
        self._detector, self._budget = detector, budget
        self._memory: list[Memory] = [{} for _ in lanes.seeds]  # of the detector

    def train(self, told: Sequence[Mapping[str, float]], lr: npt.ArrayLike) -> Moment:
        """A log point, of the lanes that are still active.

        Args:
            told: `[L]` what was measured.
            lr: of the last update, one for all lanes or `[L]`.
        """
        rates = np.broadcast_to(np.asarray(lr), len(told)).tolist()
        return [
            self._record(
                "train", lane, {**self._common(lane, rates[lane], told[lane]), **told[lane]}
            )
            for lane in np.flatnonzero(self._lanes.active).tolist()
        ]

    def evaluation(self, returns: Tensor, lengths: Tensor) -> Moment:
        """An episode a record: returns and lengths `[L, episodes]`."""
        told = zip(returns.tolist(), lengths.tolist(), strict=True)
        return [
            self._record("eval", lane, {"episode": e, "return": own[e], "length": steps[e]})
            for lane, (own, steps) in enumerate(told)
            for e in range(len(own))
        ]

    def event(self, lanes: npt.NDArray[np.bool_], event: str, reason: str) -> Moment:
        """Something that happened to these lanes, `[L]`."""
        told = {"event": event, "reason": reason}
        return [self._record("event", lane, told) for lane in np.flatnonzero(lanes).tolist()]

    def _common(self, lane: int, lr: float, told: Mapping[str, float]) -> dict[str, float | str]:
        signal = self._decider.signal(lane)._replace(meters=told)
        phase, self._memory[lane] = self._detector(signal, self._memory[lane], self._budget)
        drawn = int(self._lanes.samples[lane])
        return {
            "batch_size": signal.batch_size,
            "lr": lr,
            "epsilon": signal.exploration,
            "phase": phase,
            "stored": signal.stored,
            "epochs": float(self._lanes.epochs[lane]),
            "reuse": drawn / max(1, int(self._lanes.env_step[lane])),
        }

    def _record(self, kind: Kind, lane: int, values: Mapping[str, float | str]) -> Record:
        return self._lanes.record(kind, lane, int(self._updates()[lane]), values)
