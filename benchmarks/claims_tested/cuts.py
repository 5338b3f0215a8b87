"""Does a gradient depend on how its batch is cut and padded? With batch normalisation, and without.

Relative differences ‖g − g₀‖ / ‖g₀‖ from the gradient of the same rows in one piece, without
padding, at the same weights; the mean over draws, lane by lane.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor, nn

from agents.dqn import DQN
from agents.networks import QNetwork
from benchmarks.claims_tested.claim import Claim, Outcome, judged
from benchmarks.claims_tested.verdict import Floats, Region, mean
from benchmarks.claims_tested.warm import Setting, Warm
from rlbatch.contract import Space
from rlbatch.learner import Learner, LearnerSettings
from rlbatch.learner.gradients.accumulation import Accumulation
from rlbatch.seeding import uniform
from rlbatch.types import Batch

ROWS, CUT, UNEQUAL, GROUP = 512, 128, 96, 32  # 96 rows leave a last part of 32
DRAWS, TAUGHT = 32, 64  # draws measured; updates before, so that weights are no longer the first
ROUNDING, MATTERS = 1e-6, 0.01  # a difference that is float32's, and one that is not
WEIGHTS = 1002  # a purpose of `seeding` that rlbatch has no use for


class WholeNorm(nn.Module):
    """Batch normalisation by the rows that meet it at once, whichever they are."""

    def __init__(self, features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Rows `[B, F]`."""
        apart = x - x.mean(0)
        scale = (x.var(0, correction=0) + self.eps).rsqrt()
        return apart * scale * self.weight + self.bias


class PlainNormed(DQN):
    """DQN with batch normalisation that knows no groups."""

    def network(self, obs_space: Space, action_space: Space) -> nn.Module:
        assert isinstance(action_space, spaces.Discrete)
        return QNetwork(obs_space, int(action_space.n), self.hidden, _layer)


def _layer(fan_in: int, fan_out: int) -> Sequence[nn.Module]:
    return [nn.Linear(fan_in, fan_out, bias=False), WholeNorm(fan_out)]


def measure_batch_norm(setting: Setting) -> Outcome:
    """Cut and padded, with the statistics of what comes at once, and with those of groups."""
    warm, parts = setting.warm, []
    draws = [warm.draw(ROWS, TAUGHT + k) for k in range(setting.times(DRAWS))]
    grouped = dataclasses.replace(_agent(warm), norm="batch", norm_group=GROUP)
    plain = PlainNormed(**dataclasses.asdict(_agent(warm)))
    rules = {"plain": Region(low=MATTERS), f"groups of {GROUP}": Region(high=ROUNDING)}
    for agent, (name, rule) in zip((plain, grouped), rules.items(), strict=True):
        whole, cut = taught(warm, agent), taught(warm, agent, CUT)
        for what, other, change in (
            (f"{ROWS} rows cut by {CUT}", cut, same),
            (f"{ROWS} rows padded to {2 * ROWS}", whole, padded),
        ):
            found = differences(whole.gradient, other.gradient, draws, change)
            parts.append(judged(f"{name}: {what}", mean(found, "norm", name, what), rule))
    return Outcome(parts)


def measure_accumulation(setting: Setting) -> Outcome:
    """Micro-batches added up, with unequal weights and a last part that is short."""
    warm = setting.warm
    draws = [weighted(warm, warm.draw(ROWS, k)) for k in range(setting.times(DRAWS))]
    whole, pieces = warm.restored(), Accumulation(UNEQUAL)
    cut = _learner(warm, _agent(warm), UNEQUAL)
    cut.load_state_dict(whole.state_dict())
    found = mean(differences(whole.gradient, cut.gradient, draws), "accumulation")

    def averaged(batch: Batch) -> Tensor:
        told = [whole.gradient(piece) for piece in pieces.pieces(batch)]
        return torch.stack(told).mean(0)

    wrong = mean(differences(whole.gradient, averaged, draws), "averaged")
    remark = f"the mean of the parts' own means: {wrong.value:.3g}"
    what = f"gradient of {ROWS} weighted rows, in parts of {UNEQUAL} / whole: relative difference"
    return Outcome([judged(what, found, Region(high=ROUNDING), remark)])


def same(batch: Batch) -> Batch:
    """The batch as it is."""
    return batch


def differences(
    whole: Callable[[Batch], Tensor],
    other: Callable[[Batch], Tensor],
    draws: Sequence[Batch],
    change: Callable[[Batch], Batch] = same,
) -> Floats:
    """Mean over draws of ‖other(change(batch)) − whole(batch)‖ / ‖whole(batch)‖, `[L]`."""
    norm = torch.linalg.vector_norm
    told = []
    for batch in draws:
        right = whole(batch)
        told.append(norm(other(change(batch)) - right, dim=1) / norm(right, dim=1))
    found: Floats = torch.stack(told).double().mean(0).numpy()
    return found


def padded(batch: Batch) -> Batch:
    """Twice as wide, as in a lane whose neighbour has more rows."""
    columns = (torch.cat((own, torch.zeros_like(own)), 1) for own in batch[:-1])
    row = torch.cat((batch.row, torch.full_like(batch.row, -1)), 1)
    return Batch(*(*columns, batch.size))._replace(row=row)


def weighted(warm: Warm, batch: Batch) -> Batch:
    """With weights from 0 to 2, a fixed number per row of the buffer."""
    u = uniform(warm.learner.seeds[:, None], WEIGHTS, batch.row.numpy(), 1)[..., 0]
    return batch._replace(weight=torch.from_numpy(2.0 * u).float())


def taught(warm: Warm, agent: DQN, micro_batch: int | None = None) -> Learner:
    """A normalised network after some updates on the frozen rows, whole; then cut or not."""
    learner = _learner(warm, agent)
    for k in range(TAUGHT):
        learner.update(warm.draw(ROWS, k))
    if micro_batch is None:
        return learner
    cut = _learner(warm, agent, micro_batch)
    cut.load_state_dict(learner.state_dict())
    return cut


def _agent(warm: Warm) -> DQN:
    assert isinstance(warm.agent, DQN)
    return warm.agent


def _learner(warm: Warm, agent: DQN, micro_batch: int | None = None) -> Learner:
    own: LearnerSettings = dataclasses.replace(warm.settings, micro_batch=micro_batch)
    rooms: tuple[Any, Any] = warm.buffer.obs_space, warm.buffer.action_space
    return Learner(agent, *rooms, seeds=warm.learner.seeds.tolist(), settings=own)


BATCH_NORM = Claim(
    says="batch normalisation ties a row's gradient to the rows beside it, so to how B is cut and "
    "padded; groups of a fixed size do not",
    source="Ioffe 2017; Hoffer et al. 2017",
    holds_where="plain: the intervals lie above 0.01; groups: they lie below 1e-6",
    measure=measure_batch_norm,
)
ACCUMULATION = Claim(
    says="accumulation over small parts equals the large batch",
    source="any textbook",
    holds_where="the interval of the relative difference lies below 1e-6",
    measure=measure_accumulation,
)
