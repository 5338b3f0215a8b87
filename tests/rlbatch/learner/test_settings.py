"""Settings refuse what cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from rlbatch.errors import ConfigError
from rlbatch.learner import AdamSettings, HardTarget, LearnerSettings, PolyakTarget, SGDSettings

NAN = float("nan")


@pytest.mark.parametrize(
    ("kind", "name", "bad", "message"),
    [
        (AdamSettings, "beta1", 1.0, r"adam\.beta1: expected a number in \[0, 1\), got 1\.0\."),
        (AdamSettings, "beta2", -0.1, r"adam\.beta2: expected a number in \[0, 1\), got -0\.1\."),
        (AdamSettings, "eps", 0.0, r"adam\.eps: expected a number > 0, got 0\.0\."),
        (SGDSettings, "momentum", 1.0, r"sgd\.momentum: expected a number in \[0, 1\), got 1\.0\."),
        (HardTarget, "period", 0, r"hard\.period: expected at least 1 env step, got 0\."),
        (PolyakTarget, "tau", 0.0, r"polyak\.tau: expected a number in \(0, 1\], got 0\.0\."),
        (PolyakTarget, "tau", 1.5, r"polyak\.tau: expected a number in \(0, 1\], got 1\.5\."),
        (LearnerSettings, "lr", -1e-3, r"learner\.lr: expected a number ≥ 0, got -0\.001\."),
        (LearnerSettings, "lr", NAN, r"learner\.lr: expected a number ≥ 0, got nan\."),
        (
            LearnerSettings,
            "clip_norm",
            0.0,
            r"learner\.clip_norm: expected a number > 0, or none, ",
        ),
    ],
)
def test_a_constant_outside_its_range_is_refused(
    kind: type[Any], name: str, bad: float, message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        kind(**{name: bad})


def test_the_ends_that_belong_to_a_range_are_taken() -> None:
    AdamSettings(beta1=0.0, beta2=0.0)
    PolyakTarget(tau=1.0)
    assert LearnerSettings(lr=0.0, clip_norm=None).clip_norm is None
