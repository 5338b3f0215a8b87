"""The loop does what its settings say: B used is B logged, ε and B move, seeds repeat."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.dqn import DQN
from envs.cartpole import CartPole
from envs.gymnasium import make
from envs.probes import Endless, TwoStep
from rlbatch.errors import DataError
from rlbatch.learner import LearnerSettings
from rlbatch.replay import Laber, Prioritised, Replay, WithoutReplacement
from rlbatch.schedule import BatchPlan, Coupling, Epsilon, Fixed, Ladder
from rlbatch.train import Evaluation, Exploration, Learn, Trainer
from rlbatch.types import Batch, Record, Step

MakeTrainer = Callable[..., Trainer]
EPSILON = BatchPlan(schedule=Epsilon(explore=4, exploit=16))
WHOLE_WAY = Exploration(start=1.0, end=0.0, fraction=1.0)
ALWAYS = Exploration(start=1.0, end=1.0)
EACH_STEP = 0.01  # `log_every` of 100 env steps


def records_of(trainer: Trainer, kind: str = "train", lane: int | None = 0) -> list[Record]:
    """Trains to the end; the records of one kind and lane (None: all), without wall time."""
    told = [record._replace(wall_s=0.0) for moment in trainer.records() for record in moment]
    return [r for r in told if r.kind == kind and lane in (None, r.lane)]


def column(records: Sequence[Record], name: str) -> list[Any]:
    return [record.values[name] for record in records]


class Draws:
    """Every batch that a trainer's buffer gives, as it is given."""

    def __init__(self, trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[Batch] = []
        for name in ("sample", "whole"):
            drawn = self._noted(getattr(trainer.buffer, name))
            monkeypatch.setattr(trainer.buffer, name, drawn)

    def _noted(self, draw: Callable[..., Batch]) -> Callable[..., Batch]:
        def noted(*told: Any) -> Batch:
            batch = draw(*told)
            self.batches.append(batch)
            return batch

        return noted

    def rows(self, lane: int = 0) -> list[int]:
        """Rows in each batch, counted."""
        return [int((batch.row[lane] >= 0).sum()) for batch in self.batches]

    def numbers(self, lane: int = 0) -> list[list[int]]:
        """Which rows each batch had."""
        return [batch.row[lane].tolist() for batch in self.batches]


class Seen:
    """What a trainer's environments showed and what was done."""

    def __init__(self, trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.obs: list[Tensor] = []
        self.actions: list[Tensor] = []
        add = trainer.buffer.add

        def noted(obs: Tensor, action: Tensor, *rest: Any) -> None:
            self.obs.append(obs.clone())
            self.actions.append(action.clone())
            add(obs, action, *rest)

        monkeypatch.setattr(trainer.buffer, "add", noted)


@pytest.mark.parametrize("per_lane", [1, 3])
def test_the_rows_logged_are_the_rows_drawn(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, per_lane: int
) -> None:
    trainer = make_trainer(batch=EPSILON, per_lane=per_lane, log_every=EACH_STEP)
    draws = Draws(trainer, monkeypatch)
    for record in records_of(trainer, lane=1):
        drawn = draws.rows(1)[: record.update]
        assert record.samples == sum(drawn)
        assert record.values["batch_size"] == (drawn[-1] if drawn else 0)
    assert len(draws.batches) == (41 if per_lane == 1 else 42)  # at 20, 22, ..., 100, and 102


def test_the_size_of_a_batch_is_the_rows_in_it(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(batch=EPSILON)
    draws = Draws(trainer, monkeypatch)
    records_of(trainer)
    assert [batch.size.tolist() for batch in draws.batches] == [[n, n] for n in draws.rows()]


def test_batch_size_and_epsilon_move_over_the_run(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(batch=EPSILON, exploration=WHOLE_WAY, log_every=EACH_STEP)
    records = records_of(trainer)
    assert column(records, "epsilon") == pytest.approx([1 - t / 100 for t in range(1, 101)])
    sizes = column(records, "batch_size")
    assert sorted(set(sizes)) == [0, 8, 16]  # at ε = 0.8, where learning starts, 6.4 rows
    assert sizes == sorted(sizes)
    assert sizes[-1] == 16


def test_the_batch_size_is_the_schedule_at_the_epsilon_of_its_update(
    make_trainer: MakeTrainer,
) -> None:
    plan = BatchPlan(schedule=Epsilon(explore=10, exploit=110), ladder=Ladder(kind="exact"))
    trainer = make_trainer(batch=plan, exploration=WHOLE_WAY, log_every=EACH_STEP)
    for record in records_of(trainer)[19::2]:
        assert record.values["batch_size"] == 10 + record.env_step


def test_the_schedules_low_end_is_used_when_learning_starts(make_trainer: MakeTrainer) -> None:
    told: Any = {"batch": EPSILON, "exploration": WHOLE_WAY, "learn": Learn(start=2, every=2)}
    records = records_of(make_trainer(**told, log_every=EACH_STEP))
    assert column(records, "batch_size")[:3] == [0, 4, 4]
    assert column(records, "phase")[:2] == ["warmup", "explore"]


def test_a_run_goes_through_the_phases(make_trainer: MakeTrainer) -> None:
    records = records_of(make_trainer(learn=Learn(start=4, every=2), log_every=0.02))
    phases = column(records, "phase")
    passed = ["warmup", "explore", "anneal", "exploit", "plateau"]
    assert list(dict.fromkeys(phases)) == passed  # no new best return for a tenth of the budget


@pytest.mark.parametrize(
    ("coupling", "factor"),
    [("none", lambda k: 1.0), ("linear", lambda k: k), ("sqrt", math.sqrt)],
)
def test_the_learning_rate_logged_and_used_follows_the_coupling(
    make_trainer: MakeTrainer,
    monkeypatch: pytest.MonkeyPatch,
    coupling: Coupling,
    factor: Callable[[float], float],
) -> None:
    plan = BatchPlan(schedule=EPSILON.schedule, coupling=coupling, reference=8)
    trainer = make_trainer(batch=plan, learner=LearnerSettings(lr=0.5), log_every=0.02)
    used: list[float] = []
    update = trainer.learner.update

    def noted(batch: Batch, *, lr: float, **rest: Any) -> None:
        used.append(lr)
        update(batch, lr=lr, **rest)

    monkeypatch.setattr(trainer.learner, "update", noted)
    records = [r for r in records_of(trainer) if r.update]
    assert column(records, "lr") == pytest.approx(
        [0.5 * factor(rows / 8) for rows in column(records, "batch_size")]
    )
    assert column(records, "lr") == [used[record.update - 1] for record in records]


def test_a_learning_rate_of_zero_changes_nothing(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(learner=LearnerSettings(lr=0.0))
    before = trainer.learner.online.flat.clone()
    assert records_of(trainer)[-1].update == 41
    assert torch.equal(trainer.learner.online.flat, before)


def test_a_batch_of_the_whole_buffer_has_every_stored_row_once(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"batch": BatchPlan(schedule=Fixed(rows="buffer")), "learn": Learn(start=20, every=5)}
    trainer = make_trainer(replay=Replay(capacity=30), log_every=0.05, **own)
    draws = Draws(trainer, monkeypatch)
    records = [r for r in records_of(trainer) if r.env_step >= 20]
    held = [range(max(0, r.env_step - 30), r.env_step) for r in records]
    assert [sorted(numbers) for numbers in draws.numbers(1)] == [list(rows) for rows in held]
    assert column(records, "batch_size") == [len(rows) for rows in held]
    assert records[-1].samples == sum(map(len, held))


@pytest.mark.parametrize("rows", [4, 16])
def test_under_iso_samples_the_rows_drawn_are_those_due(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    plan = BatchPlan(schedule=Fixed(rows=rows), reference=8)
    trainer = make_trainer(batch=plan, iso="samples")
    draws = Draws(trainer, monkeypatch)
    last = records_of(trainer)[-1]
    assert 41 * 8 - rows < last.samples <= 41 * 8  # 41 updates are due
    assert (last.samples, last.update) == (sum(draws.rows()), 41 * 8 // rows)


def test_under_iso_samples_a_moving_batch_draws_as_many_rows(make_trainer: MakeTrainer) -> None:
    plan = BatchPlan(schedule=Epsilon(explore=4, exploit=16), reference=8)
    last = records_of(make_trainer(batch=plan, iso="samples"))[-1]
    assert 41 * 8 - 16 < last.samples <= 41 * 8


def test_under_iso_updates_the_updates_do_not_depend_on_the_batch(
    make_trainer: MakeTrainer,
) -> None:
    for rows in (1, 16):
        last = records_of(make_trainer(batch=BatchPlan(schedule=Fixed(rows=rows))))[-1]
        assert (last.update, last.samples) == (41, 41 * rows)


def test_many_updates_at_once_each_draw_anew(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(learn=Learn(start=20, every=32, count=16))
    draws = Draws(trainer, monkeypatch)
    assert records_of(trainer)[-1].update == 3 * 16  # at 32, 64 and 96
    assert len({tuple(numbers) for numbers in draws.numbers()}) == 3 * 16


def test_env_steps_count_the_transitions_of_all_envs_of_a_lane(make_trainer: MakeTrainer) -> None:
    plan = BatchPlan(schedule=Fixed(rows=2))
    trainer = make_trainer(per_lane=4, batch=plan, log_every=EACH_STEP)
    records = records_of(trainer)
    assert [r.env_step for r in records] == list(range(4, 101, 4))
    assert column(records, "stored") == list(range(4, 101, 4))
    assert trainer.buffer.stored().tolist() == [100, 100]
    assert records[-1].update == 41  # several multiples of 2 are crossed at once


def test_records_come_at_every_share_of_the_budget_and_at_the_end(
    make_trainer: MakeTrainer,
) -> None:
    evaluation = Evaluation(every=0.3, episodes=1, final_episodes=2, max_length=3)
    trainer = make_trainer(env=TwoStep, log_every=0.25, evaluate=evaluation, per_lane=3)
    told = [r for moment in trainer.records() for r in moment if r.lane == 0]
    assert [r.env_step for r in told if r.kind == "train"] == [27, 51, 75, 102]
    assert [r.env_step for r in told if r.kind == "eval"] == [30, 60, 90, 102, 102]
    assert [r.values["episode"] for r in told if r.kind == "eval"] == [0, 0, 0, 0, 1]


def test_every_lane_tells_its_seed(make_trainer: MakeTrainer) -> None:
    told = [record for moment in make_trainer(seeds=3).records() for record in moment]
    for kind in ("train", "eval", "batch"):
        assert {(r.lane, r.seed) for r in told if r.kind == kind} == {(0, 3), (1, 4), (2, 5)}


@pytest.mark.parametrize("env", [CartPole, functools.partial(make, "CartPole-v1")])
def test_a_lane_meets_and_tries_and_draws_what_its_seed_does_alone(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, env: Any
) -> None:
    runs = []
    for seed, seeds in ((3, 3), (5, 1)):
        trainer = make_trainer(env=env, seed=seed, seeds=seeds, exploration=ALWAYS, per_lane=2)
        runs.append((Seen(trainer, monkeypatch), Draws(trainer, monkeypatch)))
        records_of(trainer)
    (among, drawn_among), (alone, drawn_alone) = runs
    assert torch.equal(torch.stack(among.obs)[:, 2], torch.stack(alone.obs)[:, 0])
    assert torch.equal(torch.stack(among.actions)[:, 2], torch.stack(alone.actions)[:, 0])
    assert drawn_among.numbers(2) == drawn_alone.numbers(0)


def test_a_lane_starts_from_the_weights_of_its_seed_alone(make_trainer: MakeTrainer) -> None:
    among, alone = make_trainer(seed=3, seeds=3), make_trainer(seed=5, seeds=1)
    assert torch.equal(among.learner.online.flat[2], alone.learner.online.flat[0])


def test_the_same_seeds_give_the_same_records(make_trainer: MakeTrainer) -> None:
    one, other = (
        [r._replace(wall_s=0.0) for moment in make_trainer(batch=EPSILON).records() for r in moment]
        for _ in range(2)
    )
    assert {r.kind for r in one} == {"train", "eval", "batch"}
    assert one == other


def test_two_seeds_differ(make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer(exploration=ALWAYS)
    seen, draws = Seen(trainer, monkeypatch), Draws(trainer, monkeypatch)
    told = records_of(trainer, lane=None)
    obs, actions = torch.stack(seen.obs), torch.stack(seen.actions)
    assert not torch.equal(obs[0, 0], obs[0, 1])
    assert not torch.equal(actions[:, 0], actions[:, 1])
    assert draws.numbers(0) != draws.numbers(1)
    assert told[-1].values["loss"] != told[-2].values["loss"]


def test_another_seed_gives_other_records(make_trainer: MakeTrainer) -> None:
    one, other = (records_of(make_trainer(seed=seed))[-1] for seed in (3, 7))
    assert one.values["loss"] != other.values["loss"]


def test_truncated_episodes_keep_their_discount(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(env=Endless, replay=Replay(gamma=0.75))
    records_of(trainer)
    assert set(trainer.buffer.whole().discount.flatten().tolist()) == {0.75}


def test_terminated_episodes_lose_their_discount(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(env=TwoStep, replay=Replay(gamma=0.75))
    records_of(trainer)
    assert trainer.buffer.whole().discount[1].tolist() == [0.75, 0.0] * 50


def test_what_is_stored_leads_from_each_obs_to_its_successor(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(exploration=ALWAYS)
    records_of(trainer)
    rows = trainer.buffer.whole()
    goes_on = rows.discount[0, :-1] > 0
    assert 0 < int(goes_on.sum()) < 99  # some episodes end
    assert torch.equal(rows.next_obs[0, :-1][goes_on], rows.obs[0, 1:][goes_on])
    assert not torch.equal(rows.next_obs[0, :-1][~goes_on], rows.obs[0, 1:][~goes_on])


def test_returns_of_training_episodes_are_logged(make_trainer: MakeTrainer) -> None:
    records = records_of(make_trainer(env=TwoStep, log_every=0.2, exploration=ALWAYS))
    assert column(records, "length") == [2.0] * 5
    rewards = make_trainer(env=TwoStep, exploration=ALWAYS)
    records_of(rewards)
    per_line = rewards.buffer.whole().reward[0].reshape(5, 20).sum(1) / 10  # of 10 episodes
    assert column(records, "return") == pytest.approx(per_line.tolist())


def test_q_mean_is_the_mean_of_the_best_values(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(
        env=TwoStep,
        agent=DQN(hidden=()),
        learner=LearnerSettings(lr=0.0),
        batch=EPSILON,
        log_every=0.02,
    )
    trainer.learner.online.flat[:] = torch.tensor([0.0, 0, 0, 0, -3.0, 2.0])  # weights, biases
    records = records_of(trainer)
    assert column(records[9:], "q_mean") == [2.0] * 41
    assert "q_mean" not in records[0].values


def test_before_learning_there_is_no_loss_to_tell(make_trainer: MakeTrainer) -> None:
    first = records_of(make_trainer())[0]
    assert (first.update, first.samples, first.values["batch_size"]) == (0, 0, 0)
    assert not {"loss", "td_error", "grad_norm"} & set(first.values)


def test_a_schedule_sees_the_run_as_it_is(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(
        replay=Replay(capacity=50), batch=BatchPlan(schedule=Fixed(rows=3)), exploration=WHOLE_WAY
    )
    records_of(trainer)
    signal = trainer.signal()
    assert (signal.env_step, signal.update, signal.samples) == (100, 41, 123)
    assert (signal.stored, signal.capacity, signal.batch_size) == (50, 50, 3)
    assert (signal.exploration_start, signal.exploration_end, signal.exploration) == (1, 0, 0)
    assert signal.learning


def test_actions_are_random_at_first_and_greedy_at_last(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(
        env=TwoStep,
        agent=DQN(hidden=()),
        learner=LearnerSettings(lr=0.0),
        exploration=Exploration(start=1.0, end=0.0, fraction=0.5),
        learn=Learn(start=20, every=100),
        per_lane=25,
        env_steps=3200,
        log_every=1.0,
    )
    trainer.learner.online.flat[:] = torch.tensor([0.0, 0, 0, 0, 1.0, 0.0])  # action 0 is best
    seen = Seen(trainer, monkeypatch)
    records_of(trainer)
    eighths = torch.stack(seen.actions).double().reshape(8, -1).mean(1)  # share of action 1
    expected = [7 / 16, 5 / 16, 3 / 16, 1 / 16, 0.0, 0.0, 0.0, 0.0]  # ε / 2
    assert eighths.tolist() == pytest.approx(expected, abs=0.05)


def test_a_trainer_told_to_stop_ends_at_the_next_env_step(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    for moment in trainer.records():
        if moment[0].env_step == 30:
            trainer.stop()
    assert (trainer.lanes.now, trainer.stopped) == (30, True)


def test_a_trainer_told_to_stop_at_the_end_has_finished(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    for moment in trainer.records():
        if moment[0].env_step == 100:
            trainer.stop()
    assert (trainer.lanes.now, trainer.stopped) == (100, False)


class Faulty(TwoStep):
    """Gives one lane a reward that is no number, at its seventh step."""

    def __init__(self, value: float, **told: Any) -> None:
        super().__init__(**told)
        self.value, self.steps = value, 0

    def step(self, action: Tensor) -> Step:
        step = super().step(action)
        self.steps += 1
        if self.steps == 7:
            step.reward[-1, -1] = self.value
        return step


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_reward_that_is_no_number_is_refused_by_lane_and_step(
    make_trainer: MakeTrainer, value: float
) -> None:
    trainer = make_trainer(env=functools.partial(Faulty, value))
    with pytest.raises(DataError, match=r"replay\.reward \(lane 1, env 0, step 6\): expected fin"):
        records_of(trainer)
    assert trainer.buffer.stored().tolist() == [6, 6]


def test_a_refused_step_counts_all_envs_of_the_lane(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(env=functools.partial(Faulty, np.nan), per_lane=2)
    with pytest.raises(DataError, match=r"lane 1, env 1, step 13"):
        records_of(trainer)


SMALL_BATCH = BatchPlan(schedule=Fixed(rows=16))


def test_a_prioritised_run_tells_its_sampler_what_was_surprising(
    make_trainer: Callable[..., Trainer],
) -> None:
    trainer = make_trainer(batch=SMALL_BATCH, replay=Replay(capacity=100, sampler=Prioritised()))
    for _ in trainer.records():
        pass
    priorities = trainer.buffer.state_dict()["sampler.leaves"]
    assert trainer.buffer.state_dict()["sampler.updates"].tolist() == [41, 41]
    assert len(set(priorities[0, :100].tolist())) > 20
    assert not torch.equal(priorities[0], priorities[1])


def test_windows_of_several_steps_are_what_is_learned_from(
    make_trainer: Callable[..., Trainer],
) -> None:
    trainer = make_trainer(batch=SMALL_BATCH, replay=Replay(capacity=100, gamma=0.5, n_step=3))
    for _ in trainer.records():
        pass
    rows = trainer.buffer.whole()
    own = rows.reward[rows.row >= 0]
    assert set(own.tolist()) <= {1.75, 1.5, 1.0}
    assert float((own == 1.75).float().mean()) > 0.5


@pytest.mark.parametrize("start", [0, 1])
def test_no_update_is_made_before_the_first_window_has_closed(
    make_trainer: Callable[..., Trainer], start: int
) -> None:
    learn = Learn(start=start, every=1)
    own = {"batch": SMALL_BATCH, "replay": Replay(capacity=100, n_step=5)}
    trainer = make_trainer(env_steps=20, learn=learn, **own)
    for _ in trainer.records():
        pass
    assert trainer.learner.updates.tolist() == [20, 20]


def test_a_whole_buffer_is_each_lanes_own_where_some_of_it_is_held_out(
    make_trainer: Callable[..., Trainer], drawn: Callable[[Trainer], list[Batch]]
) -> None:
    batch = BatchPlan(schedule=Fixed(rows="buffer"))
    trainer = make_trainer(batch=batch, replay=Replay(capacity=100, validation=2))
    batches = drawn(trainer)
    for _ in trainer.records():
        pass
    sizes = [batch.size.tolist() for batch in batches]
    assert trainer.lanes.samples.tolist() == np.sum(sizes, 0).tolist()
    assert any(one != other for one, other in sizes)


def test_without_replacement_a_lane_waits_until_it_holds_a_batch(
    make_trainer: Callable[..., Trainer],
) -> None:
    replay = Replay(capacity=100, validation=2, sampler=WithoutReplacement())
    plan = BatchPlan(schedule=Fixed(rows=16))
    trainer = make_trainer(batch=plan, replay=replay, learn=Learn(start=16, every=2))
    for _ in trainer.records():
        pass
    assert (trainer.learner.updates > 20).all()


def test_laber_asks_the_learner_and_learns_from_what_surprises_it(
    make_trainer: Callable[..., Trainer], drawn: Callable[[Trainer], list[Batch]]
) -> None:
    replay = Replay(capacity=100, sampler=Laber(ratio=3))
    trainer = make_trainer(batch=SMALL_BATCH, replay=replay)
    batches = drawn(trainer)
    for _ in trainer.records():
        pass
    assert (trainer.learner.updates == 41).all()
    assert batches[-1].weight.std() > 0.0
