"""How the other time constants follow the batch size: Adam's, and the target network's."""

from __future__ import annotations

import math
from typing import NamedTuple

from rlbatch.errors import require
from rlbatch.schedule.coupling import Coupling

# κ(1 − β) = 1 counts as reached within this: in floats 10 · (1 − 0.9) is a little less than 1.
_ROUNDING = 1e-9


class AdamConstants(NamedTuple):
    """What Adam is to use at the batch size in use."""

    beta1: float
    beta2: float
    eps: float
    by_power: bool  # was β^κ used for a β, where the rule itself has no answer?


def adam_constants(
    coupling: Coupling, kappa: float, beta1: float, beta2: float, eps: float
) -> AdamConstants:
    """Adam's constants when κ = rows / reference; those declared for every rule but `sde`.

        sde     1 − βᵢ → κ (1 − βᵢ)      ε → ε/√κ      (lr → √κ · lr: see `lr_factor`)

    Where gradient noise dominates, Adam at B and at κB then follow the same stochastic differential
    equation in rows (Malladi et al. 2022, https://arxiv.org/abs/2205.10287): its memory lasts
    B/(1 − β) rows, and ε keeps its ratio to √v, which falls as 1/√B.

    The trap: κ (1 − β) ≥ 1 leaves no β ≥ 0; with β₁ = 0.9 that is κ ≥ 10. There the weight after a
    row is kept in place of the length of memory: β → β^κ. The two agree only to first order in
    κ (1 − β), so at that point β jumps, for β₁ = 0.9 from 0 to 0.35, and a schedule that
    crosses it does more than scale; `by_power` tells, so that it can be logged. κ < 1 has no trap:
    βs rise towards 1 (and β = 0 to 1 − κ).

    Args:
        coupling: the rule.
        kappa: rows in use over the rows at which the constants are declared.
        beta1: declared.
        beta2: declared.
        eps: declared.
    """
    _require_ratio(kappa)
    if coupling != "sde":
        return AdamConstants(beta1, beta2, eps, by_power=False)
    (first, power1), (second, power2) = _beta(beta1, kappa), _beta(beta2, kappa)
    return AdamConstants(first, second, eps / math.sqrt(kappa), power1 or power2)


def polyak_share(tau: float, kappa: float) -> float:
    """A Polyak target's τ whose lag is the same in rows: 1 − (1 − τ)^κ, for κ = rows / reference.

    κ updates at `tau` and one at the result leave the same share of the old target.

    Args:
        tau: share per update, declared at the reference.
        kappa: rows in use over the reference.
    """
    _require_ratio(kappa)
    if kappa == 1.0 or tau == 1.0:  # as declared to the bit; log 0
        return tau
    return -math.expm1(kappa * math.log1p(-tau))


def target_period(period: float, kappa: float) -> float:
    """A hard target's period whose lag is the same in rows: period / κ, for κ = rows / reference.

    While κ moves, ⌊clock / (period/κ)⌋ would jump with it: a shorter period would copy at once, a
    longer one not for long. Let the clock run κ times as fast in place of it, clock ← clock +
    κ · elapsed, and compare that with the declared period.

    Args:
        period: updates, or env steps at a fixed number of updates per env step.
        kappa: rows in use over the reference.
    """
    _require_ratio(kappa)
    return period / kappa


def _beta(beta: float, kappa: float) -> tuple[float, bool]:
    """β at κ, and whether by β^κ. Written so that κ = 1 gives `beta` back to the bit."""
    moved = beta - (kappa - 1.0) * (1.0 - beta)
    if kappa <= 1.0 or moved > _ROUNDING:
        return moved, False
    return beta**kappa, True


def _require_ratio(kappa: float) -> None:
    met = 0.0 < kappa < math.inf
    require(met, "batch.reference", "a ratio rows / reference > 0", kappa)
