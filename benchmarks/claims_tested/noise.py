"""The gradient noise scale at weights that stand still: with noisy rewards, and late in a run."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from benchmarks.claims_tested.claim import Claim, Outcome, judged
from benchmarks.claims_tested.verdict import Floats, Region, ratio
from benchmarks.claims_tested.warm import Setting, Warm, trained
from rlbatch.learner import NoiseScale
from rlbatch.seeding import uniform
from rlbatch.types import Batch

ROWS, DRAWS = 512, 64  # of one reading: twice as many rows as the buffer holds
SPREADS = (1.0, 4.0)  # SD of the noise on rewards, which are 1
EARLY, LATE, GROWTH = 1000, 50_000, 10.0  # env steps; McCandlish et al.'s factor
REWARD_NOISE = 1001  # a purpose of `seeding` that rlbatch has no use for


def measure_rewards(setting: Setting) -> Outcome:
    """Noise scale with noisy rewards over that without, same rows and weights."""
    warm = setting.warm
    plain = noise_scale(setting, warm)
    parts = []
    for spread in SPREADS:
        found = ratio(noise_scale(setting, warm, spread), plain, f"rewards {spread}")
        what = f"noise scale, reward SD {spread:.0f} / SD 0"
        parts.append(judged(what, found, Region(low=1.0), f"median without {middle(plain)} rows"))
    return Outcome(parts)


def measure_growth(setting: Setting) -> Outcome:
    """Noise scale at the end of the run over that after its first updates."""
    late_step = setting.times(LATE, least=2000)
    early, late = (noise_scale(setting, warm) for warm in trained(setting, EARLY, late_step))
    found = ratio(late, early, "growth")
    medians = f"medians {middle(early)} and {middle(late)} rows"
    what = f"noise scale, env step {late_step:,} / {EARLY:,}"
    parts = [judged(what, found, Region(low=1.0), medians)]
    return Outcome([*parts, judged("the same, by a factor of 10", found, Region(low=GROWTH))])


def noise_scale(setting: Setting, warm: Warm, spread: float = 0.0) -> Floats:
    """B̂ in rows, `[L]`: a ratio of averages over many draws, with a learning rate of 0."""
    meter = NoiseScale(by="rows", every=1, horizon=10**9, at_sync="average")
    learner = warm.restored(dataclasses.replace(warm.settings, noise_scale=meter))
    for k in range(setting.times(DRAWS, least=8)):
        batch = warm.draw(ROWS, k)
        learner.update(noisy(batch, learner.seeds, spread) if spread else batch, lr=0.0)
    assert learner.noise is not None
    told = [own["noise_scale"] for own in learner.noise.read()]
    return np.minimum(told, np.finfo(np.float64).max)  # |G|² ≤ 0: no bound


def noisy(batch: Batch, seeds: np.ndarray, spread: float) -> Batch:
    """The batch with Gaussian noise on its rewards, a fixed number per row of the buffer."""
    u = uniform(seeds[:, None], REWARD_NOISE, batch.row.numpy(), 2)  # [L, B, 2]
    gauss = np.sqrt(-2.0 * np.log1p(-u[..., 0])) * np.cos(2.0 * np.pi * u[..., 1])
    return batch._replace(reward=batch.reward + torch.from_numpy(spread * gauss).float())


def middle(scales: Floats) -> str:
    """The median of the lanes, for reading."""
    return f"{np.median(scales):.3g}"


NOISY_REWARDS = Claim(
    says="a noisy environment wants a larger B",
    source="McCandlish et al. 2018: the noise scale is the B that it wants",
    holds_where="the intervals of the ratios at reward SD 1 and 4 lie above 1",
    measure=measure_rewards,
)
GROWS = Claim(
    says="the noise scale grows during training, tenfold or more",
    source="McCandlish et al. 2018, on Atari",
    holds_where="the interval of the ratio lies above 1, and above 10",
    measure=measure_growth,
)
