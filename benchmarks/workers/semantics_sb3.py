"""Prints what Stable-Baselines3's replay buffers return of a small stream whose every row is known.

What its buffers leave to their caller is done here as its own training loop does it: `next_obs` of
an episode's last row is the true final observation (`infos["terminal_observation"]`), not the next
episode's first, and `TimeLimit.truncated` is not set where the episode terminated as well.
"""

import json
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.buffers import (  # type: ignore[import, unused-ignore]
    NStepReplayBuffer,
    ReplayBuffer,
)

GAMMA = 0.9
CASES = [(n_step, capacity) for n_step in (1, 3) for capacity in (50, 200)]  # 50 rows wrap around
# episodes of each environment: steps, and t terminated, c cut by a time limit; the rest runs on
EPISODES = ("1t 2c 7t 3c 12t 5tc 9c", "13c 1c 1t 4t 20c 2t 3t 16t")
STEPS = 60
ENVS = len(EPISODES)
DRAWS = 4096  # of a few dozen rows, so that none is missed

Column = npt.NDArray[Any]


def main() -> None:
    """Drives each buffer with the same stream."""
    steps = stream()
    buffers = [
        {"n_step": n_step, "capacity": capacity, "rows": rows(steps, n_step, capacity)}
        for n_step, capacity in CASES
    ]
    found = {
        "stable_baselines3": version("stable-baselines3"),
        "gamma": GAMMA,
        "stream": {name: column.tolist() for name, column in steps.items()},
        "buffers": buffers,
    }
    print(json.dumps(found))


def stream() -> dict[str, Column]:
    """Returns columns `[T, E, ...]`. Numbers are eighths, so that text holds them exactly."""
    rng = np.random.default_rng(0)
    terminated, truncated = (
        np.stack([ends(text, flag) for text in EPISODES], axis=1) for flag in "tc"
    )
    seen, final = (rng.integers(-512, 512, (STEPS + more, ENVS, 4)) / 8 for more in (1, 0))
    ended = (terminated | truncated)[..., None]
    return {
        "obs": seen[:-1].astype(np.float32),
        "action": rng.integers(0, 2, (STEPS, ENVS)),
        "reward": (rng.integers(-16, 16, (STEPS, ENVS)) / 8).astype(np.float32),
        "next_obs": np.where(ended, final, seen[1:]).astype(np.float32),
        "terminated": terminated,
        "truncated": truncated,
    }


def ends(text: str, flag: str) -> Column:
    """Returns which steps of one environment end an episode in this way, `[T]`."""
    ended = np.zeros(STEPS, np.bool_)
    lengths = [int(word.rstrip("tc")) for word in text.split()]
    for step, word in zip(np.cumsum(lengths), text.split(), strict=True):
        ended[step - 1] = flag in word
    return ended


def rows(steps: dict[str, Column], n_step: int, capacity: int) -> dict[str, list[Any]]:
    """Returns every row that the buffer returns, once and in order of the observation, by column.

    `discount` is what its DQN multiplies the bootstrap with: (1 − done) times the n-step buffer's
    own discounts, or times γ where there are none.
    """
    np.random.seed(0)  # noqa: NPY002 - the generator that it draws from
    drawn = filled(steps, n_step, capacity).sample(DRAWS)
    discounts = GAMMA if drawn.discounts is None else drawn.discounts
    columns = {
        "obs": drawn.observations,
        "action": drawn.actions[:, 0],
        "reward": drawn.rewards[:, 0],
        "next_obs": drawn.next_observations,
        "discount": ((1 - drawn.dones) * discounts)[:, 0],
    }
    _, first = np.unique(columns["obs"].numpy(), axis=0, return_index=True)
    return {name: column[first].tolist() for name, column in columns.items()}


def filled(steps: dict[str, Column], n_step: int, capacity: int) -> ReplayBuffer:
    """Returns SB3's buffer after all steps."""
    spaces = Box(-np.inf, np.inf, (4,), np.float32), Discrete(2)
    options: dict[str, Any] = {"device": "cpu", "n_envs": ENVS}
    if n_step == 1:
        buffer = ReplayBuffer(capacity, *spaces, **options)
    else:
        buffer = NStepReplayBuffer(capacity, *spaces, n_steps=n_step, gamma=GAMMA, **options)
    for t in range(STEPS):
        obs, action, reward, next_obs, terminated, truncated = (steps[name][t] for name in steps)
        infos = [{"TimeLimit.truncated": cut} for cut in (truncated & ~terminated).tolist()]
        buffer.add(obs, next_obs, action, reward, terminated | truncated, infos)
    return buffer


if __name__ == "__main__":
    main()
