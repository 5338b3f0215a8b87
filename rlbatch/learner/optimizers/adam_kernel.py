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


@numba.njit(cache=True, error_model="numpy")
def adam_in_one_pass(
    flat: Any,
    grad: Any,
    mean: Any,
    square: Any,
    zero: Any,
    lr: Any,
    ok: Any,
    logs: Any,
    constants: Any,
    decay: Any,
) -> None:
    """Adam over the lanes that are `ok`, `[L, P]`; weights are first multiplied by 1 − lr · λ."""
    for lane in range(flat.shape[0]):
        if ok[lane]:
            zero[lane, 0] += logs[lane, 0]
            zero[lane, 1] += logs[lane, 1]
            _adam_row(
                flat[lane],
                grad[lane],
                mean[lane],
                square[lane],
                np.float32(1.0 - lr[lane] * decay),
                np.float32(lr[lane] / -np.expm1(zero[lane, 0])),
                np.float32(np.sqrt(-np.expm1(zero[lane, 1]))),
                constants[lane],
            )
