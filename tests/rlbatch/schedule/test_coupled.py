"""What stays the same in rows while the batch size moves."""

from __future__ import annotations

import math

import pytest

from rlbatch.errors import ConfigError
from rlbatch.schedule.coupled import AdamConstants, adam_constants, polyak_share, target_period
from rlbatch.schedule.coupling import Coupling

KAPPAS = [1 / 16, 0.5, 1.0, 3.0, 4.0, 9.0]
REFERENCE = 32  # rows


def sde(kappa: float, beta1: float = 0.9, beta2: float = 0.999) -> AdamConstants:
    return adam_constants("sde", kappa, beta1, beta2, 1e-8)


def test_four_times_the_rows_forget_four_times_as_fast_an_update() -> None:
    constants = sde(4.0)
    assert constants == pytest.approx(AdamConstants(0.6, 0.996, 5e-9, by_power=False))


def test_a_quarter_of_the_rows_remembers_four_times_as_many_updates() -> None:
    assert sde(0.25) == pytest.approx(AdamConstants(0.975, 0.99975, 2e-8, by_power=False))


@pytest.mark.parametrize("beta", [0.0, 0.1, 0.3, 0.9, 0.95, 0.999])
def test_at_the_reference_constants_are_those_declared_to_the_bit(beta: float) -> None:
    assert sde(1.0, beta, beta) == (beta, beta, 1e-8, False)
    assert polyak_share(0.061, 1.0) == 0.061  # log1p and expm1 alone do not give it back


@pytest.mark.parametrize("coupling", ["none", "linear", "sqrt", "inverse"])
@pytest.mark.parametrize("kappa", [0.25, 64.0])
def test_every_other_rule_leaves_adam_as_declared(coupling: Coupling, kappa: float) -> None:
    assert adam_constants(coupling, kappa, 0.9, 0.999, 1e-8) == (0.9, 0.999, 1e-8, False)


@pytest.mark.parametrize("kappa", KAPPAS)
def test_adams_memory_in_rows_is_the_same(kappa: float) -> None:
    constants, rows = sde(kappa), kappa * REFERENCE
    assert not constants.by_power
    assert rows / (1 - constants.beta1) == pytest.approx(REFERENCE / 0.1)
    assert rows / (1 - constants.beta2) == pytest.approx(REFERENCE / 0.001)


@pytest.mark.parametrize("kappa", [10.0, 10.5, 16.0, 512.0])
def test_beyond_the_rules_reach_the_weight_after_a_row_is_the_same(kappa: float) -> None:
    constants = sde(kappa)
    assert constants.by_power
    assert constants.beta1 ** (1 / kappa) == pytest.approx(0.9)


def test_the_power_is_taken_for_the_beta_that_needs_it_alone() -> None:
    constants = sde(16.0)
    assert constants.beta1 == pytest.approx(0.9**16)
    assert constants.beta2 == pytest.approx(1 - 16 * 0.001)


def test_the_rules_edge_is_found_in_spite_of_rounding() -> None:
    assert 10 * (1 - 0.9) < 1.0
    assert sde(10.0).beta1 == pytest.approx(0.9**10)
    assert sde(4.0, 0.75).by_power
    assert not sde(9.999).by_power


@pytest.mark.parametrize("kappa", [0.01, 0.5, 1.0, 2.0, 10.0, 1e4])
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.9999])
def test_a_beta_stays_one(beta: float, kappa: float) -> None:
    assert 0.0 <= sde(kappa, beta, beta).beta1 < 1.0


def test_epsilon_keeps_its_ratio_to_the_noise() -> None:
    noise = [1.0 / math.sqrt(kappa) for kappa in KAPPAS]
    ratios = [sde(kappa).eps / own for kappa, own in zip(KAPPAS, noise, strict=True)]
    assert ratios == pytest.approx([1e-8] * len(KAPPAS), rel=1e-12)


@pytest.mark.parametrize("kappa", [*KAPPAS, 100.0])
@pytest.mark.parametrize("tau", [0.005, 0.5])
def test_a_target_has_lost_the_same_weight_after_the_same_rows(tau: float, kappa: float) -> None:
    share, updates = polyak_share(tau, kappa), 100 / kappa
    assert (1 - share) ** updates == pytest.approx((1 - tau) ** 100, rel=1e-9)


def test_two_updates_at_tau_are_one_of_twice_the_rows() -> None:
    assert polyak_share(0.1, 2.0) == pytest.approx(0.19)


def test_a_target_that_is_the_online_network_stays_it() -> None:
    assert [polyak_share(1.0, kappa) for kappa in KAPPAS] == [1.0] * len(KAPPAS)


@pytest.mark.parametrize("kappa", KAPPAS)
def test_a_target_is_copied_after_the_same_rows(kappa: float) -> None:
    assert target_period(500, kappa) * kappa * REFERENCE == pytest.approx(500 * REFERENCE)


@pytest.mark.parametrize("kappa", [0.0, -1.0, math.inf, math.nan])
def test_a_ratio_that_cannot_be_meant_is_refused(kappa: float) -> None:
    for rule in (sde, lambda own: polyak_share(0.1, own), lambda own: target_period(500, own)):
        with pytest.raises(ConfigError, match=r"^batch\.reference: expected a ratio"):
            rule(kappa)
