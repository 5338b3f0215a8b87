"""The probe set is drawn from three policies, and the same call repeats it."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from rlbatch import files
from rlbatch.compare.built import Built
from rlbatch.compare.inner import ProbeSet, collect, digest
from rlbatch.compare.inner.states import _middle
from rlbatch.errors import ConfigError, FileError
from rlbatch.train.evaluate import EVALUATION_SEED

Run = tuple[Path, Built]


def with_steps(folder: Path, steps: Sequence[int]) -> Path:
    """A run folder that holds nothing but the names of these step checkpoints."""
    (folder / "checkpoints").mkdir()
    for step in steps:
        (folder / "checkpoints" / f"step_{step}.safetensors").touch()
    return folder


def test_collecting_again_gives_the_same_bytes(finished: Run, collected: ProbeSet) -> None:
    run, built = finished
    assert digest(collect(built, run, 60)) == digest(collected)


def test_columns_are_those_of_transitions(collected: ProbeSet) -> None:
    assert collected.obs.shape == collected.next_obs.shape == (60, 4)
    assert collected.action.shape == collected.reward.shape == collected.discount.shape == (60,)
    assert collected.action.dtype == torch.int64
    assert {c.dtype for c in (collected.obs, collected.reward, collected.discount)} == {
        torch.float32
    }


def test_successors_are_one_tick_after_their_observations(collected: ProbeSet) -> None:
    moved = collected.obs[:, 0] + 0.02 * collected.obs[:, 1]  # x' = x + τẋ
    assert torch.allclose(collected.next_obs[:, 0], moved, atol=1e-6)


def test_discounts_are_zero_exactly_where_the_pole_fell(finished: Run) -> None:
    run, built = finished
    many = collect(built, run, 900)
    fell = (many.next_obs[:, 2].abs() > 12 * torch.pi / 180) | (many.next_obs[:, 0].abs() > 2.4)
    assert fell.any()
    assert torch.equal(many.discount == 0.0, fell)
    assert set(many.discount[~fell].tolist()) == {many.discount.max().item()}


def test_a_time_limit_is_no_end(make_run: Callable[..., Run]) -> None:
    run, built = make_run("env.plug=envs.probes:Endless", "env_steps=40")
    assert collect(built, run, 60).discount.tolist() == pytest.approx([0.99] * 60)


def test_every_lane_of_a_sweep_walks(make_run: Callable[..., Run]) -> None:
    run, built = make_run("lanes={lr: [1e-3, 1e-4]}", "env_steps=40")
    assert len(built.train.lane_seeds) == 4
    assert len(collect(built, run, 1800).action) == 1800  # two lanes walk 1200


def test_no_transition_is_drawn_twice(finished: Run) -> None:
    run, built = finished
    obs = collect(built, run, 600).obs
    assert len(set(map(tuple, obs.tolist()))) == 600


def always(run: Path, name: str, action: int) -> None:
    """Makes a checkpoint prefer one action everywhere."""
    path = run / "checkpoints" / f"{name}.safetensors"
    tensors, meta = files.load_tensors(path)
    told = {key: torch.zeros_like(tensor) for key, tensor in tensors.items()}
    last = max(key for key in told if key.endswith("bias"))
    told[last][:, action] = 1.0
    files.save_tensors(path, told, meta)


def test_thirds_are_random_then_middle_then_expert(finished: Run, tmp_path: Path) -> None:
    run, built = finished
    copied = shutil.copytree(run, tmp_path / "run")
    always(copied, "step_200", 0)
    always(copied, "best", 1)
    shares = collect(built, copied, 900).action.float().reshape(3, 300).mean(1).tolist()
    assert 0.4 < shares[0] < 0.6
    assert 0.0 < shares[1] < 0.06  # ε = 0.05, half of it to the other side
    assert 0.94 < shares[2] < 1.0


def test_the_middle_is_the_step_nearest_to_half_of_the_run(tmp_path: Path) -> None:
    run = with_steps(tmp_path, [25, 60, 100, 9])
    assert _middle(run, 100) == "step_60"
    assert _middle(run, 85) == "step_25"  # 42.5 is as far from both: the earlier
    assert _middle(run, 20) == "step_9"


def test_a_run_without_step_checkpoints_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"expected a checkpoint step_<n>, got none"):
        _middle(with_steps(tmp_path, []), 100)


@pytest.mark.parametrize("states", [0, 2, 100, 1203])
def test_a_number_without_thirds_or_beyond_what_is_walked_is_refused(
    finished: Run, states: int
) -> None:
    run, built = finished
    with pytest.raises(
        ConfigError, match=r"probe\.states: expected a multiple of 3 in \[3, 1200\]"
    ):
        collect(built, run, states)


def test_a_reference_run_that_does_not_look_ahead_is_refused(finished: Run) -> None:
    run, built = finished
    replay = dataclasses.replace(built.train.replay, gamma=0.0)
    train = dataclasses.replace(built.train, replay=replay)
    blind: Any = dataclasses.replace(built, train=train)  # type: ignore[type-var]
    with pytest.raises(ConfigError, match=r"replay\.gamma: expected above 0"):
        collect(blind, run, 60)


def test_no_walk_has_the_seed_of_evaluations_or_of_another_walk(finished: Run) -> None:
    run, built = finished
    asked: list[int] = []

    def make_env(*, seeds: Sequence[int], per_lane: int, device: torch.device) -> Any:
        asked.extend(seeds)
        return built.make_env(seeds=seeds, per_lane=per_lane, device=device)

    spied: Any = dataclasses.replace(built, make_env=make_env)  # type: ignore[type-var]
    collect(spied, run, 3)
    walks = [seed for seed in asked if seed != built.train.seed]
    assert len(set(walks)) == len(walks) == 6
    assert EVALUATION_SEED not in walks
