"""n-step returns of random episodes against a naive twin: whole episodes, then the definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.contract import Space
from rlbatch.replay.rows.door import Door
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.rows.n_step import NStep
from rlbatch.replay.storage.ring import Rows

GAMMA = 0.9
OBS: tuple[Space, ...] = (
    spaces.Box(-np.inf, np.inf, (3,), np.float32),
    spaces.Box(0, 255, (5,), np.uint8),  # lies at no word's edge
    spaces.Box(-np.inf, np.inf, (2,), np.float64),
    spaces.Discrete(256),
)
Bools = npt.NDArray[np.bool_]
Flat = tuple[float, ...]


class Step(NamedTuple):
    """One call: rows `[L, E, words]`, and flags `[L, E]`."""

    rows: Rows
    ended: Bools
    valid: Bools

    def of(self, lane: int) -> Step:
        own = slice(lane, lane + 1)
        return Step(self.rows[own], self.ended[own], self.valid[own])


@dataclass
class Twin:
    """One environment: transitions of the running episode, and how many have left."""

    steps: int
    layout: Layout
    episode: list[np.void] = field(default_factory=list)
    left: int = 0

    def fold(self, row: np.void, ended: bool, valid: bool) -> list[Flat]:
        """By the definition, from all of the episode: a window is whole, or its episode ended."""
        if valid:
            self.episode.append(row)
        stop = len(self.episode) - (0 if ended else self.steps - 1)
        leaving = [self._window(t) for t in range(self.left, stop)]
        self.left = max(self.left, stop)
        if ended:
            self.episode, self.left = [], 0
        return leaving

    def _window(self, t: int) -> Flat:
        window = self.episode[t : t + self.steps]
        row = window[0].copy()
        row["reward"] = sum(GAMMA**i * float(step["reward"]) for i, step in enumerate(window))
        row["next_obs"] = window[-1]["next_obs"]
        row["discount"] = GAMMA ** len(window) if window[-1]["discount"] else 0.0
        return flat(self.layout, row)


@dataclass
class Case:
    """Calls of random episodes."""

    steps: int
    layout: Layout
    calls: list[Step]

    def lanes(self) -> range:
        return range(len(self.calls[0].rows))

    def start(self, lanes: int | None = None) -> NStep:
        return NStep(lanes or len(self.lanes()), self.steps, GAMMA, self.layout)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    lead = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    layout = Layout.of(draw(st.sampled_from(OBS)), spaces.Discrete(5))
    generator = np.random.default_rng(draw(st.integers(0, 999)))
    often, kept = draw(st.sampled_from([0.1, 0.4])), draw(st.sampled_from([1.0, 0.7]))
    calls = [call(layout, lead, generator, often, kept) for _ in range(draw(st.integers(1, 20)))]
    return Case(draw(st.integers(1, 5)), layout, calls)


def call(
    layout: Layout, lead: tuple[int, int], generator: np.random.Generator, often: float, kept: float
) -> Step:
    """Random transitions through the door."""
    shape = *lead, *layout.field("obs").shape
    obs, next_obs = generator.integers(256, size=(2, *shape)).astype(layout.field("obs").dtype)
    action, reward = generator.integers(5, size=lead), generator.normal(size=lead)
    columns = {"obs": obs, "action": action, "reward": reward, "next_obs": next_obs}
    terminated, truncated = generator.random((2, *lead)) < often / 2
    valid = generator.random(lead) < kept
    ends = {"terminated": terminated, "truncated": truncated, "valid": valid}
    return Step(*Door(layout, lead[0], GAMMA).pack(columns | ends, np.zeros(lead[0], np.int64))[:3])


def flat(layout: Layout, row: np.void) -> Flat:
    return tuple(float(x) for name in layout.names for x in np.ravel(row[name]))


def leaving(n_step: NStep, step: Step) -> list[Rows]:
    """Packed rows that leave each lane."""
    rows, kept = n_step.fold(*step)
    return [own[those] for own, those in zip(rows, kept, strict=True)]


def by_lane(n_step: NStep, calls: Sequence[Step]) -> list[Rows]:
    """All rows that leave each lane, one call after the other."""
    return [
        np.concatenate(parts) for parts in zip(*(leaving(n_step, c) for c in calls), strict=True)
    ]


@given(cases())
def test_each_call_gives_what_the_definition_gives_in_the_same_order(case: Case) -> None:
    lanes, envs, _ = case.calls[0].rows.shape
    twins = [[Twin(case.steps, case.layout) for _ in range(envs)] for _ in range(lanes)]
    n_step = case.start()
    for step in case.calls:
        given_back = leaving(n_step, step)
        for lane, own in enumerate(twins):
            structs = step.rows[lane].view(case.layout.struct)[:, 0]
            flags = zip(structs, step.ended[lane].tolist(), step.valid[lane].tolist(), strict=True)
            wanted = [row for twin, at in zip(own, flags, strict=True) for row in twin.fold(*at)]
            rows = given_back[lane].view(case.layout.struct)[:, 0]
            assert len(rows) == len(wanted)
            for row, by_definition in zip(rows, wanted, strict=True):
                assert flat(case.layout, row) == pytest.approx(by_definition, rel=1e-6, abs=1e-6)


@given(cases())
def test_every_transition_leaves_exactly_once_when_all_episodes_have_ended(case: Case) -> None:
    last = case.calls[-1]
    calls = [*case.calls[:-1], last._replace(ended=np.ones_like(last.ended))]
    counted = sum(step.valid.sum(1) for step in calls)
    assert [len(rows) for rows in by_lane(case.start(), calls)] == np.ravel(counted).tolist()


@given(cases())
def test_a_lane_gives_what_it_would_give_alone(case: Case) -> None:
    together = by_lane(case.start(), case.calls)
    for lane in case.lanes():
        calls = [step.of(lane) for step in case.calls]
        assert np.array_equal(by_lane(case.start(1), calls)[0], together[lane])


@given(cases(), st.integers(0, 20))
def test_resumed_rows_are_those_of_an_uninterrupted_run(case: Case, at: int) -> None:
    whole, before, after = case.start(), case.start(), case.start()
    calls = case.calls
    for step in calls[:at]:
        whole.fold(*step)
        before.fold(*step)
    after.load(before.state())
    for step in calls[at:]:
        pairs = zip(whole.fold(*step), after.fold(*step), strict=True)
        assert all(np.array_equal(mine, other) for mine, other in pairs)
    states = whole.state(), after.state()
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


@given(cases())
def test_one_step_changes_no_bit(case: Case) -> None:
    for lane, rows in enumerate(
        by_lane(NStep(len(case.lanes()), 1, GAMMA, case.layout), case.calls)
    ):
        given_in = np.concatenate([step.rows[lane][step.valid[lane]] for step in case.calls])
        assert np.array_equal(rows, given_in)
