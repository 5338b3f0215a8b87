"""|G|² and tr Σ from the gradients of one batch, without bias.

McCandlish et al. 2018, "An Empirical Model of Large-Batch Training", appendix A
(https://arxiv.org/abs/1812.06162). The square of a mean gradient is |G|² + tr Σ / rows; these
estimates take the second term out, so that a single |G|² may well be negative: only averages of
them mean something.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

TINY = 1e-30  # a weight's least divisor: 0 / TINY is 0


class Estimate(NamedTuple):
    """One update's estimates, `[L]` float64; anything where a lane is not `enough`."""

    square: Tensor  # |G|², G the mean of wᵢ gᵢ over the draw
    trace: Tensor  # tr Σ of the gradient of one row drawn from what the weighted mean averages over
    drawn: Tensor  # tr Σ of wᵢ gᵢ, the rows as they were drawn and weighted
    enough: Tensor  # bool: at least two gradients to tell noise from signal, all finite


def from_rows(square: Tensor, row_square: Tensor, weight: Tensor, size: Tensor) -> Estimate:
    """Estimates from the squared norms of every row's gradient gᵢ.

        |Ĝ|² = (|Σ wᵢ gᵢ|² − Σ wᵢ²|gᵢ|²) / (B (B − 1))
        Ŝ    = Σ wᵢ |gᵢ|² / B − |Ĝ|²,   of the draw Σ wᵢ²|gᵢ|² / B − |Ĝ|²

    The weights say which distribution S belongs to: the one over which the weighted loss is a
    mean. That is the uniform one for uniform draws, and for prioritised draws whose importance
    weights correct in full (β = 1); below that, one in between.

    Args:
        square: `[L]` |Σ wᵢ gᵢ / B|², of the lane's mean gradient.
        row_square: `[L, B]` |wᵢ gᵢ / B|², 0 in padding.
        weight: `[L, B]` wᵢ of mean 1, 0 in padding.
        size: `[L]` own rows B.
    """
    size, least = size.double(), size.clamp(min=2)
    drawn, apart = sums(row_square, weight)
    mean = (square.double() - drawn) * least / (least - 1)
    return _estimate(mean, apart * size - mean, drawn * size - mean, size >= 2.0)


def from_chunks(
    mean_square: Tensor, chunk_square: Tensor, chunks: Tensor, rows: int, share: Tensor
) -> Estimate:
    """Estimates from K gradients of b rows each, g_k with mean ḡ.

        |Ĝ|² = (K |ḡ|² − mean |g_k|²) / (K − 1)
        Ŝ    = b K / (K − 1) · (mean |g_k|² − |ḡ|²),   the rows as they were drawn and weighted

    Chunks do not tell Σ wᵢ |gᵢ|² from Σ wᵢ²|gᵢ|²: their proportion is taken from `share`.

    Args:
        mean_square: `[L]` |ḡ|².
        chunk_square: `[L]` mean |g_k|².
        chunks: `[L]` K.
        rows: b.
        share: `[L]` approximately Σ wᵢ |gᵢ|² / Σ wᵢ²|gᵢ|², 1 for uniform draws.
    """
    count, part = chunks.double(), chunk_square.double()
    least = count.clamp(min=2.0)
    apart = (part - mean_square.double()) * least / (least - 1.0)  # tr Σ / b
    mean, drawn = part - apart, rows * apart
    return _estimate(mean, (drawn + mean) * share.double() - mean, drawn, count >= 2.0)


def sums(row_square: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Σ wᵢ² xᵢ and Σ wᵢ xᵢ `[L]` float64 from wᵢ² xᵢ and wᵢ `[L, B]`; weight 0 adds nothing."""
    apart = row_square / weight.clamp(min=TINY)
    return row_square.sum(1, dtype=torch.float64), apart.sum(1, dtype=torch.float64)


def _estimate(square: Tensor, trace: Tensor, drawn: Tensor, enough: Tensor) -> Estimate:
    finite = torch.isfinite(square + trace + drawn)
    return Estimate(square, trace, drawn, enough & finite)
