"""The numbers that an update is told, `[L]` on the device; moved there only when they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.errors import ConfigError, require
from rlbatch.learner.optimizers import Betas, declared_betas
from rlbatch.learner.settings import Constants, OptimizerSettings

Number = float | Sequence[float] | npt.NDArray[np.float64]  # for all lanes or one each

DECLARED = Constants()


class Told:
    """A learner's lr, its optimiser's constants and τ now.

    Asking again for the same numbers gives the same tensors, whatever holds the numbers.

    Args:
        optimizer: whose constants stand where none are told.
        lanes: L.
        device: of the tensors.
        polyak: does the target move by a τ?
    """

    def __init__(
        self,
        optimizer: OptimizerSettings,
        lanes: int,
        device: torch.device,
        polyak: bool,
    ) -> None:
        self._optimizer, self._lanes, self._device = optimizer, lanes, device
        self._polyak = polyak
        self._lr: tuple[object, Tensor] = (None, torch.empty(0))
        self._betas: tuple[object, Betas | None] = (None, None)
        self._tau: tuple[object, Tensor] = (None, torch.empty(0))

    def rates(self, lr: Number) -> Tensor:
        """Learning rates, `[L]` float64."""
        if self._lr[0] != (key := _key(lr)):
            self._lr = key, self._spread(lr)
        return self._lr[1]

    def betas(self, constants: Constants) -> Betas | None:
        """β₁, β₂ and ε, `[L]` float64 each, RMSprop's α as both βs; None: those declared.

        Raises:
            ConfigError: told to SGD or LARS; a β outside [0, 1) or an ε ≤ 0.
        """
        told = constants[:3]
        key = tuple(map(_key, told))
        if self._betas[0] != key:
            self._betas = key, None if key == (None,) * 3 else self._checked(*told)
        return self._betas[1]

    def tau(self, constants: Constants) -> float | Tensor | None:
        """τ, one number or `[L, 1]` float32; None: that declared.

        Raises:
            ConfigError: told to a hard target; outside (0, 1].
        """
        if constants.tau is None:
            return None
        if self._tau[0] != (key := _key(constants.tau)):
            require(self._polyak, "learner.constants.tau", "a Polyak target", "hard")
            share = np.asarray(constants.tau, np.float64)
            met = bool(((share > 0.0) & (share <= 1.0)).all())
            require(met, "learner.constants.tau", "numbers in (0, 1]", constants.tau)
            self._tau = key, self._spread(share).float()[:, None]
        return constants.tau if isinstance(constants.tau, float) else self._tau[1]

    def _checked(self, *told: Number | None) -> Betas:
        declared = declared_betas(self._optimizer)
        if declared is None:
            kind = self._optimizer.kind
            raise ConfigError("learner.constants", f"no βs or ε for {kind}", told)
        beta1, beta2, eps = (
            np.asarray(old if new is None else new, np.float64)
            for old, new in zip(declared, told, strict=True)
        )
        for name, beta in (("beta1", beta1), ("beta2", beta2)):
            met = bool(((beta >= 0.0) & (beta < 1.0)).all())
            require(met, f"learner.constants.{name}", "numbers in [0, 1)", beta)
        require(bool((eps > 0.0).all()), "learner.constants.eps", "numbers > 0", eps)
        return Betas(*map(self._spread, (beta1, beta2, eps)))

    def _spread(self, number: Number) -> Tensor:
        lanes = np.broadcast_to(np.asarray(number, np.float64), (self._lanes,)).copy()
        return torch.from_numpy(lanes).to(self._device)


def _key(number: Number | None) -> Any:
    """Tells numbers apart by value, and arrays that were changed in place from what they were."""
    if number is None or isinstance(number, int | float):
        return number
    return number.tobytes() if isinstance(number, np.ndarray) else tuple(number)
