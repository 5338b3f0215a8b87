"""The noise scale against populations whose tr Σ and |G|² are known exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from gymnasium import spaces
from torch import Tensor, nn

from agents.dqn import DQN
from rlbatch.contract import QFn
from rlbatch.learner import Learner, LearnerSettings, NoiseScale
from rlbatch.replay import Prioritised, ReplayBuffer
from rlbatch.types import Batch, RowLoss

OBS = spaces.Box(-np.inf, np.inf, (4,), np.float32)
ACTIONS = spaces.Discrete(3)
TRIALS = 150  # lanes, each an independent trial
Floats = npt.NDArray[np.float64]


class Regression:
    """ℓ = ½ (θ · x − y)² with y in the reward."""

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        return nn.Linear(obs_space.shape[0], 1, bias=False)

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        error = q(batch.obs)[:, 0] - batch.reward
        return RowLoss(0.5 * error.square(), error.detach())

    def values(self, output: Tensor) -> Tensor:
        return output


def learner(agent: Any, **noise: Any) -> Learner:
    """Lanes that measure every update and learn nothing."""
    settings = LearnerSettings(lr=0.0, noise_scale=NoiseScale(every=1, **noise))
    return Learner(agent, OBS, ACTIONS, seeds=range(TRIALS), settings=settings)


def said(learner: Learner, name: str) -> Floats:
    assert learner.noise is not None
    return np.array([told[name] for told in learner.noise.read()])


def covered(learner: Learner, true: Floats | float) -> float:
    """Share of trials whose interval holds the truth."""
    low, high = said(learner, "noise_low"), said(learner, "noise_high")
    return float(((low <= true) & (true <= high)).mean())


def width(learner: Learner) -> float:
    """Median of upper over lower limit."""
    return float(np.median(said(learner, "noise_high") / said(learner, "noise_low")))


@pytest.mark.parametrize(("noise", "widest"), [({"by": "rows"}, 2.2), ({"by": "chunks"}, 2.5)])
def test_linear_regression_in_closed_form(noise: dict[str, Any], widest: float) -> None:
    # g = x (x · Δ − ε), Δ = θ − θ*, d = 4:  G = Δ,  tr Σ = (d + 1)|Δ|² + d σ²
    learns, draw = learner(Regression(), chunk_rows=4, **noise), torch.Generator().manual_seed(0)
    learns.online.flat.copy_(torch.tensor([0.3, 0.0, -0.3, 0.0]))  # θ* = 0, |Δ|² = 0.18
    true = (5.0 * 0.18 + 4.0 * 1.0) / 0.18
    shape, size = (TRIALS, 16), torch.full((TRIALS,), 16)
    for _ in range(100):
        x, y = torch.randn(*shape, 4, generator=draw), torch.randn(shape, generator=draw)
        ones, zeros = torch.ones(shape), torch.zeros(shape, dtype=torch.int64)
        learns.update(Batch(x, zeros, y, x, ones, ones, zeros, size))
    assert said(learns, "grad_square").mean() == pytest.approx(0.18, rel=0.05)
    assert said(learns, "grad_trace").mean() == pytest.approx(0.18 * true, rel=0.02)
    assert 0.90 <= covered(learns, true) <= 0.995
    assert 1.05 < width(learns) < widest


def frozen(sampler: Any = None) -> ReplayBuffer:
    """100 rows a lane, of which an agent can tell what is good."""
    chosen = {} if sampler is None else {"sampler": sampler}
    buffer = ReplayBuffer(100, OBS, ACTIONS, TRIALS, seed=range(TRIALS), gamma=0.9, **chosen)
    draw = np.random.default_rng(0)
    obs, next_obs = (draw.normal(size=(TRIALS, 100, 4)) for _ in range(2))
    action, ended = draw.integers(3, size=(TRIALS, 100)), draw.random((TRIALS, 100)) < 0.2
    reward = 0.6 + obs[..., 0] + draw.normal(size=(TRIALS, 100))
    buffer.add(obs, action, reward, next_obs, ended, ended & False)
    return buffer


def everything(buffer: ReplayBuffer) -> Batch:
    """All 100 rows of every lane, in their order, out of draws that surely meet each."""
    batch = buffer.sample(3000, 10**6)
    order = [np.unique(row, return_index=True)[1] for row in batch.row.numpy()]
    at, lanes = torch.from_numpy(np.stack(order)), torch.arange(TRIALS)[:, None]
    columns = [column[lanes, at] for column in batch[:-1]]
    rows = Batch._make([*columns, torch.full((TRIALS,), 100)])
    return rows._replace(weight=torch.ones(TRIALS, 100))


AGENT = DQN(hidden=(8,))


@pytest.mark.parametrize("noise", [{"by": "rows"}, {"by": "chunks", "chunk_rows": 4}])
def test_a_q_network_on_a_frozen_buffer(
    noise: dict[str, Any], row_gradients: Callable[..., Tensor]
) -> None:
    learns, buffer = learner(AGENT, **noise), frozen()
    true = scale(row_gradients(AGENT, learns, everything(buffer)))
    for update in range(100):
        learns.update(buffer.sample(32, update))
    assert 0.90 <= covered(learns, true) <= 0.995
    assert 1.05 < width(learns) < 3.0


def scale(gradients: Tensor) -> Floats:
    """tr Σ / |G|² of a uniform draw from rows `[L, N, P]`."""
    square = gradients.mean(1).square().sum(1)
    trace = gradients.square().sum(2).mean(1) - square
    ratio: Floats = (trace / square).double().numpy()
    return ratio


def test_prioritised_draws_tell_the_noise_scale_of_uniform_ones(
    row_gradients: Callable[..., Tensor],
) -> None:
    learns, buffer = learner(AGENT, by="rows"), frozen(Prioritised(alpha=0.6, beta=1.0))
    rows = everything(buffer)
    gradients = row_gradients(AGENT, learns, rows)
    buffer.update_priorities(rows.row, learns.row_td_error(rows))
    for update in range(100):
        learns.update(buffer.sample(128, update))
    assert 0.90 <= covered(learns, scale(gradients)) <= 0.995
    assert 1.05 < width(learns) < 1.5
    assert np.median(said(learns, "noise_effective")) > 1.05


def test_chunks_of_prioritised_draws_come_near(row_gradients: Callable[..., Tensor]) -> None:
    buffer = frozen(Prioritised(alpha=0.6, beta=1.0))
    learns = [learner(AGENT, by=by, chunk_rows=4) for by in ("rows", "chunks")]
    rows = everything(buffer)
    buffer.update_priorities(rows.row, learns[0].row_td_error(rows))
    for update in range(50):
        batch = buffer.sample(64, update)
        for own in learns:
            own.update(batch)
    for name in ("noise_scale", "noise_effective"):
        exact, near = (np.median(said(own, name)) for own in learns)
        assert near == pytest.approx(exact, rel=0.1)
