"""How the learning rate follows the batch size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

Coupling = Literal["none", "linear", "sqrt"]

_RULES: dict[Coupling, Callable[[float], float]] = {
    "none": lambda ratio: 1.0,
    "linear": lambda ratio: ratio,
    "sqrt": math.sqrt,
}


def lr_factor(coupling: Coupling, rows: int, reference: int) -> float:
    """What the learning rate is multiplied by when κ = rows / reference.

        none 1      linear κ      sqrt √κ

    Linear is the rule for SGD (Goyal et al. 2017, https://arxiv.org/abs/1706.02677), the square
    root the lr part of the rule for Adam (Malladi et al. 2022, https://arxiv.org/abs/2205.10287).

    Args:
        coupling: the rule.
        rows: the batch size in use.
        reference: rows at which the learning rate is declared.
    """
    return _RULES[coupling](rows / reference)
