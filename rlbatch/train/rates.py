"""Every constant that follows B: learning rate with its warm-up, the optimiser's, the target's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rlbatch.learner import Constants, PolyakTarget, declared_betas, lr_share
from rlbatch.schedule import AdamConstants, adam_constants, lr_factor, polyak_share
from rlbatch.train.lanes import Lanes
from rlbatch.train.settings import TrainSettings
from rlbatch.train.warmup import Warmup

Floats = npt.NDArray[np.float64]
Number = float | Floats  # one for all lanes, or [L]


class Rates:
    """Converts what is declared at the reference batch size to the one in use.

        lr = declared · what B asks for, on its way after a jump over batch.warmup · lr_schedule

    Args:
        settings: of the run.
        lanes: their counters.
        own: the lanes of the run, L of them.
    """

    def __init__(self, settings: TrainSettings, lanes: Lanes, own: slice = slice(None)) -> None:
        self._settings, self._plan, self._lanes = settings, settings.batch, lanes
        self._samples = lanes.samples[own]  # a view: it moves on
        declared = [arm.learner for arm in settings.lane_arms]
        rates = [own.lr for own in declared]
        self.lr: Number = rates[0] if len(set(rates)) == 1 else np.array(rates)  # at the reference
        rules = [own.target for own in declared]
        self._tau = np.array([rule.tau for rule in rules if isinstance(rule, PolyakTarget)])
        self._factor: Number = 1.0
        self._constants: Constants | None = None
        self._key: object = None
        self._warmup = Warmup(lanes, self._plan.warmup, own) if self._plan.warmup else None
        self._schedule = settings.learner.lr_schedule
        self.by_power = np.zeros(len(declared), np.bool_)  # [L] was β^κ used, as κ(1 − β) ≥ 1
        self._told = np.zeros(len(declared), np.bool_)

    def of(self, rows: int | npt.NDArray[np.int64], followed: Number) -> Number:
        """The learning rate at these rows; `constants` are then those that go with it.

        Args:
            rows: B, for all lanes or `[L]`; 0 where a lane has none.
            followed: the rows that the coupling goes by, likewise.
        """
        key = (_key(rows), _key(followed))
        if key != self._key:
            self._key = key
            self._factor = self._factors(followed)
            self._constants = self._converted(rows, followed)
        factor = self._factor if self._warmup is None else self._warmup.of(self._factor)
        if self._schedule is not None:  # by rows drawn with those of this update
            factor = factor * lr_share(self._schedule, self._samples + rows)
        return self.lr * factor

    def new_powers(self) -> npt.NDArray[np.bool_]:
        """Lanes `[L]` that have used β^κ, each told once."""
        fresh = self.by_power & ~self._told
        self._told |= fresh
        return fresh

    @property
    def constants(self) -> Constants | None:
        """Of the last call; None: as declared."""
        return self._constants

    @property
    def clock(self) -> int | npt.NDArray[np.int64]:
        """What a hard target's period counts: env steps, or as many rows as they have at κ = 1."""
        if self._plan.target_lag == "declared":
            return self._lanes.now
        learn = self._settings.learn
        first = learn.every * max(1, -(-learn.start // learn.every))  # env step of the first update
        rows = self._plan.reference * learn.count  # due every `every` env steps
        return first + self._samples * learn.every // rows

    def _factors(self, followed: Number) -> Number:
        def one(rows: float) -> float:
            return lr_factor(self._plan.coupling, rows, self._plan.reference) if rows else 1.0

        return _each(one, followed)

    def _converted(self, rows: int | npt.NDArray[np.int64], followed: Number) -> Constants | None:
        told = Constants()
        declared = declared_betas(self._settings.learner.optimizer)
        if self._plan.coupling == "sde" and declared is not None:
            told = self._by_sde(declared, np.broadcast_to(followed, self.by_power.shape))
        if self._plan.target_lag == "samples" and len(self._tau):
            kappa = np.maximum(rows, 1) / self._plan.reference
            shares = [
                polyak_share(tau, k)
                for tau, k in np.broadcast(self._tau, np.broadcast_to(kappa, self._tau.shape))
            ]
            told = told._replace(tau=np.array(shares))
        return None if all(own is None for own in told) else told

    def _by_sde(self, declared: tuple[float, float, float], followed: Floats) -> Constants:
        found: list[AdamConstants] = [
            adam_constants("sde", rows / self._plan.reference, *declared)
            for rows in np.maximum(followed, 1.0).tolist()
        ]
        self.by_power |= np.array([constants.by_power for constants in found])
        columns = zip(*(constants[:3] for constants in found), strict=True)
        beta1, beta2, eps = (np.array(column) for column in columns)
        return Constants(beta1=beta1, beta2=beta2, eps=eps)


def _key(number: object) -> object:
    return number.tobytes() if isinstance(number, np.ndarray) else number


def _each(function: Callable[[float], float], number: Number) -> Number:
    if isinstance(number, np.ndarray):
        return np.array([function(own) for own in number.tolist()])
    return function(number)
