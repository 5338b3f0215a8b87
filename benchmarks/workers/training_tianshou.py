"""Times Tianshou's DQN: no logger, no progress bar, no test episodes, no search for NaNs.

Its trainer learns from the first step it collects, so the steps before learning are collected
ahead of it, in pieces short enough for epsilon to fall along the same line.
"""

from __future__ import annotations

import gymnasium as gym
from tianshou.algorithm import DQN  # type: ignore[import, unused-ignore]
from tianshou.algorithm.modelfree.dqn import (  # type: ignore[import, unused-ignore]
    DiscreteQLearningPolicy,
)
from tianshou.algorithm.optim import AdamOptimizerFactory  # type: ignore[import, unused-ignore]
from tianshou.data import Collector, VectorReplayBuffer  # type: ignore[import, unused-ignore]
from tianshou.env import DummyVectorEnv  # type: ignore[import, unused-ignore]
from tianshou.trainer import OffPolicyTrainerParams  # type: ignore[import, unused-ignore]
from tianshou.utils.net.common import Net  # type: ignore[import, unused-ignore]
from tianshou.utils.torch_utils import (  # type: ignore[import, unused-ignore]
    policy_within_training_step,
)

from benchmarks.workers import training_preset as preset
from benchmarks.workers.training_gymnasium import Episodes, prepare
from benchmarks.workers.training_run import Run

PIECE = 500  # env steps collected at one epsilon before learning starts


def main() -> None:
    """Trains once."""
    run = Run()
    prepare(run)
    episodes = Episodes(run)
    env = gym.make(preset.ENV)
    policy = DiscreteQLearningPolicy(
        model=Net(state_shape=(4,), action_shape=2, hidden_sizes=preset.HIDDEN),
        action_space=env.action_space,
        observation_space=env.observation_space,
        eps_training=preset.EPSILON_START,
    )
    algorithm = DQN(
        policy=policy,
        optim=AdamOptimizerFactory(lr=preset.LEARNING_RATE),
        gamma=preset.GAMMA,
        target_update_freq=preset.TARGET_EVERY // preset.LEARN_EVERY,
        is_double=False,
    )
    collector = Collector(
        algorithm,
        DummyVectorEnv([episodes.make]),
        VectorReplayBuffer(preset.CAPACITY, 1),
        exploration_noise=True,
        raise_on_nan_in_buffer=False,
    )
    collector.reset(gym_reset_kwargs={"seed": run.seed})
    run.begin()
    with policy_within_training_step(policy):
        for step in range(0, preset.LEARN_START, PIECE):
            policy.set_eps_training(epsilon(step, run.steps))
            collector.collect(n_step=PIECE)
    algorithm.run_training(learning(collector, policy, run.steps))
    run.end()
    # the trainer sets the collector's own count to zero, so it counts the learning steps alone
    run.report(preset.LEARN_START + collector.collect_step, [episodes.returns])


def learning(
    collector: Collector, policy: DiscreteQLearningPolicy, steps: int
) -> OffPolicyTrainerParams:
    """Returns the trainer's settings for the steps after learning starts."""
    return OffPolicyTrainerParams(
        training_collector=collector,
        max_epochs=1,
        epoch_num_steps=steps - preset.LEARN_START,
        collection_step_num_env_steps=preset.LEARN_EVERY,
        update_step_num_gradient_steps_per_sample=1 / preset.LEARN_EVERY,
        batch_size=preset.BATCH_SIZE,
        training_fn=lambda _, step: policy.set_eps_training(
            epsilon(preset.LEARN_START + step, steps)
        ),
        verbose=False,
        show_progress=False,
    )


def epsilon(step: int, steps: int) -> float:
    """Returns epsilon at an env step."""
    done = min(1.0, step / (preset.EPSILON_FRACTION * steps))
    return preset.EPSILON_START + done * (preset.EPSILON_END - preset.EPSILON_START)


if __name__ == "__main__":
    main()
