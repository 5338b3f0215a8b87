"""Steps and update as one function of tensors are the run step by step, to the digit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from agents.dqn import DQN
from envs.acrobot import Acrobot
from envs.cartpole import CartPole
from rlbatch.learner import HardTarget, LearnerSettings, PolyakTarget
from rlbatch.replay import Replay, ReplayBuffer
from rlbatch.schedule import BatchPlan, Epsilon, Fixed
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings, trainer
from rlbatch.train.iterations import Iterations
from rlbatch.types import Record

SETTINGS: dict[str, Any] = {
    "seed": 3,
    "seeds": 3,
    "env_steps": 240,
    "learn": Learn(start=40, every=8),
    "batch": BatchPlan(schedule=Fixed(rows=8)),
    "evaluate": Evaluation(every=0.5, episodes=1, final_episodes=1, max_length=9),
    "log_every": 0.2,
}


class Ran:
    """A run whose rows lie on a device, which here is the CPU."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, whole: bool, env: Any = CartPole, **own: Any
    ) -> None:
        per_lane = own.pop("per_lane", 1)
        agent = own.pop("agent", DQN(hidden=(8,)))
        self.widths: list[int] = []  # of programs run
        with monkeypatch.context() as patch:
            patch.setattr(trainer, "buffer_for", on_device)
            if not whole:
                patch.setattr(trainer, "iterations_for", lambda *_: None)
            run = Iterations._run

            def noting(own: Iterations, width: int, *told: Any) -> Any:
                self.widths.append(width)
                return run(own, width, *told)

            patch.setattr(Iterations, "_run", noting)
            self.trainer = Trainer(TrainSettings(**SETTINGS | own), agent, env, per_lane=per_lane)
            self.records = [record for moment in self.trainer.records() for record in moment]


def on_device(pack: Any, spaces: Any, device: torch.device) -> ReplayBuffer:
    replay, seeds = pack.common.replay, pack.lane_seeds
    told: dict[str, Any] = {"lanes": len(seeds), "seed": seeds, "gamma": replay.gamma}
    told |= {"device": device, "storage": "device"}
    return ReplayBuffer(replay.capacity, *spaces, **told)


def like(one: Record, other: Record) -> bool:
    """The same but for the clock; numbers within rounding."""
    same = one._replace(wall_s=0.0, values={}) == other._replace(wall_s=0.0, values={})
    return same and one.values == {
        name: own if isinstance(own, str) else pytest.approx(own, rel=1e-4, abs=1e-6, nan_ok=True)
        for name, own in other.values.items()
    }


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"per_lane": 2},
        {"per_lane": 4, "learn": Learn(start=40, every=6)},  # one step each, 0 to 1 updates
        {"learn": Learn(start=40, every=8, count=3)},
        {"learn": Learn(start=45, every=1)},
        {"replay": Replay(capacity=50), "learn": Learn(start=16, every=8)},  # the ring goes round
        {"batch": BatchPlan(schedule=Epsilon(explore=4, exploit=32))},
        {"batch": BatchPlan(schedule=Epsilon(explore=4, exploit=16)), "iso": "samples"},
        {"learner": LearnerSettings(target=PolyakTarget(tau=0.1), clip_norm=0.5)},
        {"learner": LearnerSettings(target=HardTarget(period=16), micro_batch=5)},
        {"agent": DQN(hidden=(8,), norm="batch", norm_group=4, small_groups=True)},
        {"env": Acrobot, "replay": Replay(gamma=0.9)},
    ],
)
def test_whole_iterations_are_the_run_step_by_step(
    monkeypatch: pytest.MonkeyPatch, own: Any
) -> None:
    ran, usual = (Ran(monkeypatch, whole, **own) for whole in (True, False))
    assert ran.widths
    assert usual.widths == []
    assert len(ran.records) == len(usual.records)
    assert all(map(like, ran.records, usual.records))
    mine, theirs = (one.trainer.buffer.state_dict() for one in (ran, usual))
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    mine, theirs = (one.trainer.learner.state_dict() for one in (ran, usual))
    assert all(torch.allclose(mine[name], theirs[name], atol=1e-6) for name in theirs)
