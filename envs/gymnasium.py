"""Any Gymnasium environment as a vector env of lanes.

env: {plug: "envs.gymnasium:make", id: CartPole-v1}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from envs.seeds import env_seeds
from rlbatch.contract import Space
from rlbatch.errors import ConfigError, PlugError, nearest
from rlbatch.plug import load
from rlbatch.seeding import Purpose, bits
from rlbatch.types import Step


class SeededResets(gym.Wrapper[Any, Any, Any, Any]):
    """Episode k of an environment always starts from the seed (env seed, reset, k)."""

    def __init__(self, env: gym.Env[Any, Any], seed: int) -> None:
        super().__init__(env)
        self._seed, self._episode = seed, 0

    def rewind(self) -> None:
        """Makes the next reset the first episode's again."""
        self._episode = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        own = int(bits(self._seed, Purpose.RESET, self._episode, 1)[0] >> np.uint64(33))
        self._episode += 1
        return super().reset(seed=own, options=options)


class GymnasiumLanes:
    """L × E environments stepped one after another in this process; same-step resets.

    Args:
        envs: those of the first lane, then of the second, ...
        lanes: L.
        device: where observations are wanted.
    """

    def __init__(self, envs: Sequence[SeededResets], lanes: int, device: torch.device) -> None:
        self._envs, self._lead, self._device = envs, (lanes, len(envs) // lanes), device
        self.obs_space: Space = envs[0].observation_space
        self.action_space: Space = envs[0].action_space
        self._shape = self.obs_space.shape or ()
        self._on_cpu = device.type == "cpu"
        self._first_action = int(getattr(self.action_space, "start", 0))

    def reset(self) -> Tensor:
        """Starts every environment's first episode; obs `[L, E, *obs]`."""
        for env in self._envs:
            env.rewind()
        first = np.empty((len(self._envs), *self._shape), self.obs_space.dtype)
        for i, env in enumerate(self._envs):
            first[i] = env.reset()[0]
        return self._lanes(first)

    def step(self, action: Tensor) -> Step:
        """Takes int64 actions `[L, E]`."""
        next_obs = np.empty((len(self._envs), *self._shape), self.obs_space.dtype)
        rewards, terminated, truncated, ended = [], [], [], []
        for i, chosen in enumerate(action.reshape(-1).tolist()):
            own = np.int64(chosen + self._first_action)
            next_obs[i], reward, final, cut, _ = self._envs[i].step(own)
            rewards.append(reward)
            terminated.append(final)
            truncated.append(cut)
            if final or cut:
                ended.append(i)
        obs = next_obs.copy() if ended else next_obs
        for i in ended:
            obs[i] = self._envs[i].reset()[0]
        return Step(
            self._lanes(obs),
            self._lanes(np.array(rewards, np.float32).reshape(len(rewards))),
            self._lanes(np.array(terminated, np.bool_)),
            self._lanes(np.array(truncated, np.bool_)),
            self._lanes(next_obs),
        )

    def _lanes(self, array: npt.NDArray[Any]) -> Tensor:
        lanes = torch.from_numpy(array.reshape(self._lead + array.shape[1:]))
        return lanes if self._on_cpu else lanes.to(self._device)


def make(
    id: str,
    kwargs: Mapping[str, Any] | None = None,
    wrappers: Sequence[str] = (),
    *,
    seeds: Sequence[int],
    per_lane: int,
    device: torch.device,
) -> GymnasiumLanes:
    """L lanes of one registered environment.

    Args:
        id: Gymnasium's name of it.
        kwargs: for the environment's own constructor.
        wrappers: `"module:Name"` each, applied innermost first.
        seeds: one a lane.
        per_lane: environments a lane.
        device: where observations are wanted.

    Raises:
        ConfigError: an unknown id, or arguments that the environment refuses.
    """

    def single(seed: int) -> SeededResets:
        env: gym.Env[Any, Any] = _registered(id, kwargs or {})
        for plug in wrappers:
            wrap: Any = load(plug)
            env = wrap(env)
        return SeededResets(env, seed)

    own = env_seeds(seeds, per_lane).reshape(-1).tolist()
    return GymnasiumLanes([single(seed) for seed in own], len(seeds), device)


def _registered(id: str, kwargs: Mapping[str, Any]) -> gym.Env[Any, Any]:
    if id not in gym.registry:
        raise ConfigError("env.id", "a registered id", repr(id), nearest(id, gym.registry))
    try:
        return gym.make(id, **kwargs)
    except gym.error.DependencyNotInstalled as missing:
        raise PlugError(f"env {id}", "its dependencies to be installed", missing) from None
    except (gym.error.Error, TypeError) as refused:
        raise ConfigError(f"env {id}", "arguments that it takes", refused) from None
