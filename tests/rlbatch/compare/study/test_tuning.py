"""The learning rate with which a regime learned most."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rlbatch.compare.runs.reading import read_run
from rlbatch.compare.study.tuning import best_arm

ARMS = [{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.4}]
Write = Callable[..., Path]


def test_the_arm_with_the_largest_mean_area_is_chosen_not_the_best_end(run_folder: Write) -> None:
    low_then_high, high_then_low, middle = [0.0, 0.0, 90.0], [60.0, 60.0, 10.0], [30.0, 30.0, 30.0]
    curves = [low_then_high] * 2 + [high_then_low] * 2 + [middle] * 2
    assert best_arm(read_run(run_folder("tune", curves, arms=ARMS))) == {"lr": 0.2}


def test_the_mean_is_over_the_seeds_of_an_arm(run_folder: Write) -> None:
    curves = [[50.0, 50.0], [50.0, 50.0], [90.0, 90.0], [0.0, 0.0], [60.0, 60.0], [45.0, 45.0]]
    assert best_arm(read_run(run_folder("tune", curves, arms=ARMS))) == {"lr": 0.4}


def test_of_equal_arms_the_first_is_chosen(run_folder: Write) -> None:
    assert best_arm(read_run(run_folder("tune", [[1.0, 2.0]] * 6, arms=ARMS))) == {"lr": 0.1}


def test_an_arm_that_stopped_giving_numbers_is_not_chosen(run_folder: Write) -> None:
    nan = float("nan")
    curves = [[9.0, 9.0]] * 2 + [[10.0, nan]] * 2 + [[8.0, 8.0]] * 2
    run = read_run(run_folder("tune", curves, arms=ARMS))
    assert best_arm(run) == {"lr": 0.1}


def test_rates_that_differ_in_the_last_digits_are_arms_of_their_own(run_folder: Write) -> None:
    arms = [{"lr": 0.1}, {"lr": 0.1000000001}]
    run = read_run(run_folder("tune", [[1.0, 1.0], [2.0, 2.0]], arms=arms))
    assert best_arm(run) == {"lr": 0.1000000001}
