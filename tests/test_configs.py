"""Every config that comes with the house loads, builds and can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.dqn import DQN
from rlbatch.compare.inference import least_seeds
from rlbatch.config import Experiment, build, read, read_comparison
from rlbatch.learner import AdamSettings, HardTarget
from rlbatch.schedule import Epsilon, Fixed
from rlbatch.train import Exploration, Learn, Trainer

ROOT = Path(__file__).parents[1]
COMPARED = ("quick.yaml", "cartpole.yaml", "coupling.yaml", "controllers.yaml", "phase.yaml")
COMPARISONS = sorted(ROOT / "configs/compare" / name for name in COMPARED)
CONFIGS = sorted(set((ROOT / "configs").rglob("*.yaml")) - set(COMPARISONS))


def built(path: Path, *overrides: str) -> Experiment:
    """The experiment of a config on the CPU."""
    return build(read(path, ["device=cpu", *overrides]), path.stem)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_configs() -> None:
    assert {"configs/cartpole.yaml", "configs/quick.yaml", "configs/cleanrl/cartpole.yaml"} <= set(
        map(name, CONFIGS)
    )


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_every_config_builds_a_trainer(path: Path) -> None:
    found = built(path)
    trainer = Trainer(found.train, found.agent, found.make_env, per_lane=found.per_lane)
    assert trainer.learner.lanes == found.train.seeds
    assert trainer.buffer.capacity == found.train.replay.capacity


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_every_config_reloads_from_its_resolved_text(path: Path, tmp_path: Path) -> None:
    found, resolved = built(path), tmp_path / "resolved.yaml"
    resolved.write_text(found.text(), encoding="utf-8")
    again = build(read(resolved), path.stem)
    assert (again.resolved, again.train, again.run) == (found.resolved, found.train, found.run)
    assert (again.agent, again.per_lane) == (found.agent, found.per_lane)


@pytest.mark.parametrize("path", COMPARISONS, ids=name)
def test_every_comparison_plans_more_seeds_than_its_tests_need(path: Path) -> None:
    comparison = read_comparison(path).comparison
    contrasts = comparison.contrasts()
    tests = len(contrasts) * len(comparison.plan.endpoints)
    assert contrasts
    assert comparison.seeds >= least_seeds(tests, comparison.plan.alpha)


def test_the_cartpole_comparison_has_its_ten_regimes_over_ten_seeds() -> None:
    comparison = read_comparison(ROOT / "configs/compare/cartpole.yaml").comparison
    kinds = [regime.control for regime in comparison.regimes]
    assert (len(kinds), comparison.seeds) == (10, 10)
    assert {"matched", "yoked", "lr0"} <= set(kinds)


def test_the_main_job_follows_epsilon_over_eight_seeds() -> None:
    train = built(ROOT / "configs/cartpole.yaml").train
    assert isinstance(train.batch.schedule, Epsilon)
    assert train.batch.schedule.explore < train.batch.schedule.exploit
    assert train.seeds == 8


def test_the_cleanrl_preset_has_cleanrls_hyper_parameters() -> None:
    found = built(ROOT / "configs/cleanrl/cartpole.yaml")
    train, learner = found.train, found.train.learner
    assert found.agent == DQN(hidden=(120, 84), criterion="mse", double=False, dueling=False)
    assert (learner.lr, learner.optimizer, learner.clip_norm) == (2.5e-4, AdamSettings(), None)
    assert learner.target == HardTarget(period=500)
    assert (train.batch.schedule, train.batch.coupling) == (Fixed(rows=128), "none")
    assert (train.replay.capacity, train.replay.gamma) == (10_000, 0.99)
    assert train.learn == Learn(start=10_000, every=10, count=1)
    assert train.exploration == Exploration(start=1.0, end=0.05, fraction=0.5)
    assert (train.env_steps, train.iso, found.per_lane) == (500_000, "updates", 1)


def test_the_cleanrl_preset_plays_gymnasiums_cartpole() -> None:
    env: dict[str, Any] = built(ROOT / "configs/cleanrl/cartpole.yaml").resolved["env"]
    assert (env["plug"], env["id"]) == ("envs.gymnasium:make", "CartPole-v1")
