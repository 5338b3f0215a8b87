"""Inner signs: what they say by hand, and that measuring them changes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.dqn import DQN
from envs.cartpole import CartPole
from envs.probes import TwoStep
from rlbatch import files
from rlbatch.errors import ConfigError, FileError
from rlbatch.learner import LearnerSettings
from rlbatch.train import Trainer
from rlbatch.train.probe import Probe, read_probe
from rlbatch.train.signs import Signs
from rlbatch.types import Record

MakeTrainer = Callable[..., Trainer]
STATES = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
FAST = LearnerSettings(lr=0.3)
EACH_UPDATE = 0.02  # `log_every` of 100 env steps with an update in two


def probing(make_trainer: MakeTrainer, probe: Tensor | None, **settings: Any) -> Trainer:
    """What `make_trainer` makes, with a probe."""
    told = make_trainer(**settings).settings
    return Trainer(told, DQN(hidden=(8,)), CartPole, probe=probe)


def made(trainer: Trainer, states: Tensor) -> Signs:
    """Signs of their own, seen on these states."""
    probe = Probe(trainer.learner, trainer.buffer, states)
    return Signs(trainer.learner, trainer.buffer, probe)


def told(trainer: Trainer) -> list[Record]:
    return [r._replace(wall_s=0.0) for moment in trainer.records() for r in moment]


def column(records: list[Record], name: str, lane: int = 0) -> list[Any]:
    return [r.values[name] for r in records if r.lane == lane and name in r.values]


def without(records: list[Record], *names: str) -> list[Record]:
    return [
        r._replace(values={k: v for k, v in r.values.items() if k not in names}) for r in records
    ]


@pytest.mark.parametrize("iso", ["updates", "samples"])
def test_a_run_with_a_probe_is_the_run_without_one_but_for_churn(
    make_trainer: MakeTrainer, iso: str
) -> None:
    plain, probed = (
        told(probing(make_trainer, probe, learner=FAST, iso=iso, log_every=EACH_UPDATE))
        for probe in (None, STATES)
    )
    assert without(plain, "churn") == without(probed, "churn")
    churns = [column(records, "churn") for records in (plain, probed)]
    assert len(churns[0]) == len(churns[1]) == 41
    assert churns[0] != churns[1]


def test_measuring_churn_changes_nothing_that_is_learned(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, bare = make_trainer(learner=FAST), make_trainer(learner=FAST)
    monkeypatch.setattr(bare._signs, "around_update", contextlib.nullcontext)
    one, other = told(measured), told(bare)
    assert without(one, "churn") == other
    assert one != other


def test_measuring_the_gap_changes_nothing_that_is_learned(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, bare = make_trainer(learner=FAST), make_trainer(learner=FAST)
    monkeypatch.setattr(bare._signs, "read", lambda: [{}, {}])
    one, other = told(measured), told(bare)
    signs = "td_recent_gap", "churn"
    assert without(one, *signs) == without(other, *signs)
    assert not column(other, "td_recent_gap")
    assert column(one, "td_recent_gap")


def test_without_learning_nothing_churns(make_trainer: MakeTrainer) -> None:
    resting: Any = {"learner": LearnerSettings(lr=0.0), "log_every": EACH_UPDATE}
    records = told(probing(make_trainer, STATES, **resting))
    assert column(records, "churn") == [0.0] * 41


def test_churn_is_a_share_of_states_and_moves_with_learning(make_trainer: MakeTrainer) -> None:
    records = told(probing(make_trainer, STATES, learner=FAST, log_every=EACH_UPDATE))
    for lane in range(2):
        churn = column(records, "churn", lane)
        assert [round(share * 50) / 50 for share in churn] == pytest.approx(churn)
        assert all(0.0 <= share <= 1.0 for share in churn)
        assert max(churn) > 0.0
    assert column(records, "churn", 0) != column(records, "churn", 1)


def test_churn_tells_what_one_update_did_and_only_the_first_since_the_last_line(
    make_trainer: MakeTrainer,
) -> None:
    trainer = make_trainer(seeds=2)
    flat, probe = trainer.learner.online.flat, torch.tensor([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]])
    signs = made(trainer, probe)
    told(trainer)
    signs.read()
    flat[:] = 0.0  # action 0 is best everywhere
    for change in (1.0, -1.0):
        with signs.around_update():
            flat[1, -1] = change  # the bias of action 1, in lane 1
            trainer.learner.updates += 1
    assert [own["churn"] for own in signs.read()] == [0.0, 1.0]
    assert all("churn" not in own for own in signs.read())


def test_a_lane_that_rests_waits_for_its_own_update(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    told(trainer)
    signs = made(trainer, STATES)
    flat = trainer.learner.online.flat
    flat[:] = 0.0
    for lane in (0, 1):
        with signs.around_update():
            flat[lane, -1] = 1.0
            trainer.learner.updates += np.arange(2) == lane
        if lane == 0:
            with signs.around_update():
                trainer.learner.updates += np.array([1, 0])
    assert [own["churn"] for own in signs.read()] == [1.0, 1.0]
    with signs.around_update():
        trainer.learner.updates += np.array([1, 0])
    assert ["churn" in own for own in signs.read()] == [True, False]


def test_a_lane_that_left_is_not_waited_for(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer()
    told(trainer)
    signs = made(trainer, STATES)
    asked: list[Tensor] = []
    greedy = Probe.greedy

    def noted(probe: Probe) -> Tensor:
        asked.append(greedy(probe))
        return asked[-1]

    monkeypatch.setattr(Probe, "greedy", noted)
    signs.leave(np.array([True, False]))
    for _ in range(2):
        for _ in range(3):
            with signs.around_update():
                trainer.learner.updates += np.array([0, 1])
        assert ["churn" in own for own in signs.read()] == [False, True]
    assert len(asked) == 4  # twice before and after the first of three updates


def test_the_gap_is_that_of_the_newest_rows_to_all_rows(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(env=TwoStep, agent=DQN(hidden=(), criterion="mse"), env_steps=200)
    told(trainer)
    for parameters in (trainer.learner.online, trainer.learner.target):
        parameters.flat[:] = 0.0  # |δ| is then |r|
    room = torch.zeros(2, 256, dtype=torch.int64)
    trainer.buffer.add(room, room, room + 8.0, room, room == 0, room != 0)
    everywhere = trainer.buffer.whole().reward.mean(1)
    for lane, own in enumerate(trainer._signs.read()):
        assert own["td_recent_gap"] == pytest.approx(8.0 - float(everywhere[lane]), abs=1.0)
        assert own["td_recent_gap"] > 2.0


def test_before_the_first_update_there_are_no_signs(make_trainer: MakeTrainer) -> None:
    records = [r for r in told(probing(make_trainer, STATES)) if r.kind == "train"]
    early = [r for r in records if r.update == 0]
    assert early
    assert not [r for r in early if {"churn", "td_recent_gap"} & set(r.values)]
    assert all("td_recent_gap" in r.values for r in records if r.update)


def test_a_diverged_lane_does_not_spoil_the_others_signs(make_trainer: MakeTrainer) -> None:
    healthy, ill = (probing(make_trainer, STATES, learner=FAST) for _ in range(2))
    ill.learner.online.flat[1] = torch.nan
    wanted = [r for r in told(healthy) if r.lane == 0]
    assert [r for r in told(ill) if r.lane == 0] == wanted


@pytest.mark.parametrize("probe", [torch.zeros(0, 4), torch.zeros(5, 3), torch.zeros(4)])
def test_a_probe_of_other_states_is_refused_before_the_run(
    make_trainer: MakeTrainer, probe: Tensor
) -> None:
    with pytest.raises(ConfigError, match=r"^probe: expected states of shape \(4,\), got a tensor"):
        probing(make_trainer, probe)


def test_a_probe_file_is_read_by_its_obs(tmp_path: Path) -> None:
    path = tmp_path / "probe.safetensors"
    files.save_tensors(path, {"obs": STATES, "action": torch.zeros(3)}, {})
    found = read_probe(str(path))
    assert found is not None
    assert torch.equal(found, STATES)
    assert read_probe(None) is None


def test_a_file_without_states_is_no_probe(tmp_path: Path) -> None:
    path = tmp_path / "probe.safetensors"
    files.save_tensors(path, {"rows": STATES}, {})
    with pytest.raises(FileError, match="expected a file of probe states, got another tensor file"):
        read_probe(str(path))
    with pytest.raises(FileError, match="nothing there"):
        read_probe(str(tmp_path / "none"))
