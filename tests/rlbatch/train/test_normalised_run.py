"""Batch statistics from the config to the checkpoint, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.dqn import DQN
from rlbatch.compare.inner import lane_network, restore
from rlbatch.config import build, read
from rlbatch.errors import ConfigError, DataError
from rlbatch.evaluate import evaluate
from rlbatch.files import load_tensors
from rlbatch.schedule import BatchPlan, Cyclic, Fixed, Ladder
from rlbatch.train import Trainer
from rlbatch.train.__main__ import main

MakeTrainer = Callable[..., Trainer]
NORMED = DQN(hidden=(8,), norm="batch", norm_group=16)
CONFIG = """\
env: {plug: "envs.cartpole:CartPole"}
agent: {plug: "agents.dqn:DQN", hidden: [8], norm: batch, norm_group: 16}
seed: 3
seeds: 2
env_steps: 1200
learn: {start: 100, every: 4, count: 1}
batch: {schedule: {kind: epsilon, explore: 16, exploit: 64}}
learner: {lr: 1.0e-3, micro_batch: 32}
evaluate: {every: 0.5, episodes: 2, final_episodes: 3, max_length: 60}
checkpoint_every: 1.0
log_every: 0.5
device: cpu
threads: 1
"""


@pytest.fixture(scope="module")
def normed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("normed")
    (place / "normed.yaml").write_text(CONFIG, encoding="utf-8")
    assert main([str(place / "normed.yaml"), f"run_dir={place / 'run'}"]) == 0
    return place / "run"


def test_a_checkpoint_holds_the_statistics_of_every_lane(normed: Path) -> None:
    tensors, _ = load_tensors(normed / "checkpoints" / "final.safetensors")
    mean, variance = (tensors[f"body.1.running_{own}"] for own in ("mean", "var"))
    assert mean.shape == variance.shape == (2, 8)
    assert not torch.equal(mean[0], mean[1])
    assert bool((mean != 0.0).all() & (variance != 1.0).all())


def test_a_checkpoint_plays_as_the_run_did_at_its_end(normed: Path) -> None:
    experiment = build(read(normed / "config.yaml", ["device=cpu"]), "run")
    told = evaluate(experiment, normed, "final", 3)
    ended = json.loads((normed / "summary.json").read_text(encoding="utf-8"))["eval"]
    assert list(told.values()) == [own["return"] for own in ended["per_seed"]]


def test_one_lane_as_a_module_has_its_statistics_and_acts_the_same(normed: Path) -> None:
    restored = restore(build(read(normed / "config.yaml", ["device=cpu"]), "run"), normed, "final")
    obs = torch.randn(2, 5, 4)
    for lane in range(2):
        values = lane_network(restored, lane)(obs[lane])  # 5 rows, with gradient
        torch.testing.assert_close(values, restored.learner.values(obs)[lane])


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (BatchPlan(schedule=Fixed(rows=24)), r"^batch\.schedule: .* 16 rows, .*, got 24 rows"),
        (BatchPlan(schedule=Fixed(rows="buffer")), r"^batch\.schedule: .*, got rows: buffer"),
        (BatchPlan(schedule=Cyclic(low=8, high=64, period=4)), r"^batch\.schedule: .*, got 8 rows"),
        (
            BatchPlan(schedule=Cyclic(low=16, high=64, period=4), ladder=Ladder(kind="exact")),
            r"^batch\.ladder: expected powers for a B that moves, got exact",
        ),
    ],
)
def test_sizes_that_cut_through_a_group_are_refused_before_training(
    make_trainer: MakeTrainer, plan: BatchPlan, message: str
) -> None:
    make_trainer(batch=plan)  # any size will do without statistics
    with pytest.raises(ConfigError, match=message):
        make_trainer(agent=NORMED, batch=plan)


class Own:
    """A schedule that does not say how small it gets."""

    def __call__(self, signal: Any) -> float:
        return 16.0 if signal.update < 3 else 8.0


def test_sizes_that_were_not_known_before_are_refused_at_the_update(
    make_trainer: MakeTrainer,
) -> None:
    trainer = make_trainer(agent=NORMED, batch=BatchPlan(schedule=Own()))
    with pytest.raises(DataError, match=r"^learner\.batch: expected multiples of 16 rows, .* 8"):
        list(trainer.records())
    assert trainer.learner.updates.tolist() == [3, 3]
