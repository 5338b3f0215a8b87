"""Adam and AdamW in one pass over memory, on the CPU."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, error_model="numpy")  # a check for division by 0 stops vectorising
def _adam_row(
    flat: Any, grad: Any, mean: Any, square: Any, kept: Any, rate: Any, root: Any, constants: Any
) -> None:
    """Adam over one lane `[P]`; the constants are 1 − β₁, β₂, 1 − β₂ and ε."""
    fresh1, beta2, fresh2, eps = constants[0], constants[1], constants[2], constants[3]
    for i in range(flat.shape[0]):
        m = mean[i] + (grad[i] - mean[i]) * fresh1
        s = square[i] * beta2 + grad[i] * grad[i] * fresh2
        mean[i] = m
        square[i] = s
        flat[i] = flat[i] * kept - rate * m / (np.sqrt(s) / root + eps)


@numba.njit(cache=True)
def adam_in_one_pass(
    flat: Any,
    grad: Any,
    mean: Any,
    square: Any,
    kept: Any,
    rate: Any,
    root: Any,
    ok: Any,
    constants: Any,
) -> None:
    """Adam over the lanes that are `ok`, `[L, P]`; a lane's weights are first multiplied by its
    `kept`, 1 for Adam and 1 − lr · λ for AdamW."""
    for lane in range(flat.shape[0]):
        if ok[lane]:
            _adam_row(
                flat[lane],
                grad[lane],
                mean[lane],
                square[lane],
                kept[lane],
                rate[lane],
                root[lane],
                constants[lane],
            )
