"""Settings of the learner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from rlbatch.errors import require
from rlbatch.learner.lr_schedule import LrSchedule
from rlbatch.learner.optimizers.settings import AdamSettings as AdamSettings
from rlbatch.learner.optimizers.settings import OptimizerSettings as OptimizerSettings
from rlbatch.learner.optimizers.settings import SGDSettings as SGDSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class HardTarget:
    """Copies the online network whenever the env-step clock passes a multiple of `period`."""

    kind: Literal["hard"] = "hard"
    period: int = 500  # env steps

    def __post_init__(self) -> None:
        require(self.period >= 1, "hard.period", "at least 1 env step", self.period)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolyakTarget:
    """θ⁻ ← θ⁻ + τ (θ − θ⁻) after every update (Lillicrap et al. 2015)."""

    kind: Literal["polyak"] = "polyak"
    tau: float = 0.005  # share per update

    def __post_init__(self) -> None:
        require(0.0 < self.tau <= 1.0, "polyak.tau", "a number in (0, 1]", self.tau)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseScale:
    """How the gradient noise scale is measured, see `rlbatch.learner.noise`.

    `rows` is exact and nearly free; every parameter must lie in an nn.Linear, and the loss must
    call q on the batch's own rows. `chunks` takes any network, is noisier, and holds one gradient
    per chunk in memory. `auto` is rows where that is possible, else chunks.
    """

    by: Literal["auto", "rows", "chunks"] = "auto"
    chunk_rows: int = 8  # rows of a chunk; the same at every B, so that regimes compare
    every: int | None = None  # learner updates per measurement; None: 4 by rows, 50 by chunks
    horizon: int = 50_000  # rows drawn until an observation's weight has fallen by e
    at_sync: Literal["restart", "average"] = "restart"  # when a lane's hard target is copied

    def __post_init__(self) -> None:
        where = "noise_scale."
        require(
            self.by in ("auto", "rows", "chunks"), f"{where}by", "auto, rows or chunks", self.by
        )
        require(self.chunk_rows >= 1, f"{where}chunk_rows", "at least 1 row", self.chunk_rows)
        some = self.every is None or self.every >= 1
        require(some, f"{where}every", "at least 1 learner update, or none", self.every)
        require(self.horizon >= 1, f"{where}horizon", "at least 1 row", self.horizon)
        known = self.at_sync in ("restart", "average")
        require(known, f"{where}at_sync", "restart or average", self.at_sync)


Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerSettings:
    """What the config's `learner:` block says."""

    lr: float = 2.5e-4  # at batch.reference rows
    lr_schedule: LrSchedule | None = None  # by rows drawn, followed by the training loop
    optimizer: OptimizerSettings = field(default_factory=AdamSettings)
    clip_norm: float | None = None  # largest gradient norm of a lane; None: not clipped
    target: HardTarget | PolyakTarget = field(default_factory=HardTarget)
    noise_scale: NoiseScale | None = None  # measured beside the updates; None: not at all
    micro_batch: int | None = None  # rows that meet a network at once; None: all of a batch
    precision: Precision = "fp32"  # of the networks' products; parameters stay float32
    checkpointing: bool = False  # activations made again in the backward pass, not kept

    def __post_init__(self) -> None:
        require(0.0 <= self.lr < float("inf"), "learner.lr", "a number ≥ 0", self.lr)
        met = self.clip_norm is None or self.clip_norm > 0.0
        require(met, "learner.clip_norm", "a number > 0, or none", self.clip_norm)
        met = self.micro_batch is None or self.micro_batch >= 1
        require(met, "learner.micro_batch", "at least 1 row, or none", self.micro_batch)
        known = get_args(Precision)
        met = self.precision in known
        require(met, "learner.precision", f"one of {', '.join(known)}", self.precision)


class Compute(NamedTuple):
    """How gradients are made, in all lanes alike; see LearnerSettings."""

    micro_batch: int | None
    precision: Precision
    checkpointing: bool


class Constants(NamedTuple):
    """What one update takes in place of the declared: for all lanes, or `[L]`; None: declared."""

    beta1: float | npt.NDArray[np.float64] | None = None
    beta2: float | npt.NDArray[np.float64] | None = None
    eps: float | npt.NDArray[np.float64] | None = None
    tau: float | npt.NDArray[np.float64] | None = None  # share per update
