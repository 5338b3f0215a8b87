"""A policy is tried where it was not trained."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from envs.cartpole import CartPole
from rlbatch.compare.built import Built
from rlbatch.compare.inner import HELD_OUT, HELD_OUT_SEED, restore, robustness
from rlbatch.contract import MakeEnv
from rlbatch.errors import ConfigError
from rlbatch.train import Evaluator
from rlbatch.train.evaluate import EVALUATION_SEED

Run = tuple[Path, Built]
CPU = torch.device("cpu")


def test_perturbed_physics_changes_the_return_of_every_lane(finished: Run) -> None:
    learner = restore(finished[1], finished[0], "final").learner
    weak = functools.partial(CartPole, force=1.0)
    variants: dict[str, MakeEnv] = {"same": CartPole, "weak": weak}
    found = robustness(learner, finished[1], variants, 20)
    assert list(found) == [HELD_OUT, "same", "weak"]
    assert [len(own) for own in found.values()] == [2, 2, 2]
    assert all(a + 5 < b for a, b in zip(found["same"], found["weak"], strict=True))


def test_what_is_not_perturbed_returns_what_an_evaluation_does(finished: Run) -> None:
    learner = restore(finished[1], finished[0], "final").learner
    usual = Evaluator(CartPole, 2, 5, 60, CPU).play(learner.values).returns.mean(1).tolist()
    assert robustness(learner, finished[1], {"same": CartPole}, 5)["same"] == usual


def test_held_out_starts_are_others_in_the_world_trained_in(finished: Run) -> None:
    asked: list[tuple[str, set[int]]] = []

    def noting(name: str) -> Any:
        def make(*, seeds: Sequence[int], per_lane: int, device: torch.device) -> CartPole:
            asked.append((name, set(seeds)))
            return CartPole(seeds=seeds, per_lane=per_lane, device=device)

        return make

    run, built = finished
    learner = restore(built, run, "final").learner
    spied: Any = dataclasses.replace(built, make_env=noting("own"))  # type: ignore[type-var]
    robustness(learner, spied, {"other": noting("other")}, 2)
    assert asked == [("own", {HELD_OUT_SEED}), ("other", {EVALUATION_SEED})]


def test_held_out_starts_differ_from_the_common_ones_and_repeat() -> None:
    seeds = EVALUATION_SEED, HELD_OUT_SEED, HELD_OUT_SEED
    common, other, again = (CartPole(seeds=[s], per_lane=8, device=CPU).reset() for s in seeds)
    assert not torch.isin(other, common).any()
    assert torch.equal(other, again)


def test_no_variant_takes_the_name_of_the_held_out_starts(finished: Run) -> None:
    learner = restore(finished[1], finished[0], "final").learner
    with pytest.raises(ConfigError, match=r"robustness\.variants: expected .*held_out_starts"):
        robustness(learner, finished[1], {HELD_OUT: CartPole}, 2)


def test_no_episodes_are_refused(finished: Run) -> None:
    learner = restore(finished[1], finished[0], "final").learner
    with pytest.raises(ConfigError, match=r"robustness\.episodes: expected at least 1, got 0"):
        robustness(learner, finished[1], {}, 0)
