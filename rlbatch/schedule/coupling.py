"""How the learning rate follows the batch size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

Coupling = Literal["none", "linear", "sqrt", "inverse"]

_RULES: dict[Coupling, Callable[[float], float]] = {
    "none": lambda ratio: 1.0,
    "linear": lambda ratio: ratio,
    "sqrt": math.sqrt,
    "inverse": lambda ratio: 1.0 / ratio,
}


def lr_factor(coupling: Coupling, rows: float, reference: int) -> float:
    """What the learning rate is multiplied by when κ = rows / reference.

        none 1      linear κ      sqrt √κ      inverse 1/κ

    Linear is the rule for SGD (Goyal et al. 2017, https://arxiv.org/abs/1706.02677), the square
    root the lr part of the rule for Adam (Malladi et al. 2022, https://arxiv.org/abs/2205.10287).
    Inverse is a control: a fixed size whose learning rate falls as another's size grows, which for
    SGD has the same noise scale lr/B (Smith et al. 2017, https://arxiv.org/abs/1711.00489).

    Args:
        coupling: the rule.
        rows: the batch size in use.
        reference: rows at which the learning rate is declared.
    """
    return _RULES[coupling](rows / reference)
