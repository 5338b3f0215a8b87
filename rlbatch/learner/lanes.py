"""The learner's numbers lane by lane, where lanes may differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.errors import require
from rlbatch.learner.settings import Compute, HardTarget, LearnerSettings, PolyakTarget


class LaneSettings:
    """One number where all lanes agree, `[L]` where they do not.

    Args:
        settings: for all lanes, or one each.
        lanes: L.
        device: of the numbers that meet gradients.

    Raises:
        ConfigError: as many settings as neither 1 nor L; lanes that differ in the kind of
            optimiser or target, or in the optimiser's constants.
    """

    def __init__(
        self,
        settings: LearnerSettings | Sequence[LearnerSettings],
        lanes: int,
        device: torch.device,
    ) -> None:
        every = [settings] if isinstance(settings, LearnerSettings) else list(settings)
        fits = len(every) in (1, lanes)
        require(fits, "learner.settings", f"one for all lanes or {lanes}", len(every))
        self.optimizer = every[0].optimizer
        alike = all(own.optimizer == self.optimizer for own in every)
        require(alike, "learner.optimizer", "the same in every lane", "several")
        kinds = {own.target.kind for own in every}
        require(len(kinds) == 1, "learner.target", "the same kind in every lane", sorted(kinds))
        rates = [own.lr for own in every]
        self.lr = rates[0] if len(set(rates)) == 1 else np.array(rates)
        self.clip_norm = _clip(every, device)  # None, a number, or [L] with inf: not clipped
        self.compute = _compute(every)
        self.tau, self.period = _target(every, device)  # the one that the kind has


def _compute(every: Sequence[LearnerSettings]) -> Compute:
    told = {Compute(own.micro_batch, own.precision, own.checkpointing) for own in every}
    require(len(told) == 1, "learner", "the same micro_batch and precision in every lane", "others")
    return told.pop()


def _clip(every: Sequence[LearnerSettings], device: torch.device) -> float | Tensor | None:
    norms = [own.clip_norm for own in every]
    if len(set(norms)) == 1:
        return norms[0]
    return torch.tensor([math.inf if norm is None else norm for norm in norms], device=device)


def _target(
    every: Sequence[LearnerSettings], device: torch.device
) -> tuple[float | Tensor | None, npt.NDArray[np.int64]]:
    """τ (one number or `[L, 1]`, None for hard targets) and periods in env steps."""
    rules = [own.target for own in every]
    periods = [rule.period for rule in rules if isinstance(rule, HardTarget)]
    shares = [rule.tau for rule in rules if isinstance(rule, PolyakTarget)]
    if not shares:
        return None, np.array(periods, np.int64)
    same = len(set(shares)) == 1
    return shares[0] if same else torch.tensor(shares, device=device)[:, None], np.zeros(
        1, np.int64
    )
