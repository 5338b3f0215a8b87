"""The loop: act, remember, learn, and tell, as a generator of Records."""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.contract import Agent, MakeEnv
from rlbatch.errors import TrainingError
from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.schedule import phase
from rlbatch.seeding import draw_counter
from rlbatch.train.actor import Actor
from rlbatch.train.best import Best
from rlbatch.train.credit import Credit
from rlbatch.train.decide import Decider, Wanted
from rlbatch.train.decisions import Decisions
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.evaluate import Evaluator
from rlbatch.train.lanes import Kind, Lanes
from rlbatch.train.settings import TrainSettings
from rlbatch.train.signs import Signs, q_mean
from rlbatch.types import Batch, Record, Signal, Step

Moment = Sequence[Record]  # the records of one moment, all lanes
Mask = npt.NDArray[np.bool_]  # [L]


class Trainer:
    """L learners with their environments and buffers, trained side by side.

    Args:
        settings: of the run.
        agent: the learning rule.
        make_env: builds the environments to train in, and those to evaluate in.
        per_lane: environments a lane trains in, E.
        device: of the learner and of batched environments.
        probe: observations `[N, *obs]` on which policy churn is measured; None: it is not.
        eager: for debugging a single lane; see Learner.

    Raises:
        ConfigError: spaces that the agent or the buffer cannot take.
    """

    def __init__(
        self,
        settings: TrainSettings,
        agent: Agent,
        make_env: MakeEnv,
        *,
        per_lane: int = 1,
        device: str | torch.device = "cpu",
        probe: Tensor | None = None,
        eager: bool = False,
    ) -> None:
        self.settings, self.device = settings, torch.device(device)
        seeds, lanes = settings.lane_seeds, len(settings.lane_seeds)
        self._env = make_env(seeds=seeds, per_lane=per_lane, device=self.device)
        spaces = self._env.obs_space, self._env.action_space
        replay = settings.replay
        parts = replay.capacity, *spaces, lanes, self.device, seeds
        self.buffer = ReplayBuffer(
            *parts, gamma=replay.gamma, n_step=replay.n_step, sampler=replay.sampler
        )
        self.learner = Learner(
            agent,
            *spaces,
            seeds=seeds,
            settings=[arm.learner for arm in settings.lane_arms],
            device=self.device,
            eager=eager,
        )
        actions = self.buffer.layout.num_actions
        self._actor = Actor(self.learner.values, seeds, per_lane, actions)
        played = settings.evaluate
        self._evaluator, self._final_evaluator = (
            Evaluator(make_env, lanes, episodes, played.max_length, self.device)
            for episodes in (played.episodes, played.final_episodes)
        )
        self._episodes = TrainingEpisodes(lanes, per_lane)
        self._credit = Credit(settings.iso, lanes, settings.batch.reference)
        self._per_lane = per_lane
        self.lanes = Lanes(seeds)
        self._decider = Decider(
            settings, self.lanes, lambda: self.learner.updates, self.buffer.stored
        )
        self._decisions = Decisions(self.lanes)
        self._signs = Signs(self.learner, self.buffer, probe)
        self.best = Best(self.learner.online.flat)
        self._batch: Batch | None = None  # the last
        self._lr: float | npt.NDArray[np.float64] = self._decider.lr  # of the last update
        self._stop = False
        self.evaluation_s = 0.0  # wall time spent on evaluation

    @property
    def stopped(self) -> bool:
        """Did `stop` end the run early?"""
        return self._stop and self.lanes.now < self.settings.env_steps

    def stop(self) -> None:
        """Ends `records` at the next env step."""
        self._stop = True

    def records(self) -> Iterator[Moment]:
        """Trains to the end of the budget; yields the records of each log point and evaluation.

        Raises:
            TrainingError: every lane has diverged.
        """
        budget, own = self.settings.env_steps, self.settings
        log, evaluate = own.points(own.log_every), own.points(own.evaluate.every)
        self.lanes.start_clock()
        obs = self._env.reset()
        while self.lanes.now < budget and not self._stop:
            before = self.lanes.now
            obs = self._step(obs, before)
            self._learn(before)
            now = self.lanes.now
            ending = now >= budget
            logging = ending or now // log > before // log
            evaluating = ending or now // evaluate > before // evaluate
            if logging or evaluating:
                yield from self._stop_diverged()
            if ending:
                self._decisions.end(self.learner.updates)
            if logging and (changes := self._decisions.read()):
                yield changes
            if logging:
                yield self._train_records()
            if evaluating:
                yield self._evaluate(self._final_evaluator if ending else self._evaluator)

    def signal(self, lane: int | None = None) -> Signal:
        """What a schedule sees now in a lane, by default the first that is active."""
        return self._decider.signal(lane)

    def _step(self, obs: Tensor, now: int) -> Tensor:
        action = self._actor.act(obs, self._decider.epsilon(), now)
        step = self._env.step(action)
        self._remember(obs, action, step)
        self._episodes.add(step)
        self.lanes.advance(self._per_lane)
        return step.obs

    def _remember(self, obs: Tensor, action: Tensor, step: Step) -> None:
        valid = None
        if not self.lanes.all_active:
            valid = np.repeat(self.lanes.active[:, None], self._per_lane, 1)
        self.buffer.add(
            obs, action, step.reward, step.next_obs, step.terminated, step.truncated, valid
        )

    def _learn(self, before: int) -> None:
        due = self.settings.learn.due(before, self.lanes.now)
        if not due:
            return
        self._credit.earn(due * self.settings.learn.count, self.lanes.active)
        update = 0
        while True:
            wanted = self._decider.wanted()
            lanes = self.lanes.active & self._credit.can_pay(wanted.rows)
            if self.settings.replay.n_step > 1:  # the first window may still be open
                lanes &= self.buffer.stored() > 0
            if not lanes.any():
                return
            self._update(wanted, lanes, update)
            update += 1

    def _update(self, wanted: Wanted, lanes: Mask, update: int) -> None:
        rows = wanted.rows if lanes.all() else wanted.rows * lanes
        whole = self.settings.batch.whole
        counter = draw_counter(self.lanes.env_step, update)
        batch = self.buffer.whole() if whole else self.buffer.sample(rows, counter)
        self._decisions.note(wanted, lanes, self.learner.updates)
        with self._signs.around_update():
            error = self.learner.update(batch, lr=wanted.lr, active=lanes, env_step=self.lanes.now)
        if self.buffer.wants_td_error:
            self._tell(batch, error)
        self._credit.spend(wanted.rows, lanes)
        self.lanes.samples += wanted.rows * lanes
        self._lr, self._batch = wanted.lr, batch

    def _tell(self, batch: Batch, error: Tensor) -> None:
        """Tells the sampler how surprising rows were; a lane that diverges tells nothing."""
        sound = torch.isfinite(error)
        row = torch.where(sound, batch.row, -1)
        self.buffer.update_priorities(row, torch.where(sound, error, 0.0))

    def _stop_diverged(self) -> Iterator[Moment]:
        """Takes lanes whose gradient was not finite out of the run, and says so."""
        diverged = self.learner.diverged.numpy(force=True) & self.lanes.active
        if not diverged.any():
            return
        self.lanes.stop(diverged)
        told = {"event": "diverged", "reason": "gradient not finite"}
        yield [self._record("event", int(lane), told) for lane in np.flatnonzero(diverged)]
        if not self.lanes.active.any():
            raise TrainingError(
                "train", "a lane with finite gradients", "none", "Lower learner.lr or clip_norm."
            )

    def _train_records(self) -> Moment:
        parts = (
            self.learner.meters.read(),
            q_mean(self.learner, self._batch),
            self._signs.read(),
            self._episodes.read(),
        )
        lr = np.broadcast_to(self._lr, len(self.lanes.seeds))
        told = [dict(ChainMap(*own)) for own in zip(*parts, strict=True)]  # no name is in two
        return [
            self._record("train", lane, self._common(lane, float(lr[lane])) | told[lane])
            for lane in np.flatnonzero(self.lanes.active).tolist()
        ]

    def _common(self, lane: int, lr: float) -> dict[str, float | str]:
        signal = self.signal(lane)
        return {
            "batch_size": signal.batch_size,
            "lr": lr,
            "epsilon": signal.exploration,
            "phase": phase(signal),
            "stored": signal.stored,
        }

    def _evaluate(self, evaluator: Evaluator) -> Moment:
        began = time.perf_counter()
        played = evaluator.play(self.learner.values)
        returns = self.best.judge(self.learner.online.flat, played.returns, self.lanes.active)
        self.evaluation_s += time.perf_counter() - began
        told = zip(returns.tolist(), played.lengths.tolist(), strict=True)
        return [
            self._record("eval", lane, {"episode": e, "return": own[e], "length": steps[e]})
            for lane, (own, steps) in enumerate(told)
            for e in range(len(own))
        ]

    def _record(self, kind: Kind, lane: int, values: Mapping[str, float | str]) -> Record:
        return self.lanes.record(kind, lane, int(self.learner.updates[lane]), values)
