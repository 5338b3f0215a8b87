"""What follows B in several runs at once: each run's own rates, as numbers of all lanes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.learner import Constants, PolyakTarget, declared_betas
from rlbatch.train.lanes import Lanes
from rlbatch.train.pack import Pack
from rlbatch.train.rates import Number, Rates
from rlbatch.train.settings import TrainSettings

Floats = npt.NDArray[np.float64]
Rows = int | npt.NDArray[np.int64]  # for all lanes, or [L]


class SideBySide:
    """Rates of every member of a pack, asked as those of one run are.

    Args:
        pack: its members.
        lanes: their counters.
    """

    def __init__(self, pack: Pack, lanes: Lanes) -> None:
        pairs = list(zip(pack.members, pack.own, strict=True))
        self._rates = [Rates(member, lanes, own) for member, own in pairs]
        self._own, self._sizes = pack.own, [own.stop - own.start for own in pack.own]
        self._declared = [_declared(member) for member in pack.members]
        self.lr: Number = self._joined([rates.lr for rates in self._rates])
        self._last: list[Constants | None] = []  # of the members, when `_constants` was made
        self._constants: Constants | None = None

    def of(self, rows: Rows, followed: Number) -> Number:
        """The learning rates at these rows, `[L]`; see `Rates.of`."""
        return self._joined(
            [
                rates.of(_cut(rows, own), _cut(followed, own))
                for rates, own in zip(self._rates, self._own, strict=True)
            ]
        )

    def new_powers(self) -> npt.NDArray[np.bool_]:
        """See `Rates.new_powers`."""
        return np.concatenate([rates.new_powers() for rates in self._rates])

    @property
    def by_power(self) -> npt.NDArray[np.bool_]:
        """See `Rates.by_power`, `[L]`."""
        return np.concatenate([rates.by_power for rates in self._rates])

    @property
    def constants(self) -> Constants | None:
        """Of the last call, what a member has as declared spelt out; None: all as declared."""
        told = [rates.constants for rates in self._rates]
        if len(told) != len(self._last) or any(map(_is_not, told, self._last)):
            self._last, self._constants = told, self._spelt(told)
        return self._constants

    @property
    def clock(self) -> Rows:
        """See `Rates.clock`."""
        told = [rates.clock for rates in self._rates]
        if all(isinstance(own, int) for own in told):
            return told[0]
        return self._joined(told).astype(np.int64)

    def _spelt(self, told: Sequence[Constants | None]) -> Constants | None:
        if all(own is None for own in told):
            return None
        columns = []
        for i in range(len(Constants._fields)):
            column = [None if own is None else own[i] for own in told]
            pairs = zip(column, self._declared, strict=True)
            full = [declared[i] if one is None else one for one, declared in pairs]
            columns.append(None if all(one is None for one in column) else self._joined(full))
        return Constants(*columns)

    def _joined(self, told: Sequence[Any]) -> Floats:
        spread = zip(told, self._sizes, strict=True)
        return np.concatenate(
            [np.broadcast_to(np.asarray(own, np.float64), n) for own, n in spread]
        )


def _declared(member: TrainSettings) -> tuple[float | Floats | None, ...]:
    """β₁, β₂, ε and τ, the last `[L]`; None what it has not."""
    targets = [arm.learner.target for arm in member.lane_arms]
    shares = np.array([target.tau for target in targets if isinstance(target, PolyakTarget)])
    betas = declared_betas(member.learner.optimizer) or (None,) * 3
    return *betas, shares if len(shares) else None


def _cut(number: Any, own: slice) -> Any:
    return number[own] if isinstance(number, np.ndarray) else number


def _is_not(one: object, other: object) -> bool:
    return one is not other
