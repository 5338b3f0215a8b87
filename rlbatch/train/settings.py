"""Settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rlbatch.errors import require
from rlbatch.learner import LearnerSettings, declared_betas
from rlbatch.replay import Replay
from rlbatch.schedule import BatchPlan, Detector, require_fit
from rlbatch.train.exploration import Exploration
from rlbatch.train.signals import require_signals
from rlbatch.train.stop import Stop
from rlbatch.train.sweep import Arm, Sweep

Iso = Literal["updates", "samples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learn:
    """`count` updates at every multiple of `every` env steps, from `start` on."""

    start: int = 1000  # env steps
    every: int = 2  # env steps
    count: int = 1  # updates

    def __post_init__(self) -> None:
        require(self.start >= 0, "learn.start", "an env step ≥ 0", self.start)
        require(self.every >= 1, "learn.every", "at least 1 env step", self.every)
        require(self.count >= 1, "learn.count", "at least 1 update", self.count)

    def due(self, before: int, now: int) -> int:
        """Multiples of `every` in (before, now] that are not before `start`."""
        return max(0, now // self.every - max(before, self.start - 1) // self.every)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Greedy episodes from start states common to all lanes, in environments of their own."""

    every: float = 0.01  # share of env_steps
    episodes: int = 10  # a lane, each time
    final_episodes: int = 20  # a lane, at the end
    max_length: int = 30_000  # env steps after which an episode is cut

    def __post_init__(self) -> None:
        require(0.0 < self.every <= 1.0, "evaluate.every", "a share in (0, 1]", self.every)
        require(self.episodes >= 1, "evaluate.episodes", "at least 1", self.episodes)
        require(
            self.final_episodes >= 1, "evaluate.final_episodes", "at least 1", self.final_episodes
        )
        require(self.max_length >= 1, "evaluate.max_length", "at least 1 env step", self.max_length)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """All that the loop needs beside the agent and the environments."""

    seed: int = 1  # lane k has seed + k
    seeds: int = 8  # lanes of each combination of `lanes`, one without any
    env_steps: int = 50_000  # stored transitions a lane
    iso: Iso = "updates"  # what stays fixed when B changes
    exploration: Exploration = field(default_factory=Exploration)
    learn: Learn = field(default_factory=Learn)
    replay: Replay = field(default_factory=Replay)
    batch: BatchPlan = field(default_factory=BatchPlan)
    phase: Detector = field(default_factory=Detector)
    learner: LearnerSettings = field(default_factory=LearnerSettings)
    lanes: Sweep = field(default_factory=Sweep)  # numbers in which lanes differ
    evaluate: Evaluation = field(default_factory=Evaluation)
    stop: Stop | None = None  # None: to the end of the budget
    log_every: float = 0.005  # share of env_steps
    checkpoint_every: float = 0.25  # share of env_steps

    def __post_init__(self) -> None:
        require(self.seed >= 0, "seed", "an integer ≥ 0", self.seed)
        require(self.seeds >= 1, "seeds", "at least 1 lane", self.seeds)
        require(self.env_steps >= 1, "env_steps", "at least 1", self.env_steps)
        require(
            self.learn.start < self.env_steps,
            "learn.start",
            f"less than env_steps ({self.env_steps})",
            self.learn.start,
        )
        for name in ("log_every", "checkpoint_every"):
            share = getattr(self, name)
            require(0.0 < share <= 1.0, name, "a share in (0, 1]", share)
        self.arms()
        self._check_batch()
        self._check_regime()
        self._check_stop()

    def _check_batch(self) -> None:
        largest = self.batch.largest()
        require(
            largest <= self.replay.capacity,
            "batch.schedule",
            f"at most replay.capacity ({self.replay.capacity} rows)",
            f"{largest} rows",
            "Raise replay.capacity or lower the batch size.",
        )
        if self.replay.sampler.kind == "without_replacement":
            met = largest <= self.learn.start
            advice = "Without replacement a batch cannot be larger than what is stored."
            start = f"at least the largest batch ({largest} rows)"
            require(met, "learn.start", start, self.learn.start, advice)
        followed = (self.batch.schedule, self.batch.lr_follows)
        if any(getattr(schedule, "kind", "") == "epsilon" for schedule in followed):
            for arm in self.arms():
                require(
                    arm.exploration.start != arm.exploration.end,
                    "exploration.end",
                    "other than exploration.start, since the batch size or lr follows it",
                    arm.exploration.end,
                )

    def _check_regime(self) -> None:
        plan, optimizer = self.batch, self.learner.optimizer.kind
        require_fit(plan.coupling, optimizer)
        met = plan.moments != "rescale" or declared_betas(self.learner.optimizer) is not None
        wanted = f"keep or reset, as {optimizer.upper()} has no second moment"
        require(met, "batch.moments", wanted, "rescale")
        kind = getattr(plan.schedule, "kind", "")
        met = kind != "reuse" or self.iso == "updates"
        advice = "Under iso: samples the rows drawn do not hang on B."
        require(met, "batch.schedule", "a run of iso: updates for kind: reuse", self.iso, advice)
        met = kind != "cabs" or plan.coupling != "linear"
        advice = "B would follow an lr that follows B, to one bound or the other."
        require(met, "batch.coupling", "another rule than linear for kind: cabs", "linear", advice)
        noise = self.learner.noise_scale is not None
        require_signals(plan, noise=noise, held_out=self.replay.validation is not None)

    def _check_stop(self) -> None:
        if self.stop is not None and self.stop.on == "val_td":
            met = self.replay.validation is not None
            advice = "Set replay.validation: 10, which holds every tenth episode out."
            require(met, "stop.on", "eval_return, as no episode is held out", "val_td", advice)

    def arms(self) -> list[Arm]:
        """The combinations of `lanes`; one without a sweep."""
        return self.lanes.arms(self.learner, self.exploration)

    @property
    def lane_arms(self) -> list[Arm]:
        """Of every lane, `[L]`."""
        return [arm for arm in self.arms() for _ in range(self.seeds)]

    @property
    def lane_seeds(self) -> list[int]:
        """Of every lane, `[L]`: the same seeds in every arm."""
        return [self.seed + k for _ in self.arms() for k in range(self.seeds)]

    def points(self, share: float) -> int:
        """A share of the budget in env steps, at least 1."""
        return max(1, round(share * self.env_steps))
