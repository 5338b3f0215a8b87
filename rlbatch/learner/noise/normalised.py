"""Takes out of an estimate what weights put in that were divided by their own batch's mean."""

from __future__ import annotations

import torch
from torch import Tensor

from rlbatch.learner.noise.estimate import Estimate

SLACK = 1e-4  # how far from 1 a mean of weights is taken for rounding


def corrected(estimate: Estimate, weight: Tensor, size: Tensor) -> Estimate:
    """The estimate to first order in 1/B, were the weights divided by their mean over all draws.

    With rᵢ the weights of mean 1 over draws and wᵢ = rᵢ / r̄, a mean of wᵢ xᵢ is biased as every
    ratio is, by the variance V of r and by how much it has to do with x (Cochran 1977, ch. 6):

        E mean wᵢ|gᵢ|² ≈ M (1 + (V + 1 − ρ) / B),   ρ = E r²|g|² / E r|g|²,   M = E r|g|²
        E |Ĝ|²         ≈ |G|² (1 + (3 V + 4 − 4 h) / B),   h = E r² g · G / |G|²

    h would ask for a second backward pass; ρ stands in for it, as if weights had to do with the
    gradient's part along G as they have with its square. Weights that are all 1, and weights whose
    mean is not 1 to rounding, were not divided so, and change nothing.

    Args:
        estimate: `[L]`.
        weight: `[L, B]` wᵢ, 0 in padding.
        size: `[L]` own rows.
    """
    square, trace, drawn, enough = estimate
    rows = size.clamp(min=1).double()
    mean, second = (part.sum(1, dtype=torch.float64) / rows for part in (weight, weight.square()))
    raw, raw_drawn = trace + square, drawn + square  # mean w|g|² and mean w²|g|²
    rho = torch.where(raw > 0.0, raw_drawn / raw, 1.0)
    divided = ((mean - 1.0).abs() <= SLACK) / rows
    spread = second - mean.square()
    own = square / (1.0 + (3.0 * spread + 4.0 - 4.0 * rho) * divided)
    moment = raw / (1.0 + (spread + 1.0 - rho) * divided)
    return Estimate(own, moment - own, raw_drawn - own, enough & torch.isfinite(moment + own))
