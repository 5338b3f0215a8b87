"""How often the tests err on simulated runs, against what chance allows.

A count of simulated comparisons leaves the 99.9 % quantile of its binomial distribution
only once in a thousand; the simulations are seeded, so a test here passes always or never.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from rlbatch.compare.inference import generator, holm, label_swap, paired_difference, seeds_needed

Floats = npt.NDArray[np.float64]
ALPHA, NUM_TRIALS, NUM_SEEDS = 0.05, 400, 8
EXACT_LEVEL = 12 / 256  # p of 8 untied seeds is k / 128: six of the 128 values are ≤ .05


def at_most(chance: float, trials: int = NUM_TRIALS) -> float:
    return float(stats.binom.ppf(0.999, trials, chance))


def at_least(chance: float, trials: int = NUM_TRIALS) -> float:
    return float(stats.binom.ppf(0.001, trials, chance))


def paired_p(treatment: list[Floats], control: list[Floats]) -> float:
    return paired_difference(treatment, control, generator("test")).p


def test_the_paired_test_finds_nothing_where_there_is_nothing() -> None:
    """Skewed scores that share their seed; the exact test errs as often as its p values allow."""
    rng, found = generator("null", "paired"), 0
    for _ in range(NUM_TRIALS):
        seed = rng.exponential(size=NUM_SEEDS)
        treatment, control = seed + rng.exponential(size=(2, NUM_SEEDS))
        found += paired_p([treatment], [control]) <= ALPHA
    assert at_least(EXACT_LEVEL) <= found <= at_most(EXACT_LEVEL)


def test_environments_that_move_together_are_not_more_seeds() -> None:
    """Three environments in which the seed decides nearly all: flipped apart, they err often."""
    rng, found = generator("null", "envs"), 0
    for _ in range(NUM_TRIALS):
        gap = rng.normal(size=NUM_SEEDS) + 0.1 * rng.normal(size=(3, NUM_SEEDS))
        found += paired_p(list(gap), list(np.zeros_like(gap))) <= ALPHA
    assert found <= at_most(EXACT_LEVEL)


def test_the_label_swap_finds_nothing_where_there_is_nothing() -> None:
    def dispersion(curves: Floats) -> Floats:
        upper, lower = np.percentile(curves, [75, 25], axis=-2)
        return np.asarray((upper - lower).mean(-1))

    rng, found = generator("null", "label swap"), 0
    for _ in range(NUM_TRIALS):
        seed = rng.normal(size=(NUM_SEEDS, 1))
        treatment, control = seed + rng.normal(size=(2, NUM_SEEDS, 5)).cumsum(-1)
        found += label_swap(dispersion, treatment, control, generator("test")) <= ALPHA
    assert at_least(EXACT_LEVEL) <= found <= at_most(EXACT_LEVEL)


def test_holm_keeps_the_chance_of_any_false_finding_and_raw_p_values_do_not() -> None:
    """Eight contrasts of nothing, on 10 seeds, so that a p can survive eight tests."""
    rng, trials, raw, adjusted = generator("null", "family"), 60, 0, 0
    for _ in range(trials):
        p = [paired_p([gap], [np.zeros(10)]) for gap in rng.normal(size=(8, 10))]
        raw += min(p) <= ALPHA
        adjusted += min(value for value in holm(p) if value is not None) <= ALPHA
    assert adjusted <= at_most(ALPHA, trials) < raw


def test_an_effect_is_found_as_often_as_theory_says() -> None:
    """d_z = 1.2, n = 10: the paired t test finds it with noncentral t probability .92."""
    theory = float(stats.nct.sf(stats.t.ppf(0.975, 9), 9, 1.2 * np.sqrt(10)))
    rng, found = generator("power"), 0
    for _ in range(200):
        control = rng.normal(size=10)
        found += paired_p([control + rng.normal(1.2, 1.0, size=10)], [control]) <= ALPHA
    assert found >= at_least(theory, 200)


def test_the_seeds_that_are_named_find_the_effect() -> None:
    num_seeds = seeds_needed(1.0)
    assert num_seeds is not None
    rng = generator("seeds needed")
    gaps = rng.normal(1.0, 1.0, size=(200, num_seeds))
    found = sum(paired_p([gap], [np.zeros(num_seeds)]) <= ALPHA for gap in gaps)
    assert at_least(0.8, 200) <= found <= at_most(0.85, 200)
