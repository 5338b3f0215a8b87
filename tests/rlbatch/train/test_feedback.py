"""What controllers are told: of each lane, since its own last decision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.dqn import DQN
from envs.probes import TwoStep
from rlbatch.learner import LearnerSettings, NoiseScale
from rlbatch.train import Trainer
from rlbatch.train import feedback as feedback_module
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.feedback import Feedback
from rlbatch.train.probe import Probe
from rlbatch.types import Step

MakeTrainer = Callable[..., Trainer]
BOTH, FIRST, SECOND = (np.array(own) for own in ([True, True], [True, False], [False, True]))
ROOMS = torch.tensor([0, 1, 1, 1])  # probe states of TwoStep


@pytest.fixture
def trainer(make_trainer: MakeTrainer) -> Trainer:
    """Two lanes of a network of six numbers on TwoStep, with 40 rows each and no update made."""
    trainer = make_trainer(
        env=TwoStep,
        agent=DQN(hidden=(), criterion="mse"),
        learner=LearnerSettings(lr=0.0, noise_scale=NoiseScale()),
    )
    trainer._player.reset()
    for _ in range(40):
        trainer._player.play((100,), apart=True)
    trainer.learner.online.flat.zero_()
    trainer.learner.target.flat.zero_()
    return trainer


def made(trainer: Trainer, states: Tensor | None = ROOMS) -> tuple[Feedback, TrainingEpisodes]:
    learner, buffer = trainer.learner, trainer.buffer
    episodes = TrainingEpisodes(learner.lanes, 1)
    return Feedback(learner, buffer, episodes, Probe(learner, buffer, states)), episodes


def update(trainer: Trainer, active: np.ndarray = BOTH, counter: int = 0) -> Tensor:
    """One update of 16 rows, that learns nothing; gives back δ."""
    batch = trainer.buffer.sample(16 * active, np.full(2, counter))
    return trainer.learner.update(batch, active=active)


def end(episodes: TrainingEpisodes, *returns: float) -> None:
    """Each lane's episode ends with this return."""
    reward = torch.tensor(returns)[:, None]
    over = torch.ones_like(reward, dtype=torch.bool)
    episodes.add(Step(reward, reward, over, ~over, reward))


def test_before_anything_happened_there_is_nothing_to_tell(trainer: Trainer) -> None:
    assert made(trainer)[0].read(BOTH) == [{}, {}]


def test_means_are_over_the_updates_since_a_lanes_own_last_decision(trainer: Trainer) -> None:
    feedback, _ = made(trainer)
    first = update(trainer, counter=1)
    one = feedback.read(FIRST)
    second = update(trainer, counter=2)
    other = feedback.read(BOTH)
    assert one[1] == {}
    assert one[0]["td_error"] == pytest.approx(float(first[0].abs().mean()))
    assert other[0]["td_error"] == pytest.approx(float(second[0].abs().mean()))
    both = torch.cat((first[1], second[1]))
    assert other[1]["td_error"] == pytest.approx(float(both.abs().mean()))
    assert other[1]["td_square"] == pytest.approx(float(both.square().mean()))
    assert {"loss", "grad_norm"} <= set(other[1])


def test_the_meters_of_the_log_are_not_emptied(trainer: Trainer) -> None:
    feedback, _ = made(trainer)
    update(trainer)
    told = feedback.read(BOTH)
    logged = trainer.learner.meters.read()
    assert [own["loss"] for own in logged] == [own["loss"] for own in told]
    assert "td_square" not in logged[0]


def test_squares_leave_padding_out(trainer: Trainer) -> None:
    feedback, _ = made(trainer)
    batch = trainer.buffer.sample(np.array([4, 16]), np.array([1, 1]))
    error = trainer.learner.update(batch, active=BOTH)
    told = feedback.read(BOTH)
    assert told[0]["td_square"] == pytest.approx(float(error[0, :4].square().mean()))
    assert told[1]["td_square"] == pytest.approx(float(error[1].square().mean()))


def test_a_return_is_told_once_and_kept_for_the_lane_that_is_not_read(trainer: Trainer) -> None:
    feedback, episodes = made(trainer)
    end(episodes, 1.0, 10.0)
    assert [own.get("return") for own in feedback.read(FIRST)] == [1.0, None]
    end(episodes, 3.0, 30.0)
    assert [own.get("return") for own in feedback.read(BOTH)] == [3.0, 20.0]
    assert [own.get("return") for own in feedback.read(BOTH)] == [None, None]


def test_divergence_is_per_update_whatever_their_number(trainer: Trainer) -> None:
    """Three of four states change within two updates: 1 − √(1 − ¾) = ½ an update."""
    feedback, _ = made(trainer)
    assert "divergence" not in feedback.read(BOTH)[0]
    for _ in range(2):
        update(trainer)
    trainer.learner.online.flat[:] = torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    changed = [own["divergence"] for own in feedback.read(BOTH)]
    update(trainer)
    still = [own["divergence"] for own in feedback.read(BOTH)]
    assert changed == pytest.approx([0.5, 0.5])
    assert still == [0.0, 0.0]


def test_a_policy_that_changed_everywhere_diverged_by_one(trainer: Trainer) -> None:
    feedback, _ = made(trainer)
    feedback.read(BOTH)
    for _ in range(3):
        update(trainer)
    trainer.learner.online.flat[0, -1] = 1.0  # the bias of action 1
    assert [own["divergence"] for own in feedback.read(BOTH)] == [1.0, 0.0]


def test_a_lane_that_is_not_read_compares_with_its_own_last_decision(trainer: Trainer) -> None:
    feedback, _ = made(trainer)
    feedback.read(BOTH)
    update(trainer)
    trainer.learner.online.flat[:, -1] = 1.0
    assert feedback.read(FIRST)[0]["divergence"] == 1.0
    update(trainer)
    told = feedback.read(BOTH)
    assert told[0]["divergence"] == 0.0
    assert told[1]["divergence"] == 1.0  # 1 − (1 − 1)^½


def test_without_an_update_since_then_there_is_no_divergence(trainer: Trainer) -> None:
    feedback, _ = made(trainer)
    feedback.read(BOTH)
    update(trainer, SECOND)
    assert ["divergence" in own for own in feedback.read(BOTH)] == [False, True]


def test_the_noise_scale_is_told_as_the_learners_meter_has_it(trainer: Trainer) -> None:
    feedback, _ = made(trainer)
    for counter in range(5):  # of which the first and the fifth are measured
        update(trainer, counter=counter)
    told = feedback.read(SECOND)
    assert trainer.learner.noise is not None
    wanted = trainer.learner.noise.read()[1]
    assert told[0] == {}
    assert {"noise_scale", "noise_low", "noise_high", "grad_trace", "grad_square"} <= set(wanted)
    assert {name: told[1][name] for name in wanted} == wanted


def test_throughput_is_measured_once_and_told_to_every_lane(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, ...]] = []

    def timed(_: object, __: object, sizes: tuple[int, ...]) -> dict[str, float]:
        asked.append(sizes)
        return {f"throughput_{size}": float(size) for size in sizes}

    monkeypatch.setattr(feedback_module, "throughput", timed)
    learner, buffer = trainer.learner, trainer.buffer
    probe, episodes = Probe(learner, buffer, ROOMS), TrainingEpisodes(2, 1)
    feedback = Feedback(learner, buffer, episodes, probe, rungs=(8, 16))
    told = {"throughput_8": 8.0, "throughput_16": 16.0}
    assert [feedback.read(lanes) for lanes in (FIRST, BOTH)] == [[told, {}], [told, told]]
    assert asked == [(8, 16)]
    assert feedback.throughput == told


def test_without_rungs_nothing_is_timed(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_module, "throughput", None)
    feedback, _ = made(trainer)
    update(trainer)
    assert not [name for name in feedback.read(BOTH)[0] if name.startswith("throughput")]
    assert feedback.throughput == {}


def test_reading_one_lane_does_not_change_what_another_is_told(trainer: Trainer) -> None:
    (often, _), (seldom, _) = made(trainer), made(trainer)
    watched = trainer.learner.watch()  # both see the same updates
    often._watched = seldom._watched = watched
    often.read(BOTH)
    seldom.read(BOTH)
    for lanes in (FIRST, FIRST):
        update(trainer)
        often.read(lanes)
    trainer.learner.online.flat[1, -1] = 1.0
    assert often._drifted(SECOND)[1] == seldom._drifted(SECOND)[1]
