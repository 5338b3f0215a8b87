"""Times Stable-Baselines3's DQN: without Monitor, without logs, its gradient clip out of reach.

Its loss is Huber's where the others square; it offers no other, and the cost is the same.
"""

from __future__ import annotations

from stable_baselines3 import DQN  # type: ignore[import, unused-ignore]
from stable_baselines3.common.vec_env import DummyVecEnv  # type: ignore[import, unused-ignore]

from benchmarks.workers import training_preset as preset
from benchmarks.workers.training_gymnasium import Episodes, prepare
from benchmarks.workers.training_run import Run


def main() -> None:
    """Trains once."""
    run = Run()
    prepare(run)
    episodes = Episodes(run)
    model = DQN(
        "MlpPolicy",
        DummyVecEnv([episodes.make]),
        learning_rate=preset.LEARNING_RATE,
        buffer_size=preset.CAPACITY,
        learning_starts=preset.LEARN_START,
        batch_size=preset.BATCH_SIZE,
        gamma=preset.GAMMA,
        train_freq=preset.LEARN_EVERY,
        gradient_steps=1,
        target_update_interval=preset.TARGET_EVERY,
        exploration_fraction=preset.EPSILON_FRACTION,
        exploration_initial_eps=preset.EPSILON_START,
        exploration_final_eps=preset.EPSILON_END,
        max_grad_norm=float("inf"),
        policy_kwargs={"net_arch": preset.HIDDEN},
        verbose=0,
        seed=run.seed,
        device="cpu",
    )
    run.begin()
    model.learn(run.steps, log_interval=None)
    run.end()
    run.report(model.num_timesteps, [episodes.returns])


if __name__ == "__main__":
    main()
