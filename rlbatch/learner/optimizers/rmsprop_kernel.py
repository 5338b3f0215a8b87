"""RMSprop in one pass over memory, on the CPU."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, error_model="numpy")  # a check for division by 0 stops vectorising
def _rmsprop_row(
    flat: Any, grad: Any, square: Any, mean: Any, velocity: Any, rate: Any, momentum: Any, own: Any
) -> None:
    """RMSprop over one lane `[P]`; `own` are 1 − α of the mean, α, 1 − α and ε."""
    fresh1, alpha, fresh2, eps = own[0], own[1], own[2], own[3]
    centered, moving = mean.shape[0] > 0, velocity.shape[0] > 0
    for i in range(flat.shape[0]):
        g = grad[i]
        s = square[i] * alpha + g * g * fresh2
        square[i] = s
        if centered:
            m = mean[i] + (g - mean[i]) * fresh1
            mean[i] = m
            s = max(s - m * m, np.float32(0.0))
        move = g / (np.sqrt(s) + eps)
        if moving:
            move += velocity[i] * momentum
            velocity[i] = move
        flat[i] -= rate * move


@numba.njit(cache=True)
def rmsprop_in_one_pass(
    flat: Any,
    grad: Any,
    square: Any,
    mean: Any,
    velocity: Any,
    rate: Any,
    momentum: Any,
    ok: Any,
    constants: Any,
) -> None:
    """RMSprop over the lanes that are `ok`, `[L, P]`; without a mean or velocity `[L, 0]`."""
    for lane in range(flat.shape[0]):
        if ok[lane]:
            _rmsprop_row(
                flat[lane],
                grad[lane],
                square[lane],
                mean[lane],
                velocity[lane],
                rate[lane],
                momentum[lane],
                constants[lane],
            )
