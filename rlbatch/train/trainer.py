"""The loop: act, remember, learn, and tell, as a generator of Records."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.contract import Agent, MakeEnv
from rlbatch.errors import TrainingError
from rlbatch.schedule.control import nans_in
from rlbatch.train.acting import Actor, Player
from rlbatch.train.best import Best
from rlbatch.train.decide import Decider
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.evaluate import Episodes, Evaluator
from rlbatch.train.lanes import Lanes
from rlbatch.train.measures import Measures
from rlbatch.train.pack import Pack
from rlbatch.train.parts import (
    apart,
    buffer_for,
    feedback_for,
    iterations_for,
    learner_for,
    rollout_for,
)
from rlbatch.train.probe import Probe
from rlbatch.train.records import Moment, Records
from rlbatch.train.settings import TrainSettings
from rlbatch.train.signs import Signs
from rlbatch.train.stop import Curve, Patience
from rlbatch.train.updates import Updates
from rlbatch.types import Signal


class Trainer:
    """L learners with their environments and buffers, trained side by side.

    Args:
        settings: of the run, or of several that share a learner.
        agent: the learning rule.
        make_env: builds the environments to train in, and those to evaluate in.
        per_lane: environments a lane trains in, E.
        device: of the learner and of batched environments.
        probe: observations `[N, *obs]` on which a policy's changes are seen; None: on rows that
            each lane has stored before its first update.
        eager: for debugging a single lane; see Learner.
        compile: gradients as compiled programs, and where environments are tensors on a CPU, acting
            and their steps too.

    Raises:
        ConfigError: spaces that the agent or the buffer cannot take; nothing to compile with.
    """

    def __init__(
        self,
        settings: TrainSettings | Pack,
        agent: Agent,
        make_env: MakeEnv,
        *,
        per_lane: int = 1,
        device: str | torch.device = "cpu",
        probe: Tensor | None = None,
        eager: bool = False,
        compile: bool = False,
    ) -> None:
        self.pack = settings if isinstance(settings, Pack) else Pack((settings,))
        self.settings, self.device = self.pack.common, torch.device(device)
        if self.device.type == "cuda" and self.device.index is not None:
            torch.cuda.set_device(self.device)  # where graphs are captured
        seeds, self._per_lane = self.pack.lane_seeds, per_lane
        self._env = make_env(seeds=seeds, per_lane=per_lane, device=self.device)
        spaces = self._env.obs_space, self._env.action_space
        self.buffer = buffer_for(self.pack, spaces, self.device)
        self.learner = learner_for(self.pack, agent, spaces, self.device, eager, compile)
        self.buffer.surrogate(self.learner.row_td_error)
        actions = self.buffer.layout.num_actions
        played = self.settings.evaluate
        self._evaluator, self._final_evaluator = (
            Evaluator(make_env, len(seeds), episodes, played.max_length, self.device)
            for episodes in (played.episodes, played.final_episodes)
        )
        self.lanes = Lanes(seeds)
        self._observe(probe)
        self._act(actions, compile)
        self.best = Best(self.learner.online.state, self.pack.own)
        self._stop = False
        self.evaluation_s = 0.0  # wall time spent on evaluation

    def _observe(self, states: Tensor | None) -> None:
        """Makes what watches the learner, and what decides from it."""
        own, learner, buffer = self.settings, self.learner, self.buffer
        self._episodes = TrainingEpisodes(len(self.lanes.seeds), self._per_lane)
        probe = Probe(learner, buffer, states)
        self._signs = Signs(learner, buffer, probe)
        held_out = own.replay.validation is not None
        watched = learner, buffer, self._signs, self._episodes
        self._measures = Measures(*watched, held_out, self.pack.own)
        self.feedback = feedback_for(self.pack, learner, buffer, self._episodes, probe)
        ask = None if self.feedback is None else self.feedback.read
        self._decider = Decider(self.pack, self.lanes, self._made, buffer.stored, ask)
        self._records = Records(self.lanes, self._decider, self._made, own.phase, own.env_steps)
        self._patience = None if own.stop is None else Patience(own.stop, len(self.lanes.seeds))

    def _act(self, actions: int, compile: bool) -> None:
        """Makes what plays, and what is done after env steps."""
        env, learner, buffer, each = self._env, self.learner, self.buffer, self._per_lane
        made = self.pack, env, learner, actions, each, compile
        whole = iterations_for(*made, buffer, self._episodes)
        self.apart = apart(self.pack, env, buffer, each)  # why `whole` is None, "" where it is not
        counted = self._episodes, self.lanes, self._decider, each
        actor = Actor(learner.values, self.pack.lane_seeds, each, actions)
        self._player = Player(env, actor, learner, buffer, *counted, rollout_for(*made), whole)
        parts = learner, buffer, self._decider, self._signs, each, whole
        self._updates = Updates(self.pack, self.lanes, *parts)

    def _made(self) -> npt.NDArray[np.int64]:
        """Updates made, `[L]`."""
        return self.learner.updates

    @property
    def over(self) -> bool:
        """Is there nothing left to train: no budget, or no lane?"""
        return self.lanes.now >= self.settings.env_steps or not self.lanes.any_active

    @property
    def stopped(self) -> bool:
        """Did `stop()` end the run before it was over?"""
        return self._stop and not self.over

    def stop(self) -> None:
        """Ends `records` at the next env step."""
        self._stop = True

    def records(self) -> Iterator[Moment]:
        """Trains to the end of the budget, or until every lane has stopped early.

        Yields the records of each log point, each evaluation, and each event of a lane.

        Raises:
            TrainingError: every lane has diverged.
        """
        own = self.settings
        log, evaluate = own.points(own.log_every), own.points(own.evaluate.every)
        self.lanes.start_clock()
        self._player.reset()
        while not (self.over or self._stop):
            before = self.lanes.now
            boundaries = own.learn.every, log, evaluate, own.env_steps
            self._player.play(boundaries, self._updates.apart(before))
            self._updates.make(before)
            self._player.finish()
            now = self.lanes.now
            logging, evaluating = (now // each > before // each for each in (log, evaluate))
            if logging or evaluating or self.over:
                self._player.settle()
                yield from self._stop_diverged()
            if logging or self.over:
                yield from self._log()
            if evaluating or self.over:
                yield from self._evaluate()
        self._player.settle()
        if self.stopped:
            yield from filter(None, self._updates.changes(False))

    def signal(self, lane: int | None = None) -> Signal:
        """What a schedule sees now in a lane, by default the first that is active."""
        return self._decider.signal(lane)

    def controls_state(self, run: int = 0) -> dict[str, Any] | None:
        """What controllers of a run remember, as plain data; None where B has no feedback."""
        controls, plan = self._decider.controls, self.pack.members[run].batch
        return controls.state(self.pack.own[run]) if controls and plan.closed else None

    def nan_signals(self, run: int = 0) -> list[int]:
        """Decisions of each lane of a run that a NaN made hold; [] where B has no feedback."""
        state = self.controls_state(run)
        return [] if state is None else [nans_in(own) for own in state["memory"]]

    def _stop_diverged(self) -> Iterator[Moment]:
        """Takes lanes whose gradient was not finite out of the run, and says so."""
        diverged = self.learner.diverged.numpy(force=True) & self.lanes.active
        if not diverged.any():
            return
        self.lanes.stop(diverged, diverged=True)
        self._signs.leave(diverged)
        yield self._records.event(diverged, "diverged", "gradient not finite")
        if self.lanes.diverged.all():
            yield from filter(None, self._updates.changes(True))
            advice = "Lower learner.lr or clip_norm."
            raise TrainingError("train", "a lane with finite gradients", "none", advice)
        self._updates.end(self.pack.all_of(self.lanes.diverged))

    def _stop_early(self, curve: Curve, readings: npt.ArrayLike) -> Moment:
        """Takes lanes that have had no new best for too long out of the run, and says so."""
        if self._patience is None or self._patience.settings.on != curve or self.over:
            return []
        learned = np.where(self.learner.updates > 0, readings, np.nan)
        tired = self._patience.read(learned) & self.lanes.active
        self.lanes.stop(tired)
        self._signs.leave(tired)
        return self._records.event(tired, "stopped", self._patience.settings.reason)

    def _log(self) -> Iterator[Moment]:
        told = self._measures.read(self._updates.batches)
        self._decider.hear(told)
        line = self._records.train(told, self._updates.lr)
        stopped = self._stop_early("val_td", [own.get("val_td", np.nan) for own in told])
        powers = self._records.event(
            self._decider.rates.new_powers(), "beta_power", "κ(1 − β) ≥ 1: β to the power κ instead"
        )
        cut = [self._records.event(self.lanes.active, *own) for own in self._words()]
        events = powers, *cut, stopped
        yield from filter(None, (*self._updates.changes(self.over), line, *events))

    def _words(self) -> list[tuple[str, str]]:
        """What users should know of how updates are made: kinds of event, and words."""
        whole, told = self._player.iterations, self.learner.told()
        return [("memory", own) for own in told] + ([] if whole is None else whole.read())

    def _evaluate(self) -> Iterator[Moment]:
        final = self.over
        played = self._play(self._final_evaluator if final else self._evaluator)
        stopped = self._stop_early("eval_return", played.returns.mean(1))
        if self.over and not final:  # the last lane stops: so this was, and is played in full
            yield from filter(None, self._updates.changes(self.over))
            played = self._play(self._final_evaluator)
        state, sound = self.learner.online.state, ~self.lanes.diverged
        returns = self.best.judge(state, played.returns, sound)
        yield from filter(None, (self._records.evaluation(returns, played.lengths), stopped))

    def _play(self, evaluator: Evaluator) -> Episodes:
        began = time.perf_counter()
        played = evaluator.play(self.learner.values)
        self.evaluation_s += time.perf_counter() - began
        return played
