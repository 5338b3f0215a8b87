"""diagnostics.json says of every lane what there is to say, and None where there is nothing."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from envs.cartpole import CartPole
from rlbatch import files
from rlbatch.compare.built import Built
from rlbatch.compare.inner import (
    HELD_OUT,
    SIGNS,
    ProbeSet,
    diagnose,
    digest,
    lane_network,
    overestimation,
    restore,
    write_diagnostics,
)
from rlbatch.errors import ConfigError
from rlbatch.train.evaluate import EVALUATION_SEED

Run = tuple[Path, Built]
VARIANTS = {"heavy": functools.partial(CartPole, gravity=40.0)}


@pytest.fixture(scope="session")
def told(finished: Run, collected: ProbeSet) -> dict[str, Any]:
    """What is found in the finished run."""
    return diagnose(finished[0], finished[1], collected, VARIANTS, 3)


def per_seed(told: dict[str, Any], name: str) -> list[float | None]:
    found: list[float | None] = told["signs"][name]["per_seed"]
    return found


def test_it_has_the_keys_of_the_format(told: dict[str, Any], collected: ProbeSet) -> None:
    assert (told["probe"], told["checkpoint"]) == (digest(collected), "final")
    assert {name: sign["experimental"] for name, sign in told["signs"].items()} == SIGNS
    assert list(told["robustness"]) == [HELD_OUT, "heavy"]
    numbers = [*told["signs"].values(), *told["robustness"].values()]
    assert {len(own["per_seed"]) for own in numbers} == {2}


def test_every_sign_of_a_healthy_lane_is_a_number_that_makes_sense(told: dict[str, Any]) -> None:
    assert None not in [value for name in SIGNS for value in per_seed(told, name)]
    assert all(0 <= value <= 1 for value in per_seed(told, "dormant_ratio") if value is not None)
    assert all(1 <= value <= 8 for value in per_seed(told, "srank") if value is not None)
    assert set(per_seed(told, "soft_divergence")) == {0.0}  # 400 steps reach no value of 100


def test_signs_are_those_of_the_final_parameters(
    told: dict[str, Any], finished: Run, collected: ProbeSet
) -> None:
    restored = restore(finished[1], finished[0], "final")
    for lane in (0, 1):
        largest = lane_network(restored, lane)(collected.obs).abs().max().item()
        assert per_seed(told, "q_max")[lane] == largest


def test_overestimation_is_from_the_start_states_of_evaluations(
    told: dict[str, Any], finished: Run
) -> None:
    learner = restore(finished[1], finished[0], "final").learner
    env = CartPole(seeds=[EVALUATION_SEED] * 2, per_lane=3, device=torch.device("cpu"))
    wanted = overestimation(learner.values, env, 0.99, 60).tolist()
    assert per_seed(told, "overestimation") == pytest.approx(wanted, rel=1e-6)


def test_it_repeats_itself(told: dict[str, Any], finished: Run, collected: ProbeSet) -> None:
    again = diagnose(finished[0], finished[1], collected, VARIANTS, 3)
    assert json.dumps(again) == json.dumps(told)


def test_a_diverged_lane_says_none_and_does_not_stop_the_other(
    told: dict[str, Any], finished: Run, collected: ProbeSet, tmp_path: Path
) -> None:
    run = shutil.copytree(finished[0], tmp_path / "run")
    path = run / "checkpoints" / "final.safetensors"
    tensors, meta = files.load_tensors(path)
    next(iter(tensors.values()))[0] = torch.nan
    files.save_tensors(path, tensors, meta)
    found = diagnose(run, finished[1], collected, VARIANTS, 3)
    for part in ("signs", "robustness"):
        for name, own in found[part].items():
            assert own["per_seed"][0] is None
            assert own["per_seed"][1] == pytest.approx(told[part][name]["per_seed"][1], rel=1e-6)


def test_signs_that_overflow_are_none(finished: Run, collected: ProbeSet, tmp_path: Path) -> None:
    run = shutil.copytree(finished[0], tmp_path / "run")
    path = run / "checkpoints" / "final.safetensors"
    tensors, meta = files.load_tensors(path)
    files.save_tensors(path, {name: torch.full_like(t, 3e38) for name, t in tensors.items()}, meta)
    found = diagnose(run, finished[1], collected, {}, 3)
    for name in ("q_max", "dormant_ratio", "srank", "td_error", "sharpness", "overestimation"):
        assert per_seed(found, name) == [None, None]
    assert per_seed(found, "soft_divergence") == [1.0, 1.0]
    json.dumps(found, allow_nan=False)


def test_a_network_without_hidden_layers_has_no_dormant_units(
    make_run: Callable[..., Run], collected: ProbeSet
) -> None:
    run, built = make_run("agent.hidden=[]", "env_steps=40")
    found = diagnose(run, built, collected, {}, 2)
    assert per_seed(found, "dormant_ratio") == [None, None]
    assert per_seed(found, "srank") == [4, 4]  # the observation itself enters the last layer


def test_a_run_bootstraps_with_its_own_discount(finished: Run, collected: ProbeSet) -> None:
    run, built = finished
    replay = dataclasses.replace(built.train.replay, gamma=0.0)
    train = dataclasses.replace(built.train, replay=replay)
    blind: Any = dataclasses.replace(built, train=train)  # type: ignore[type-var]
    error = per_seed(diagnose(run, blind, collected, {}, 2), "td_error")
    taken = lane_network(restore(built, run, "final"), 0)(collected.obs)
    own = taken.gather(1, collected.action[:, None])[:, 0]
    assert error[0] == pytest.approx((1.0 - own).abs().mean().item())  # r − Q(s, a)


def test_what_is_written_reads_back(told: dict[str, Any], tmp_path: Path) -> None:
    path = write_diagnostics(tmp_path, told)
    assert path == tmp_path / "diagnostics.json"
    assert json.loads(path.read_text()) == told
    assert [entry.name for entry in tmp_path.iterdir()] == ["diagnostics.json"]


def test_no_episodes_are_refused(finished: Run, collected: ProbeSet) -> None:
    with pytest.raises(ConfigError, match=r"diagnose\.episodes: expected at least 1, got 0"):
        diagnose(finished[0], finished[1], collected, {}, 0)
