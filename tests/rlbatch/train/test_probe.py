"""The states on which changes of a policy are seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from agents.dqn import DQN
from envs.probes import TwoStep
from rlbatch.errors import ConfigError
from rlbatch.schedule import BatchPlan, Fixed
from rlbatch.train import Trainer
from rlbatch.train.probe import ROWS, Probe

MakeTrainer = Callable[..., Trainer]
STATES = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))


def acted(trainer: Trainer, env_steps: int) -> Trainer:
    """So many rows a lane, and no update."""
    trainer._player.reset()
    for _ in range(env_steps):
        trainer._player.play((env_steps,), apart=True)
    return trainer


def probe(trainer: Trainer, states: torch.Tensor | None = None) -> Probe:
    return Probe(trainer.learner, trainer.buffer, states)


def test_states_that_are_given_are_ready_and_the_same_in_every_lane(
    make_trainer: MakeTrainer,
) -> None:
    trainer = make_trainer()
    given = probe(trainer, STATES)
    assert given.ready
    wanted = trainer.learner.values(STATES.expand(2, 5, 4)).argmax(-1)
    assert torch.equal(given.greedy(), wanted)
    assert len({tuple(own) for own in given.greedy().tolist()}) == 2  # the networks differ


def test_without_rows_there_are_no_states_to_take(make_trainer: MakeTrainer) -> None:
    own = probe(make_trainer())
    own.take()
    assert not own.ready


def test_states_are_not_taken_before_they_are_asked_for(make_trainer: MakeTrainer) -> None:
    assert not probe(acted(make_trainer(), 10)).ready


def test_given_states_are_not_taken_over(make_trainer: MakeTrainer) -> None:
    given = probe(acted(make_trainer(), 10), STATES)
    given.take()
    assert given._states is not None
    assert given._states.shape == (2, 5, 4)


def test_each_lane_takes_states_of_its_own_rows(make_trainer: MakeTrainer) -> None:
    trainer = acted(make_trainer(), 30)
    own = probe(trainer)
    own.take()
    assert own._states is not None
    assert own._states.shape == (2, ROWS, 4)
    stored = trainer.buffer.whole().obs
    for lane in range(2):
        there = {tuple(row) for row in stored[lane].tolist()}
        taken = {tuple(row) for row in own._states[lane].tolist()}
        assert taken <= there
        assert len(taken) > 20


def test_states_once_taken_stay(make_trainer: MakeTrainer) -> None:
    trainer = acted(make_trainer(), 10)
    own = probe(trainer)
    own.take()
    assert own._states is not None
    before = own._states.clone()
    acted(trainer, 50)
    own.take()
    assert torch.equal(own._states, before)


def test_a_regime_does_not_change_the_states(make_trainer: MakeTrainer) -> None:
    small, large = (
        make_trainer(batch=BatchPlan(schedule=Fixed(rows=rows)), log_every=0.5) for rows in (4, 64)
    )
    for trainer in (small, large):
        list(trainer.records())
    one, other = (trainer._signs._probe._states for trainer in (small, large))
    assert one is not None
    assert other is not None
    assert torch.equal(one, other)
    assert not torch.equal(small.learner.online.flat, large.learner.online.flat)


def test_a_lane_takes_the_states_that_it_takes_alone(make_trainer: MakeTrainer) -> None:
    pair, alone = acted(make_trainer(seeds=2), 20), acted(make_trainer(seeds=1, seed=4), 20)
    of_pair, of_one = probe(pair), probe(alone)
    of_pair.take()
    of_one.take()
    assert of_pair._states is not None
    assert of_one._states is not None
    assert torch.equal(of_pair._states[1], of_one._states[0])


def test_greedy_tells_the_best_action_of_every_state(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(env=TwoStep, agent=DQN(hidden=(), criterion="mse"))
    own = probe(trainer, torch.tensor([0, 1]))
    trainer.learner.online.flat[0] = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0, 0.5])
    trainer.learner.online.flat[1] = torch.tensor([0.0, 0.0, 0.0, 1.0, 0.5, 0.0])
    assert own.greedy().tolist() == [[1, 0], [0, 1]]  # weights of action 0 in both rooms first


@pytest.mark.parametrize("states", [torch.zeros(0, 4), torch.zeros(5, 3), torch.zeros(4)])
def test_states_of_another_shape_are_refused(
    make_trainer: MakeTrainer, states: torch.Tensor
) -> None:
    with pytest.raises(ConfigError, match=r"^probe: expected states of shape \(4,\), got a tensor"):
        probe(make_trainer(), states)
