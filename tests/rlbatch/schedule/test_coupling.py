"""How the learning rate follows the batch size."""

from __future__ import annotations

from typing import get_args

import pytest

from rlbatch.errors import ConfigError
from rlbatch.schedule import Coupling, lr_factor
from rlbatch.schedule.coupling import require_fit, warmed


@pytest.mark.parametrize(
    ("coupling", "smaller", "same", "larger"),
    [
        ("none", 1.0, 1.0, 1.0),
        ("linear", 0.25, 1.0, 4.0),
        ("sqrt", 0.5, 1.0, 2.0),
        ("inverse", 4.0, 1.0, 0.25),
        ("sde", 0.5, 1.0, 2.0),
    ],
)
def test_the_factor_is_one_kappa_its_root_or_its_inverse(
    coupling: Coupling, smaller: float, same: float, larger: float
) -> None:
    factors = [lr_factor(coupling, rows, 128) for rows in (32, 128, 512)]
    assert factors == [smaller, same, larger]


@pytest.mark.parametrize("rows", [8, 128, 4096])
def test_each_rule_keeps_its_noise_in_rows(rows: int) -> None:
    linear, sde = lr_factor("linear", rows, 128), lr_factor("sde", rows, 128)
    assert linear / rows == pytest.approx(1.0 / 128)
    assert sde / rows**0.5 == pytest.approx(1.0 / 128**0.5)


def test_a_rate_warms_up_in_a_straight_line_over_the_rows_drawn() -> None:
    factors = [warmed(1.0, 3.0, gone, 1000.0) for gone in (0.0, 250.0, 500.0, 1000.0, 9999.0)]
    assert factors == [1.0, 1.5, 2.0, 3.0, 3.0]


def test_a_rate_that_falls_comes_down_as_slowly() -> None:
    assert [warmed(4.0, 1.0, gone, 300.0) for gone in (0.0, 100.0, 300.0)] == [4.0, 3.0, 1.0]


def test_a_warm_up_of_no_rows_is_over_at_once() -> None:
    assert warmed(1.0, 3.0, 0.0, 0.0) == 3.0


@pytest.mark.parametrize("kind", ["sgd", "lars"])
def test_the_rule_for_adam_is_refused_for_sgd(kind: str) -> None:
    wanted = f"a rule for {kind.upper()}: none, linear, sqrt or inverse"
    message = rf"^batch\.coupling: expected {wanted}, got sde\. Say"
    with pytest.raises(ConfigError, match=message):
        require_fit("sde", kind)


@pytest.mark.parametrize("coupling", get_args(Coupling))
def test_every_rule_fits_adam_and_every_other_fits_sgd(coupling: Coupling) -> None:
    for kind in ("adam", "adamw", "lamb", "rmsprop"):
        require_fit(coupling, kind)
    if coupling != "sde":
        require_fit(coupling, "sgd")
        require_fit(coupling, "lars")
