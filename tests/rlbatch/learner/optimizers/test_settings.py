"""Settings of the optimisers refuse what cannot be meant."""

from __future__ import annotations

from typing import Any

import pytest

from rlbatch.errors import ConfigError
from rlbatch.learner import (
    AdamSettings,
    AdamWSettings,
    LAMBSettings,
    LARSSettings,
    RMSPropSettings,
    SGDSettings,
    declared_betas,
)

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("kind", "name", "bad", "message"),
    [
        (AdamSettings, "beta1", 1.0, r"adam\.beta1: expected a number in \[0, 1\), got 1\.0\."),
        (AdamWSettings, "beta2", -0.1, r"adamw\.beta2: expected a number in \[0, 1\), got -0\.1\."),
        (AdamWSettings, "eps", 0.0, r"adamw\.eps: expected a number > 0, got 0\.0\."),
        (AdamWSettings, "weight_decay", -1.0, r"adamw\.weight_decay: expected a number ≥ 0, got"),
        (SGDSettings, "weight_decay", INF, r"sgd\.weight_decay: expected a number ≥ 0, got inf\."),
        (SGDSettings, "nesterov", True, r"sgd\.nesterov: expected false without momentum, got Tr"),
        (RMSPropSettings, "alpha", 1.0, r"rmsprop\.alpha: expected a number in \[0, 1\), got 1\.0"),
        (RMSPropSettings, "eps", NAN, r"rmsprop\.eps: expected a number > 0, got nan\."),
        (RMSPropSettings, "momentum", 1.0, r"rmsprop\.momentum: expected a number in \[0, 1\), g"),
        (LARSSettings, "trust", 0.0, r"lars\.trust: expected a number > 0, got 0\.0\."),
        (LARSSettings, "momentum", -0.1, r"lars\.momentum: expected a number in \[0, 1\), got -0"),
        (LARSSettings, "weight_decay", NAN, r"lars\.weight_decay: expected a number ≥ 0, got nan"),
        (LAMBSettings, "beta1", 1.5, r"lamb\.beta1: expected a number in \[0, 1\), got 1\.5\."),
        (LAMBSettings, "eps", -1.0, r"lamb\.eps: expected a number > 0, got -1\.0\."),
        (LAMBSettings, "weight_decay", -1.0, r"lamb\.weight_decay: expected a number ≥ 0, got -1"),
    ],
)
def test_a_constant_outside_its_range_is_refused(
    kind: type[Any], name: str, bad: float, message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        kind(**{name: bad})


def test_what_a_batch_size_may_move_is_had_where_there_is_a_second_moment() -> None:
    assert declared_betas(AdamWSettings(beta1=0.5)) == (0.5, 0.999, 1e-8)
    assert declared_betas(LAMBSettings(beta2=0.9)) == (0.9, 0.9, 1e-6)
    assert declared_betas(RMSPropSettings(alpha=0.7, eps=0.1)) == (0.7, 0.7, 0.1)
    assert declared_betas(SGDSettings(momentum=0.9)) is None
    assert declared_betas(LARSSettings()) is None
