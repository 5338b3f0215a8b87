"""What a run is made of, as its settings say: buffer, learner, programs, feedback."""

from __future__ import annotations

import torch

from rlbatch.contract import Agent, Space, TensorEnv, VectorEnv
from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.replay.inline import can_inline, inline_rows
from rlbatch.train.acting import Iterations, Rollout, stride
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.feedback import Feedback
from rlbatch.train.groups import require_whole_groups
from rlbatch.train.measurable import require_measurable
from rlbatch.train.pack import Pack
from rlbatch.train.probe import Probe


def buffer_for(pack: Pack, spaces: tuple[Space, Space], device: torch.device) -> ReplayBuffer:
    """The buffer of all lanes. Draws are counted where rows need not leave the device for it."""
    replay, seeds = pack.common.replay, pack.lane_seeds
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
        accounting=device.type == "cpu" and not pack.common.batch.whole,
    )


def learner_for(
    pack: Pack,
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
        seeds=pack.lane_seeds,
        settings=[arm.learner for arm in pack.lane_arms],
        device=device,
        eager=eager,
        compile=compile,
    )
    for member in pack.members:
        require_whole_groups(member, learner.statistics.group)
    return learner


def rollout_for(
    pack: Pack,
    env: VectorEnv,
    learner: Learner,
    actions: int,
    per_lane: int,
    compile: bool,
) -> Rollout | None:
    """Several env steps as one program; None where they are not tensors on a CPU."""
    if not (compile and isinstance(env, TensorEnv) and learner.device.type == "cpu"):
        return None
    steps = stride(pack.common.learn.every, per_lane)
    return Rollout(env, learner.values_of, pack.lane_seeds, per_lane, actions, steps)


def iterations_for(
    pack: Pack,
    env: VectorEnv,
    learner: Learner,
    actions: int,
    per_lane: int,
    compile: bool,
    buffer: ReplayBuffer,
    episodes: TrainingEpisodes,
) -> Iterations | None:
    """Steps and update as a program; None where something in them needs the host, see `apart`."""
    if apart(pack, env, buffer, per_lane):
        return None
    rows = inline_rows(buffer, per_lane)
    assert rows is not None
    assert isinstance(env, TensorEnv)
    every = pack.common.learn.every
    steps = every // per_lane if every % per_lane == 0 else 1
    told = pack.lane_seeds, per_lane, actions, steps, episodes
    return Iterations(env, learner, rows, *told, compile and learner.device.type == "cuda")


def apart(pack: Pack, env: VectorEnv, buffer: ReplayBuffer, per_lane: int) -> str:
    """Why steps and update cannot be one program on the device; "" where they can."""
    own, members = pack.common, pack.members
    reasons = {
        "the environments are not tensors": not isinstance(env, TensorEnv),
        "rows are not plain, of one step, drawn uniformly, on the device": not can_inline(buffer),
        "a batch is the whole buffer": own.batch.whole,
        "a controller decides B": any(member.batch.closed for member in members),
        "the noise scale is measured": any(
            arm.learner.noise_scale is not None for arm in pack.lane_arms
        ),
        "an iteration adds more rows than there is room for": (
            max(own.learn.every, per_lane) > own.replay.capacity
        ),
    }
    return next((reason for reason, met in reasons.items() if met), "")


def feedback_for(
    pack: Pack,
    learner: Learner,
    buffer: ReplayBuffer,
    episodes: TrainingEpisodes,
    probe: Probe,
) -> Feedback | None:
    """What controllers are told; None where no B depends on it."""
    closed = [member for member in pack.members if member.batch.closed]
    for member in closed:
        require_measurable(member, learner.noise, buffer.accounts)
    if not closed:
        return None
    timed = getattr(pack.common.batch.schedule, "needs_throughput", False)
    rungs = pack.common.batch.rungs() if timed else ()
    return Feedback(learner, buffer, episodes, probe, rungs)
