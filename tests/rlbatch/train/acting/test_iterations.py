"""Steps and update as one function of tensors are the run step by step, to the digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from agents.dqn import DQN
from envs.acrobot import Acrobot
from envs.cartpole import CartPole
from envs.probes import TwoStep
from rlbatch.learner import HardTarget, LearnerSettings, NoiseScale, PolyakTarget
from rlbatch.replay import Prioritised, Replay, ReplayBuffer
from rlbatch.schedule import BatchPlan, Epsilon, Fixed
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings, trainer
from rlbatch.train.acting import programs
from rlbatch.train.acting.iteration import Done
from rlbatch.train.acting.iterations import Iterations
from rlbatch.train.pack import Pack
from rlbatch.train.parts import apart
from rlbatch.train.sweep import Sweep
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
RUNGS = BatchPlan(schedule=Epsilon(explore=4, exploit=32))


class Ran:
    """A run whose rows lie on a device, which here is the CPU.

    Args:
        monkeypatch: undone after the run.
        whole: are steps and update one function?
        env: to train in.
        before: done with the trainer before it trains.
        own: settings beside `SETTINGS`.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        whole: bool,
        env: Any = CartPole,
        before: Callable[[Trainer], None] = lambda trainer: None,
        **own: Any,
    ) -> None:
        per_lane = own.pop("per_lane", 1)
        agent = own.pop("agent", DQN(hidden=(8,)))
        self.widths: list[int] = []  # of programs run
        with monkeypatch.context() as patch:
            patch.setattr(trainer, "buffer_for", on_device)
            if not whole:
                patch.setattr(trainer, "iterations_for", lambda *_: None)
            run = Iterations._run

            def noting(own: Iterations, blocks: Any, *told: Any) -> Any:
                done = run(own, blocks, *told)
                self.widths.append(max([block.rows for block in blocks], default=0))
                return done

            patch.setattr(Iterations, "_run", noting)
            plans = own.pop("plans", [SETTINGS["batch"]])
            runs = [TrainSettings(**SETTINGS | {"batch": plan} | own) for plan in plans]
            pack = Pack(tuple(runs)) if len(runs) > 1 else runs[0]
            self.trainer = Trainer(pack, agent, env, per_lane=per_lane)
            before(self.trainer)
            self.records = [record for moment in self.trainer.records() for record in moment]


def same(ran: Ran, usual: Ran) -> None:
    """Did these two runs come to the same?"""
    assert usual.widths == []
    assert len(ran.records) == len(usual.records)
    assert all(map(like, ran.records, usual.records))
    mine, theirs = (one.trainer.buffer.state_dict() for one in (ran, usual))
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    seen = [one.trainer._signs._probe._states for one in (ran, usual)]
    assert seen[0] is not None
    assert seen[1] is not None
    assert torch.equal(seen[0], seen[1])
    mine, theirs = (one.trainer.learner.state_dict() for one in (ran, usual))
    for name in theirs:
        assert torch.allclose(mine[name], theirs[name], atol=1e-6, equal_nan=True)


def on_device(pack: Any, spaces: Any, device: torch.device) -> ReplayBuffer:
    replay, seeds = pack.common.replay, pack.lane_seeds
    told: dict[str, Any] = {"lanes": len(seeds), "seed": seeds, "gamma": replay.gamma}
    told |= {"n_step": replay.n_step, "sampler": replay.sampler}
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
        {"per_lane": 8, "learn": Learn(start=46, every=2)},  # states to see changes on, at 48
        {"replay": Replay(capacity=50), "learn": Learn(start=16, every=8)},  # the ring goes round
        {"batch": BatchPlan(schedule=Epsilon(explore=4, exploit=32))},
        {"batch": BatchPlan(schedule=Epsilon(explore=4, exploit=16)), "iso": "samples"},
        {"learner": LearnerSettings(target=PolyakTarget(tau=0.1), clip_norm=0.5)},
        {"learner": LearnerSettings(target=HardTarget(period=16), micro_batch=5)},
        {"agent": DQN(hidden=(8,), norm="batch", norm_group=4, small_groups=True)},
        {"env": Acrobot, "replay": Replay(gamma=0.9)},
        {"lanes": Sweep(lr=(1e-3, 1e-2), epsilon_end=(0.0, 0.5)), "seeds": 2},
        {"plans": [RUNGS, BatchPlan(schedule=Fixed(rows=2)), BatchPlan(schedule=Fixed(rows=3))]},
    ],
)
def test_whole_iterations_are_the_run_step_by_step(
    monkeypatch: pytest.MonkeyPatch, own: Any
) -> None:
    ran, usual = (Ran(monkeypatch, whole, **own) for whole in (True, False))
    assert ran.widths
    same(ran, usual)


def test_updates_are_part_of_the_program_from_the_second_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran = Ran(monkeypatch, True, log_every=1.0)
    assert ran.widths == [0] * 4 + [8] * 25  # the first at 40, step by step, of 30 iterations


def test_a_lane_that_diverges_leaves_the_others_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def overflow(trainer: Trainer) -> None:
        trainer.learner.online.flat[1] = 1e30

    ran, usual = (Ran(monkeypatch, whole, before=overflow) for whole in (True, False))
    assert ran.trainer.lanes.diverged.tolist() == [False, True, False]
    assert 0 < len(ran.widths) < 10  # none once a lane has left
    same(ran, usual)


class Replayed:
    """Stands in for a graph: does again what it saw, and writes where it wrote then."""

    def __init__(self, act: Callable[[], Done], changed: Sequence[Tensor]) -> None:
        before = [own.clone() for own in changed]
        self._act, self.answer = act, act()
        for own, old in zip(changed, before, strict=True):
            own.copy_(old)

    def replay(self) -> None:
        for place, value in zip(tensors(self.answer), tensors(self._act()), strict=True):
            place.copy_(value)


def tensors(done: Done) -> list[Tensor]:
    told = [*done[:2], *(done.batch or ()), done.ok, done.row_error]
    return [own for own in told if own is not None]


def recorded(trainer: Trainer) -> None:
    """Has programs captured, as on a CUDA device."""
    assert trainer._player.iterations is not None
    trainer._player.iterations._programs.record = True


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> list[Replayed]:
    """Graphs that were captured."""
    graphs: list[Replayed] = []

    def stand_in(act: Any, changed: Any) -> tuple[Replayed, Done]:
        graphs.append(graph := Replayed(act, changed))
        return graph, graph.answer

    monkeypatch.setattr(programs, "captured", stand_in)
    return graphs


@pytest.mark.parametrize(
    ("own", "widths"),
    [
        ({"batch": RUNGS}, {0, 16, 32}),  # steps alone, and one for each rung
        ({"batch": BatchPlan(schedule=Fixed(rows=16), reference=4), "iso": "samples"}, {0, 16}),
        ({"batch": RUNGS, "per_lane": 4, "learn": Learn(start=40, every=6)}, {0, 16, 32}),
    ],
)
def test_recorded_iterations_read_what_is_said_and_write_where_they_did(
    monkeypatch: pytest.MonkeyPatch, met: list[Replayed], own: Any, widths: set[int]
) -> None:
    ran = Ran(monkeypatch, True, before=recorded, **own)
    assert set(ran.widths) == widths
    assert len(met) == len(widths)
    same(ran, Ran(monkeypatch, False, **own))


def test_of_many_graphs_the_rest_is_launched_and_told(
    monkeypatch: pytest.MonkeyPatch, met: list[Replayed]
) -> None:
    monkeypatch.setattr(programs, "MOST", 2)
    ran = Ran(monkeypatch, True, before=recorded, batch=RUNGS)
    assert len(met) == 2
    assert set(ran.widths) == {0, 16, 32}
    told = [r.values["reason"] for r in ran.records if r.values.get("event") == "graph"]
    assert told == ["2 graphs are captured: operations are launched one by one"] * 3


def test_a_lane_that_leaves_recorded_iterations_is_told(
    monkeypatch: pytest.MonkeyPatch, met: list[Replayed]
) -> None:
    def overflow(trainer: Trainer) -> None:
        recorded(trainer)
        trainer.learner.online.flat[1] = 1e30

    ran = Ran(monkeypatch, True, before=overflow)
    told = [r.values["reason"] for r in ran.records if r.values.get("event") == "apart"]
    assert told == ["a lane has left: env steps and updates are calls of their own from now on"] * 2


def test_a_run_that_was_dropped_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "buffer_for", on_device)
    settings = TrainSettings(**SETTINGS | {"learn": Learn(start=200, every=8)})
    made = Trainer(settings, DQN(hidden=(8,)), CartPole)
    made._player.reset()
    for _ in range(3):
        made._player.play((8, 240), apart=False)
        made._player.finish()
    made._player.reset()
    first = made._env.reset()
    made._player.play((8, 240), apart=False)
    made._player.finish()
    made._player.settle()
    assert torch.equal(made.buffer.newest(8).obs[:, 0], first[:, 0])


def test_rungs_that_do_not_fit_are_learned_apart_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stand_in(act: Any, changed: Any) -> tuple[Replayed, Done]:
        graph = Replayed(act, changed)
        if graph.answer.row_error is not None and graph.answer.row_error.shape[1] >= 32:
            raise torch.OutOfMemoryError("out of memory")
        return graph, graph.answer

    monkeypatch.setattr(programs, "captured", stand_in)
    ran = Ran(monkeypatch, True, before=recorded, batch=RUNGS)
    assert set(ran.widths) == {0, 16}
    told = [r for r in ran.records if r.values.get("event") == "memory"]
    assert {r.values["reason"] for r in told} == {
        "no memory for a program with 32 rows: learned apart"
    }
    assert len(told) == 3  # once, in every lane
    ran.records = [record for record in ran.records if record not in told]
    same(ran, Ran(monkeypatch, False, batch=RUNGS))


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ({"replay": Replay(n_step=3)}, "rows are not plain, of one step"),
        ({"replay": Replay(sampler=Prioritised())}, "drawn uniformly"),
        ({"batch": BatchPlan(schedule=Fixed(rows="buffer"))}, "a batch is the whole buffer"),
        ({"learner": LearnerSettings(noise_scale=NoiseScale())}, "the noise scale is measured"),
        ({"replay": Replay(capacity=8), "learn": Learn(start=8, every=9)}, "more rows than"),
        ({"env": TwoStep}, "the environments are not tensors"),
        ({}, ""),
    ],
)
def test_what_cannot_be_one_program_is_named(
    monkeypatch: pytest.MonkeyPatch, own: Any, reason: str
) -> None:
    env = own.pop("env", CartPole)
    monkeypatch.setattr(trainer, "buffer_for", on_device)
    made = Trainer(TrainSettings(**SETTINGS | own), DQN(hidden=(8,)), env)
    told = apart(made.pack, made._env, made.buffer, 1)
    assert reason in told
    assert bool(told) == (made._player.iterations is None)
