"""How the learning rate follows the batch size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from rlbatch.errors import require

Coupling = Literal["none", "linear", "sqrt", "inverse", "sde"]

_RULES: dict[Coupling, Callable[[float], float]] = {
    "none": lambda ratio: 1.0,
    "linear": lambda ratio: ratio,
    "sqrt": math.sqrt,
    "inverse": lambda ratio: 1.0 / ratio,
    "sde": math.sqrt,
}


def lr_factor(coupling: Coupling, rows: float, reference: int) -> float:
    """What the learning rate is multiplied by when κ = rows / reference.

        none 1      linear κ      sqrt √κ      inverse 1/κ      sde √κ

    Linear is the rule for SGD (Goyal et al. 2017, https://arxiv.org/abs/1706.02677), the square
    root the lr part of the rule for Adam (Malladi et al. 2022, https://arxiv.org/abs/2205.10287),
    which `sde` takes whole: `adam_constants` has the rest of it.
    Inverse is a control: a fixed size whose learning rate falls as another's size grows, which for
    SGD has the same noise scale lr/B (Smith et al. 2017, https://arxiv.org/abs/1711.00489).

    Args:
        coupling: the rule.
        rows: the batch size in use.
        reference: rows at which the learning rate is declared.
    """
    return _RULES[coupling](rows / reference)


def require_fit(coupling: Coupling, optimizer_kind: str) -> None:
    """Raises ConfigError where a rule made for Adam meets SGD, or LARS, which is SGD by layers.

    Under SGD the step is lr · g, not lr · g/√v: its noise is lr²·Σ/B a step, so the factor that
    keeps it per row is κ (`linear`). With √κ, SGD would drift more slowly per row as B grows, and
    with momentum left as it is nothing else of `sde` would apply.
    """
    wrong = coupling == "sde" and optimizer_kind in ("sgd", "lars")
    expected = f"a rule for {optimizer_kind.upper()}: none, linear, sqrt or inverse"
    require(not wrong, "batch.coupling", expected, "sde", "Say linear, or use adam.")


def warmed(before: float, wanted: float, gone: float, length: float) -> float:
    """The lr factor while it warms up after a jump of B.

        before + (wanted − before) · gone / length      until `length` rows are gone

    Goyal et al. 2017 (https://arxiv.org/abs/1706.02677) warm up because the linear rule breaks
    where weights move fast, which in TD learning they may do again after every jump.

    Args:
        before: the factor in use when B jumped; mid-way in another warm-up, what that had reached.
        wanted: the factor that the coupling gives for the new B.
        gone: rows drawn since the jump.
        length: rows that the warm-up lasts; 0: at once.
    """
    return wanted if gone >= length else before + (wanted - before) * gone / length
