"""Where the probe set comes from: a random policy, one in mid-training, an expert, a third each.

The latter two are those of a *reference* run, so that no regime chooses the states it is judged on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rlbatch.compare.built import Built
from rlbatch.compare.inner.lane import restore
from rlbatch.compare.inner.probe import ProbeSet
from rlbatch.errors import FileError, require
from rlbatch.seeding import Purpose, uniform
from rlbatch.train.acting import Actor
from rlbatch.types import Step

REFERENCE_SEED = 2_147_400_000  # no run's, and not that of evaluations
WALK = 1000  # env steps that each policy walks, in one environment a lane
EPSILON = 0.05  # of the two trained policies: states vary where the environment does not


def collect(built: Built, run_folder: Path, states: int = 300) -> ProbeSet:
    """Draws a probe set by the policies of a reference run; the same call repeats it.

    Every lane of the run walks `WALK` env steps from starts of its own, and transitions are drawn
    from all that was walked, without replacement.

    Args:
        built: the reference run's experiment.
        run_folder: its folder, with the checkpoint `best` (the expert) and a `step_<n>` (the one
            nearest to half of the budget is the policy in mid-training).
        states: N, a multiple of 3.

    Raises:
        ConfigError: an N that has no thirds or exceeds what is walked; γ = 0.
        FileError: a checkpoint that is missing or does not fit.
    """
    walked = 3 * WALK * len(built.train.lane_seeds)
    fits = 3 <= states <= walked and states % 3 == 0
    require(fits, "probe.states", f"a multiple of 3 in [3, {walked}]", states)
    gamma = built.train.replay.gamma
    require(gamma > 0.0, "probe: replay.gamma", "above 0 in the reference run", gamma)
    middle = restore(built, run_folder, _middle(run_folder, built.train.env_steps))
    expert = restore(built, run_folder, "best")
    policies = ((expert, 1.0), (middle, EPSILON), (expert, EPSILON))
    thirds = [
        _third(built, which, policy.learner.values, epsilon, states // 3)
        for which, (policy, epsilon) in enumerate(policies)
    ]
    return ProbeSet(*(torch.cat(columns) for columns in zip(*thirds, strict=True)))


def _middle(run: Path, env_steps: int) -> str:
    """The step checkpoint nearest to half of the run; of two, the earlier."""
    found = (run / "checkpoints").glob("step_*.safetensors")
    steps = sorted(int(path.stem.removeprefix("step_")) for path in found)
    if not steps:
        raise FileError(str(run), "a checkpoint step_<n>", "none", "Lower checkpoint_every.")
    return f"step_{min(steps, key=lambda step: abs(step - env_steps / 2))}"


def _third(
    built: Built, which: int, values: Callable[[Tensor], Tensor], epsilon: float, rows: int
) -> tuple[Tensor, ...]:
    """Columns `[rows, ...]` of transitions drawn from one policy's walk, in the order walked."""
    lanes = len(built.train.lane_seeds)
    seeds = [REFERENCE_SEED + which * lanes + lane for lane in range(lanes)]
    env = built.make_env(seeds=seeds, per_lane=1, device=built.device)
    obs = env.reset()
    actor = Actor(values, seeds, 1, values(obs).shape[-1])
    order = uniform(REFERENCE_SEED, Purpose.PROBE, which, WALK * lanes).argsort(kind="stable")
    drawn = np.sort(order[:rows])
    kept = []
    for now in range(WALK):
        action = actor.act(obs, epsilon, now)
        step = env.step(action)
        here = torch.from_numpy(drawn[drawn // lanes == now] % lanes)
        if len(here):
            kept.append(_columns(obs, action, step, built.train.replay.gamma, here))
        obs = step.obs
    return tuple(torch.cat(column) for column in zip(*kept, strict=True))


def _columns(
    obs: Tensor, action: Tensor, step: Step, gamma: float, lanes: Tensor
) -> tuple[Tensor, ...]:
    """What some lanes, one environment each, went through in one env step."""
    discount = torch.where(step.terminated, 0.0, gamma).float()
    columns = obs, action, step.reward.float(), step.next_obs, discount
    return tuple(column[:, 0].cpu()[lanes] for column in columns)
