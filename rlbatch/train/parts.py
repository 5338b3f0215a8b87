"""What a run is made of, as its settings say: buffer, learner, rollout, feedback."""

from __future__ import annotations

import torch

from rlbatch.contract import Agent, Space, TensorEnv, VectorEnv
from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.feedback import Feedback
from rlbatch.train.groups import require_whole_groups
from rlbatch.train.measurable import require_measurable
from rlbatch.train.probe import Probe
from rlbatch.train.rollout import Rollout, stride
from rlbatch.train.settings import TrainSettings


def buffer_for(
    settings: TrainSettings, spaces: tuple[Space, Space], device: torch.device
) -> ReplayBuffer:
    """The buffer of all lanes. Draws are counted where rows need not leave the device for it."""
    replay, seeds = settings.replay, settings.lane_seeds
    return ReplayBuffer(
        replay.capacity,
        *spaces,
        len(seeds),
        device,
        seeds,
        gamma=replay.gamma,
        n_step=replay.n_step,
        sampler=replay.sampler,
        frame_stack=replay.frame_stack,
        validation=replay.validation,
        accounting=device.type == "cpu" and not settings.batch.whole,
    )


def learner_for(
    settings: TrainSettings,
    agent: Agent,
    spaces: tuple[Space, Space],
    device: torch.device,
    eager: bool,
    compile: bool,
) -> Learner:
    """A learner with a lane for every seed of every arm.

    Raises:
        ConfigError: settings and agent that do not fit.
    """
    learner = Learner(
        agent,
        *spaces,
        seeds=settings.lane_seeds,
        settings=[arm.learner for arm in settings.lane_arms],
        device=device,
        eager=eager,
        compile=compile,
    )
    require_whole_groups(settings, learner.statistics.group)
    return learner


def rollout_for(
    settings: TrainSettings,
    env: VectorEnv,
    learner: Learner,
    actions: int,
    per_lane: int,
    compile: bool,
) -> Rollout | None:
    """Several env steps as one program; None where they are not tensors on a CPU."""
    if not (compile and isinstance(env, TensorEnv) and learner.device.type == "cpu"):
        return None
    steps = stride(settings.learn.every, per_lane)
    return Rollout(env, learner.values_of, settings.lane_seeds, per_lane, actions, steps)


def feedback_for(
    settings: TrainSettings,
    learner: Learner,
    buffer: ReplayBuffer,
    episodes: TrainingEpisodes,
    probe: Probe,
) -> Feedback | None:
    """What a controller is told; None where B does not depend on it."""
    if not settings.batch.closed:
        return None
    require_measurable(settings, learner.noise, buffer.accounts)
    timed = getattr(settings.batch.schedule, "needs_throughput", False)
    rungs = settings.batch.rungs() if timed else ()
    return Feedback(learner, buffer, episodes, probe, rungs)
