"""How much a batch gradient varies from draw to draw, at weights that stand still."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from benchmarks.claims_tested.claim import Claim, Outcome, judged
from benchmarks.claims_tested.verdict import Floats, Region, mean, ratio
from benchmarks.claims_tested.warm import Setting, Warm
from rlbatch.replay import ReplayBuffer, Sequential

SIZES = (8, 16, 32, 64, 128, 256, 512, 1024)
DRAWS = 48  # of each size, or more where those are fewer than
ROWS_DRAWN = 8192  # a lane: small batches seldom meet the rare rows that make most of the variance
ROWS = 128  # of the comparison of samplers


def measure_slope(setting: Setting) -> Outcome:
    """The slope of log variance on log B, lane by lane."""
    warm = setting.warm
    draws = {size: setting.times(max(DRAWS, ROWS_DRAWN // size)) for size in SIZES}
    first = itertools.accumulate(draws.values(), initial=0)  # so that no size sees another's draws
    logs = np.log2(
        [variance(warm, *own, first=k) for own, k in zip(draws.items(), first, strict=False)]
    )
    slopes = np.polyfit(np.log2(SIZES), logs, 1)[0]  # [L]
    found = mean(slopes, "noisier")
    return Outcome(
        [judged("slope of log Var g on log B, 8 to 1024", found, Region(low=-1.1, high=-0.9))]
    )


def measure_samplers(setting: Setting) -> Outcome:
    """Variance of consecutive rows over that of uniform ones, from the same buffer."""
    warm, draws = setting.warm, setting.times(2 * DRAWS)
    consecutive = in_order(warm.buffer)
    apart = variance(warm, ROWS, draws)
    together = variance(warm, ROWS, draws, buffer=consecutive)
    found = ratio(together, apart, "decorrelates")
    worth = f"{ROWS} consecutive rows are worth {ROWS / found.value:.0f}"
    what = f"Var g, consecutive / uniform rows, B = {ROWS}"
    return Outcome([judged(what, found, Region(low=1.0), worth)])


def in_order(buffer: ReplayBuffer) -> ReplayBuffer:
    """A buffer of the same rows that draws them as they follow one another."""
    told, lanes = buffer.whole(), buffer.lanes
    spaces = buffer.obs_space, buffer.action_space
    rows, seeds = told.row.shape[1], buffer.described.seeds
    gamma, sampler = buffer.gamma, Sequential()
    new = ReplayBuffer(rows, *spaces, lanes, seed=seeds, gamma=gamma, sampler=sampler)
    ended = told.discount == 0.0
    new.add(told.obs, told.action, told.reward, told.next_obs, ended, torch.zeros_like(ended))
    return new


def variance(
    warm: Warm, rows: int, draws: int, *, first: int = 0, buffer: ReplayBuffer | None = None
) -> Floats:
    """tr Cov of the gradient of B rows, `[L]`, from independent draws, unbiased."""
    learner = warm.restored()
    told = (learner.gradient(warm.draw(rows, first + k, buffer)).double() for k in range(draws))
    total, squares = torch.zeros(()), torch.zeros(())
    for gradient in told:
        total = total + gradient
        squares = squares + gradient.square().sum(1)
    spread: Floats = ((squares - total.square().sum(1) / draws) / (draws - 1)).numpy()
    return spread


NOISIER = Claim(
    says="small batches give noisier updates: Var g ∝ 1/B",
    source="any textbook; Bottou, Curtis and Nocedal 2018",
    holds_where="the interval of the slope lies in [−1.1, −0.9]",
    measure=measure_slope,
)
DECORRELATES = Claim(
    says="replay decorrelates: consecutive rows make a noisier batch than uniform ones",
    source="Lin 1992; Mnih et al. 2015",
    holds_where="the interval of the ratio lies above 1",
    measure=measure_samplers,
)
