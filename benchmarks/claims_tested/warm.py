"""The training state that every measurement begins from, and comes back to."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.claims_tested.verdict import Floats
from rlbatch.config import Experiment, build, read
from rlbatch.errors import require
from rlbatch.learner import Learner, LearnerSettings
from rlbatch.replay import ReplayBuffer
from rlbatch.seeding import draw_counter
from rlbatch.train import Trainer
from rlbatch.types import Batch

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "configs/compare/base.yaml"
FIRST_SEED = 30_000  # no comparison reports these seeds and none was tuned on them
QUIET = ("evaluate.every=1.0", "evaluate.episodes=1", "evaluate.final_episodes=1")
FINELY = 500  # env steps between the points where a run can be stopped
PROBE_ROWS = 4096  # a lane, that the TD loss is read on


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How large the measurements are."""

    lanes: int = 8
    env_steps: int = 15_000  # of the common warm state
    effort: float = 1.0  # share of the draws, rows and rounds of a full run

    def __post_init__(self) -> None:
        require(self.lanes >= 2, "lanes", "at least 2 for an interval", self.lanes)
        require(self.env_steps >= 1000, "env_steps", "at least 1000", self.env_steps)
        require(0.0 < self.effort <= 1.0, "effort", "a share in (0, 1]", self.effort)

    def times(self, full: int, least: int = 2) -> int:
        """A count of a full run, made smaller."""
        return max(least, round(self.effort * full))

    @property
    def warm(self) -> Warm:
        """The common warm state; trained at the first asking."""
        return _common(self.lanes, self.env_steps)


class Warm:
    """A learner and its buffer, frozen: no row comes, and the target network stands still.

    The k-th draw is the same in every arm but for its size, and draws are nested: 32 rows are the
    first of 512. `restore` brings the learner back to the bit.

    Args:
        trainer: trained as far as is wanted.
        experiment: what it was built from.
    """

    def __init__(self, trainer: Trainer, experiment: Experiment) -> None:
        self.learner, self.buffer = trainer.learner, trainer.buffer
        self.agent, self.settings = experiment.agent, experiment.train.learner
        self.point = self.learner.state_dict()
        self._after = trainer.lanes.now + 1
        self.probe = self.buffer.peek(PROBE_ROWS, int(draw_counter(0, 0)))  # of no update

    def draw(self, rows: int, k: int, buffer: ReplayBuffer | None = None) -> Batch:
        """The k-th draw of B rows in every lane, of the buffer or of one with the same rows."""
        source = self.buffer if buffer is None else buffer
        return source.sample(rows, int(draw_counter(self._after, k)))

    def restored(self, settings: LearnerSettings | None = None) -> Learner:
        """A learner at the frozen point: the one that was trained, or as `settings` say.

        A learner of other settings has the weights and the target, and an optimiser that is new.
        """
        if settings is None:
            self.learner.load_state_dict(self.point)
            self.learner.meters.read()
            return self.learner
        spaces = self.buffer.obs_space, self.buffer.action_space
        seeds = self.learner.seeds.tolist()
        new = Learner(self.agent, *spaces, seeds=seeds, settings=settings)
        kept = {name: self.point[name] for name in ("online", "target")}
        new.load_state_dict({**new.state_dict(), **kept})
        return new

    def td_loss(self, learner: Learner) -> Floats:
        """Mean δ² on rows that are always the same, `[L]`; the greatest float where not finite."""
        error: Tensor = learner.row_td_error(self.probe).double()
        limit = torch.finfo(torch.float64).max
        told = torch.nan_to_num(error.square().mean(1), nan=limit, posinf=limit)
        loss: Floats = told.numpy(force=True)
        return loss


def trained(setting: Setting, *stops: int, budget: int = 50_000) -> Iterator[Warm]:
    """The base run of the comparisons, frozen at each of these env steps in turn.

    What comes out is good until the next is asked for: then training goes on.
    """
    train = {"seed": FIRST_SEED, "seeds": setting.lanes, "env_steps": budget}
    overrides = [f"{key}={value}" for key, value in train.items()]
    found = build(read(BASE, ["device=cpu", *QUIET, *overrides, _log(budget)]), "claims")
    trainer = Trainer(found.train, found.agent, found.make_env, per_lane=found.per_lane)
    waiting = list(stops)
    for _ in trainer.records():
        if waiting and trainer.lanes.now >= waiting[0]:
            yield Warm(trainer, found)
            waiting.pop(0)
        if not waiting:
            return


def _log(budget: int) -> str:
    return f"log_every={FINELY / budget}"


@functools.cache
def _common(lanes: int, env_steps: int) -> Warm:
    return next(trained(Setting(lanes=lanes, env_steps=env_steps), env_steps))
