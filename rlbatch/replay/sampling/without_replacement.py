"""The sampler without replacement: epochs in which every row is drawn once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError, EmptyBufferError
from rlbatch.replay.sampling.epochs import Epochs, check, draw
from rlbatch.replay.sampling.sampler import DRAW, Drawn, Forgetful
from rlbatch.replay.storage.ring import Counts, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutReplacement:
    """Every row held when an epoch begins is drawn once before the next one begins.

    Rows added since wait for the next epoch; rows overwritten since are passed over. A batch that
    crosses into a new epoch leaves the rows it already has for later: no batch holds a row twice.

    Each pick is one step of Fisher and Yates' shuffle in Durstenfeld's form (1964, "Algorithm 235:
    Random permutation", https://doi.org/10.1145/364520.364540): O(1) a row drawn or added, and
    all orders of an epoch are equally likely. It costs 4 bytes a row.

    Which rows a draw gives depends on what its epoch has given already, and so on more than the
    counter. It is *not* nested over a run: from one state 32 rows are the prefix of 512, but they
    leave different states, so regimes of different B see different rows from then on.
    """

    kind: Literal["without_replacement"] = "without_replacement"

    def start(self, lanes: int, capacity: int) -> WithoutReplacementSampler:
        """A sampler that has drawn nothing."""
        return WithoutReplacementSampler(lanes, capacity)


class WithoutReplacementSampler(Forgetful):
    """L epochs. They are all that it remembers, so a resumed run draws on exactly.

    It need not be told of new rows or of TD errors: an epoch looks at the ring when it begins.
    """

    def __init__(self, lanes: int, capacity: int) -> None:
        self._epochs = Epochs.none(lanes, capacity)

    def draw(self, ring: Counts, seeds: Rows, counters: Rows, sizes: Rows) -> Drawn:
        """Insertion numbers, all weighing 1; see `Sampler.draw`.

        Raises:
            EmptyBufferError: a lane holds fewer rows than it must give; no lane has moved.
        """
        short = np.flatnonzero(sizes > ring.fill)
        if len(short):
            raise EmptyBufferError(
                "replay",
                f"at least {sizes[short[0]]} stored rows, as many as are drawn",
                f"{ring.fill[short[0]]} in lane {short[0]}",
                "Add transitions first, lower the batch size, or draw with replacement.",
            )
        numbers = np.full((len(sizes), max(sizes.tolist())), -1, np.int64)
        draw(seeds, DRAW, counters, ring.head, ring.fill, sizes, self._epochs, numbers)
        return Drawn(numbers)

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """The epochs, by field."""
        return dict(self._epochs._asdict())

    def load(self, ring: Counts, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Takes a copy of a `state`.

        Raises:
            DataError: fields, shapes or dtypes of another state, or an epoch that cannot be one
                of this ring's.
        """
        expected = {name: (now.shape, now.dtype) for name, now in self._epochs._asdict().items()}
        got = {name: (array.shape, array.dtype) for name, array in state.items()}
        if got != expected:
            raise DataError("replay.sampler", f"arrays {expected}", got)
        epochs = Epochs(**{name: np.array(state[name], order="C") for name in Epochs._fields})
        for lane in range(len(epochs.order)):
            check(ring, epochs, lane)
        self._epochs = epochs
