"""The meter beside the updates: what it changes (nothing), remembers, and forgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor

from agents.dqn import DQN
from rlbatch.errors import ConfigError, DataError
from rlbatch.learner import Learner, LearnerSettings, NoiseScale
from rlbatch.learner.noise import NoiseMeter, noise_settings
from rlbatch.types import Batch

Make = Callable[..., Learner]
Draw = Callable[..., Batch]
SMALL = DQN(hidden=(8, 6))


def meter(learner: Learner) -> NoiseMeter:
    assert learner.noise is not None
    return learner.noise


def lane(batch: Batch, k: int) -> Batch:
    """Lane k's own rows, as the batch of one lane."""
    size = int(batch.size[k])
    return Batch._make(
        [*(column[k : k + 1, :size] for column in batch[:-1]), batch.size[k : k + 1]]
    )


def close(one: Any, other: Any) -> None:
    """The same state, but for sums in another order."""
    for name, own in one.items():
        torch.testing.assert_close(own, other[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("by", ["rows", "chunks"])
@pytest.mark.parametrize("sizes", [[13], [13, 4, 8], [16, 16]])
def test_the_gradient_is_what_it_is_without_the_meter(
    by: str, sizes: list[int], make: Make, rows: Draw
) -> None:
    learner, batch = make(SMALL, len(sizes), by=by, chunk_rows=4), rows(sizes)
    usual = learner.gradient(batch)
    on = np.ones(len(sizes), np.bool_)
    watching = meter(learner).forward(learner._forward, batch, on, learner.updates)
    assert watching is not learner._forward
    watched = learner._source.through(watching, batch, learner._key(), on).flat
    off = (watched - usual).norm(dim=1) / usual.norm(dim=1)
    assert float(off.max()) <= 1e-6


@pytest.mark.parametrize("by", ["rows", "chunks"])
def test_a_lane_measures_what_it_would_measure_alone(by: str, make: Make, rows: Draw) -> None:
    together = make(SMALL, 3, 1e-3, by=by, chunk_rows=2)
    alone = [make(SMALL, k, 1e-3, by=by, chunk_rows=2) for k in (1, 1, 1)]
    for k, own in enumerate(alone):
        own.load_state_dict({**own.state_dict(), **parameters_of(together, k)})
    for seed in range(5):
        batch = rows([7, 3 + seed, 12], seed)
        together.update(batch)
        for k, own in enumerate(alone):
            own.update(lane(batch, k))
    for k, own in enumerate(alone):
        state = meter(together).state_dict()
        close(meter(own).state_dict(), {name: value[k : k + 1] for name, value in state.items()})


def parameters_of(learner: Learner, k: int) -> dict[str, Tensor]:
    state = learner.state_dict()
    return {name: state[name][k : k + 1] for name in ("online", "target")}


def test_what_padding_holds_does_not_matter(make: Make, rows: Draw) -> None:
    first, second, batch = make(SMALL, 2), make(SMALL, 2), rows([9, 4])
    padding = (batch.row < 0)[..., None]
    first.update(batch)
    second.update(batch._replace(obs=batch.obs + 5.0 * padding))
    close(meter(first).state_dict(), meter(second).state_dict())


@pytest.mark.parametrize("by", ["rows", "chunks"])
def test_lanes_that_are_idle_or_diverge_or_draw_too_little_stay_as_they_are(
    by: str, make: Make, rows: Draw
) -> None:
    learner, first = make(SMALL, 4, by=by, chunk_rows=2), rows([8, 8, 8, 8])
    learner.update(first)
    before = meter(learner).state_dict()
    batch = rows([8, 8, 1, 8], 1)
    batch.reward[1, 0] = torch.nan
    learner.update(batch, active=np.array([False, True, True, True]))
    pairs = zip(meter(learner).state["moments"], before["moments"], strict=True)
    changed = [not torch.equal(after, own) for after, own in pairs]
    assert changed == [False, False, False, True]


def test_a_lane_tells_nothing_before_its_second_measurement(make: Make, rows: Draw) -> None:
    learner = make(SMALL, 2)
    for sizes in ([8, 8], [1, 8]):
        learner.update(rows(sizes))
    first, second = meter(learner).read()
    assert first == {}
    assert second["noise_low"] <= second["noise_scale"] <= second["noise_high"]


def test_only_every_kth_update_of_a_lane_is_measured(make: Make, rows: Draw) -> None:
    learner = make(SMALL, 2, every=3)
    for update in range(8):
        learner.update(rows([8, 8], update), active=np.array([True, update % 3 != 1]))
    count, _ = meter(learner).state["weights"].T  # updates 0, 3, 6 of 8 and 0, 3 of 5
    assert count.tolist() == [3.0, 2.0]
    assert float(meter(learner).state["moments"][1, 0, 0]) == pytest.approx(3 * 8 * 2, rel=1e-2)


@pytest.mark.parametrize(("by", "every"), [("rows", 4), ("chunks", 50)])
def test_how_often_is_chosen_by_what_it_costs(by: str, every: int, make: Make) -> None:
    assert meter(make(SMALL, by=by, every=None)).every == every


@pytest.mark.parametrize(("at_sync", "kept"), [("restart", [0, 3]), ("average", [3, 3])])
def test_a_hard_copy_of_the_target_restarts_that_lane_or_not(
    at_sync: str, kept: list[int], make: Make, rows: Draw
) -> None:
    learner = make(SMALL, 2, at_sync=at_sync)
    for seed, clock in enumerate(([0, 0], [50, 50], [100, 99])):  # copied every 100 env steps
        learner.update(rows([8, 8], seed), env_step=np.array(clock))
    assert meter(learner).state["weights"][:, 0].tolist() == kept


def test_the_measurement_is_of_the_gradient_before_clipping(make: Make, rows: Draw) -> None:
    settings = LearnerSettings(lr=0.0, clip_norm=1e-3, noise_scale=NoiseScale(every=1))
    box = spaces.Box(-np.inf, np.inf, (4,), np.float32)
    usual = make(SMALL, 2)
    clipped = Learner(SMALL, box, spaces.Discrete(3), seeds=[1, 2], settings=settings)
    for learner in (usual, clipped):
        learner.update(rows([8, 8]))
    assert torch.equal(meter(usual).state["moments"], meter(clipped).state["moments"])


def test_uniform_rows_are_worth_themselves(make: Make, rows: Draw) -> None:
    for by in ("rows", "chunks"):
        learner = make(SMALL, 2, by=by, chunk_rows=2)
        for seed in range(3):
            batch = rows([8, 8], seed)
            learner.update(batch._replace(weight=torch.ones(2, 8)))
        for told in meter(learner).read():
            assert told["noise_effective"] == pytest.approx(1.0, abs=1e-6)


def test_a_resumed_meter_goes_on_as_an_uninterrupted_one(make: Make, rows: Draw) -> None:
    whole, resumed = make(SMALL, 2, 1e-3, every=2), make(SMALL, 2, 1e-3, every=2)
    for seed in range(3):
        whole.update(rows([8, 8], seed))
    resumed.load_state_dict(whole.state_dict())
    for learner in (whole, resumed):
        for seed in range(3, 6):
            learner.update(rows([8, 8], seed))
    assert meter(whole).read() == meter(resumed).read()
    assert {"noise.moments", "noise.weights"} <= whole.state_dict().keys()


def test_a_state_without_measurements_starts_the_meter_anew(make: Make, rows: Draw) -> None:
    without, learner = make(SMALL, 2, measured=False), make(SMALL, 2)
    for seed in range(3):
        learner.update(rows([8, 8], seed))
    learner.load_state_dict(without.state_dict())
    assert without.noise is None
    assert meter(learner).read() == [{}, {}]


def test_a_state_of_other_lanes_is_refused(make: Make) -> None:
    with pytest.raises(DataError, match=r"noise\.moments"):
        meter(make(SMALL, 2)).load_state_dict(meter(make(SMALL, 3)).state_dict())


def test_lanes_must_agree_on_how_they_measure() -> None:
    own, other = (LearnerSettings(noise_scale=NoiseScale(every=k)) for k in (1, 2))
    assert noise_settings([own, own]) == NoiseScale(every=1)
    with pytest.raises(ConfigError, match=r"learner\.noise_scale: expected the same"):
        noise_settings([own, other])


@pytest.mark.parametrize(
    "wrong", [{"by": "guess"}, {"chunk_rows": 0}, {"every": 0}, {"horizon": 0}, {"at_sync": "no"}]
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"noise_scale.{next(iter(wrong))}"):
        NoiseScale(**wrong)
