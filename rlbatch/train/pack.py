"""Several runs as lanes of one Trainer: which of them can be, and which lanes are whose."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import require
from rlbatch.schedule import BatchPlan
from rlbatch.train.settings import TrainSettings
from rlbatch.train.sweep import Arm

Mask = npt.NDArray[np.bool_]  # [L]

COMMON = ("seed", "seeds", "env_steps", "iso", "learn", "replay", "phase", "evaluate",
          "log_every", "checkpoint_every")  # fmt: skip
OF_LEARNER = ("optimizer", "noise_scale", "micro_batch", "precision", "checkpointing")


@dataclass(frozen=True, slots=True)
class Pack:
    """What the lanes of a Trainer train with: those of the first member, then of the second, ...

    A single member may be of any kind; several agree in all that a Trainer has one of, and differ
    in their batch plans, learning rates, clipping, target period or τ, and exploration.

    Raises:
        ConfigError: members that cannot share a learner.
    """

    members: tuple[TrainSettings, ...]

    def __post_init__(self) -> None:
        require(bool(self.members), "pack", "at least 1 member", 0)
        for other in self.members[1:]:
            key = unlike(self.members[0], other)
            told, advice = f"some that differ in or rule out: {key}", "Train them apart."
            require(key is None, "pack", "members that can share a learner", told, advice)

    @property
    def common(self) -> TrainSettings:
        """Settings to ask for what all members have alike."""
        return self.members[0]

    @property
    def own(self) -> list[slice]:
        """The lanes of each member."""
        ends = np.cumsum([len(member.lane_seeds) for member in self.members]).tolist()
        return [slice(*pair) for pair in zip([0, *ends[:-1]], ends, strict=True)]

    @property
    def lane_seeds(self) -> list[int]:
        """`[L]`"""
        return [seed for member in self.members for seed in member.lane_seeds]

    @property
    def lane_arms(self) -> list[Arm]:
        """`[L]`"""
        return [arm for member in self.members for arm in member.lane_arms]

    @property
    def lane_plans(self) -> list[BatchPlan]:
        """`[L]`, each as its member declares it."""
        return [member.batch for member in self.members for _ in member.lane_seeds]

    def all_of(self, lanes: Mask) -> Mask:
        """The lanes `[L]` of members of which every lane is among these."""
        whole = np.zeros_like(lanes)
        for own in self.own:
            whole[own] = lanes[own].all()
        return whole


def unlike(one: TrainSettings, other: TrainSettings) -> str | None:
    """The first key for which two runs cannot share a learner, None where they can."""
    return next(_reasons(one, other), None)


def _reasons(one: TrainSettings, other: TrainSettings) -> Iterator[str]:
    for own in (one, other):
        yield from _alone(own)
    for name in COMMON:
        yield from _differing(getattr(one, name), getattr(other, name), name)
    for name in OF_LEARNER:
        pair = getattr(one.learner, name), getattr(other.learner, name)
        yield from _differing(*pair, f"learner.{name}")
    if one.learner.target.kind != other.learner.target.kind:
        yield "learner.target.kind"
    if one.replay.validation is not None:  # how many rows a lane has hangs on how it acts
        yield from _differing(one.exploration, other.exploration, "exploration")


def _alone(settings: TrainSettings) -> Iterator[str]:
    """Why a run shares with nobody."""
    if settings.batch.whole:
        yield "batch.schedule.rows"  # the whole buffer
    if getattr(settings.batch.schedule, "needs_throughput", False):
        yield "batch.schedule.kind"  # the machine's speed is that of its own updates
    if settings.stop is not None:
        yield "stop"  # lanes decide when it ends


def _differing(one: Any, other: Any, name: str) -> Iterator[str]:
    """The dotted names of what differs, as deep as the kinds are the same."""
    if one == other:
        return
    if type(one) is not type(other) or not dataclasses.is_dataclass(one):
        yield name
        return
    for own in dataclasses.fields(one):
        pair = getattr(one, own.name), getattr(other, own.name)
        yield from _differing(*pair, f"{name}.{own.name}")
