"""Random streams of lanes and environments: export tells what was played, import stores it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.contract import Space
from rlbatch.replay import Episode, ReplayBuffer, export_episodes, import_episodes
from rlbatch.replay.rows.tree import leaves, nest, parts_of
from rlbatch.types import Batch

STACKED = spaces.Box(0, 255, (2, 2, 1), np.uint8)  # two frames
SPACES: tuple[Space, ...] = (
    spaces.Box(0, 255, (3,), np.uint8),
    spaces.Discrete(99),
    spaces.Dict(
        {
            "camera": spaces.Tuple((spaces.MultiBinary(3), spaces.Box(-9, 9, (2,), np.float64))),
            "at": spaces.Discrete(99),
        }
    ),
    STACKED,
)
Flat = tuple[tuple[float, ...], int, float, tuple[float, ...], bool]  # a transition


@dataclass
class Played:
    """What one environment did in the episode that it is in."""

    now: list[npt.NDArray[Any]]  # the leaves of its observation
    number: int = -1  # in the order in which its lane's episodes began
    steps: list[Flat] = field(default_factory=list)


@dataclass
class Case:
    """A buffer and, by lane, the transitions of its episodes, and how each ended."""

    buffer: ReplayBuffer
    episodes: list[dict[int, list[Flat]]]
    ends: list[dict[int, str]]


def flat(parts: list[Any]) -> tuple[float, ...]:
    return tuple(float(x) for part in parts for x in np.asarray(part).reshape(-1))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Random play; with a capacity that may or may not hold it all."""
    space, lanes, envs = (draw(st.sampled_from(SPACES)), *draw(st.tuples(SIZES, SIZES)))
    generator = np.random.default_rng(draw(st.integers(0, 9999)))
    told: dict[str, Any] = {"frame_stack": 2 if space is STACKED else None}
    told["validation"] = draw(st.sampled_from([None, 2]))
    buffer = ReplayBuffer(draw(st.integers(1, 30)), space, ACTIONS, lanes, **told)
    case = Case(buffer, [{} for _ in range(lanes)], [{} for _ in range(lanes)])
    begun = [0] * lanes
    played = [[Played(fresh(space, generator)) for _ in range(envs)] for _ in range(lanes)]
    for _ in range(draw(st.integers(0, 12))):
        step(case, played, begun, generator)
    return case


SIZES = st.integers(1, 3)
ACTIONS = spaces.Discrete(5)


def fresh(space: Space, generator: np.random.Generator) -> list[npt.NDArray[Any]]:
    """Leaves of a random observation."""
    return [generator.integers(0, 2, leaf.shape).astype(leaf.dtype) for leaf in leaves(space)]


def step(
    case: Case, played: list[list[Played]], begun: list[int], generator: np.random.Generator
) -> None:
    """One call, and the notes of it."""
    lead, space = (len(played), len(played[0])), case.buffer.obs_space
    after = [[fresh(space, generator) for _ in own] for own in played]
    before = [[one.now for one in own] for own in played]
    action, reward = generator.integers(5, size=lead), generator.normal(size=lead)
    reward = reward.astype(np.float32)
    terminated, truncated = generator.random((2, *lead)) < 0.2
    valid = generator.random(lead) < 0.8
    sides = [
        nest(space, iter([np.stack([np.stack(e) for e in leaf]) for leaf in by_leaf(side)]))
        for side in (before, after)
    ]
    case.buffer.add(sides[0], action, reward, sides[1], terminated, truncated, valid)
    for lane, env in np.ndindex(lead):
        one, at = played[lane][env], (lane, env)
        if valid[at] and one.number < 0:
            one.number, begun[lane] = begun[lane], begun[lane] + 1
        if valid[at]:
            ended = bool(terminated[at])
            row = flat(one.now), int(action[at]), float(reward[at]), flat(after[lane][env]), ended
            case.episodes[lane].setdefault(one.number, []).append(row)
            one.now = after[lane][env]
        if terminated[at] or truncated[at]:
            told = "terminated" if valid[at] and terminated[at] else "truncated"
            if one.number >= 0:
                case.ends[lane][one.number] = told
            one.now, one.number = fresh(space, generator), -1


def by_leaf(side: list[list[list[Any]]]) -> list[list[list[Any]]]:
    """`[L][E][leaf]` as `[leaf][L][E]`."""
    return [[[env[k] for env in lane] for lane in side] for k in range(len(side[0][0]))]


def transitions(space: Space, episode: Episode) -> list[Flat]:
    parts = [np.asarray(own) for own in parts_of("obs", space, episode.obs)]
    num = len(episode.reward)
    return [
        (
            flat([part[t] for part in parts]),
            int(episode.action[t]),
            float(episode.reward[t]),
            flat([part[t + 1] for part in parts]),
            bool(episode.terminated and t == num - 1),
        )
        for t in range(num)
    ]


def stored(space: Space, batch: Batch, lane: int) -> list[Flat]:
    """The transitions of a lane in a batch of all that is held."""
    sides = [
        [np.asarray(own) for own in parts_of("obs", space, side)]
        for side in (batch.obs, batch.next_obs)
    ]
    return [
        (
            flat([part[lane, b] for part in sides[0]]),
            int(batch.action[lane, b]),
            float(batch.reward[lane, b]),
            flat([part[lane, b] for part in sides[1]]),
            float(batch.discount[lane, b]) == 0.0,
        )
        for b in range(batch.row.shape[1])
        if batch.row[lane, b] >= 0
    ]


@given(cases())
def test_what_is_exported_is_the_end_of_what_was_played(case: Case) -> None:
    space, exported = case.buffer.obs_space, export_episodes(case.buffer)
    for lane, (played, ends) in enumerate(zip(case.episodes, case.ends, strict=True)):
        own = [episode for episode in exported if episode.lane == lane]
        last = {number: steps[-1] for number, steps in played.items()}
        numbers = [n for n, steps in sorted(played.items()) if steps]
        kept = iter(numbers)
        for episode in own:
            rows = transitions(space, episode)
            number = next(n for n in kept if played[n][-len(rows) :] == rows)
            assert rows[-1] == last[number]
            told = "terminated" * episode.terminated + "truncated" * episode.truncated
            assert told == ends.get(number, "")


@given(cases())
def test_everything_held_is_exported_once(case: Case) -> None:
    space, exported = case.buffer.obs_space, export_episodes(case.buffer)
    for lane, held in enumerate(case.buffer.stored().tolist()):
        rows = [row for e in exported if e.lane == lane for row in transitions(space, e)]
        apart = 0
        if case.buffer.described.validation is not None:
            apart = int(case.buffer.stored(held_out=True)[lane])
        assert len(rows) == held + apart
        if held:
            whole = stored(space, case.buffer.whole(), lane)
            assert all(rows.count(row) >= whole.count(row) for row in whole)


@given(cases())
def test_what_was_exported_is_stored_again_by_import(case: Case) -> None:
    told, space = case.buffer.described, case.buffer.obs_space
    exported = export_episodes(case.buffer)
    other = ReplayBuffer(60, space, ACTIONS, told.lanes, frame_stack=told.frame_stack)
    import_episodes(other, exported)
    again = export_episodes(other)
    assert [one.lane for one in again] == [one.lane for one in exported]
    for one, same in zip(exported, again, strict=True):
        assert transitions(space, one) == transitions(space, same)
        assert same.terminated == one.terminated
        assert same.truncated == (not one.terminated)
    for lane in range(told.num_lanes if len(other) else 0):
        rows = [row for e in exported if e.lane == lane for row in transitions(space, e)]
        assert stored(space, other.whole(), lane) == rows


@st.composite
def torn(draw: st.DrawFn) -> tuple[ReplayBuffer, int]:
    """One environment whose steps need not join; and in how many pieces they come."""
    space, generator = draw(st.sampled_from(SPACES)), np.random.default_rng(draw(SEEDS))
    buffer = ReplayBuffer(60, space, ACTIONS, frame_stack=2 if space is STACKED else None)
    before, num, joined = fresh(space, generator), 0, False
    for _ in range(draw(st.integers(1, 12))):
        after, (terminated, truncated) = fresh(space, generator), generator.random((2, 1)) < 0.1
        sides = (nest(space, iter([own[None] for own in side])) for side in (before, after))
        obs, next_obs = sides
        action, reward = generator.integers(5, size=1), generator.normal(size=1)
        buffer.add(obs, action, reward, next_obs, terminated, truncated)
        num += not joined
        before = after if generator.random() < 0.6 else fresh(space, generator)
        joined = flat(before) == flat(after) and not (terminated | truncated)[0]
    return buffer, num


SEEDS = st.integers(0, 9999)


@given(torn())
def test_steps_that_do_not_join_come_in_pieces_and_are_stored_again_as_they_were(
    case: tuple[ReplayBuffer, int],
) -> None:
    buffer, num = case
    exported, space = export_episodes(buffer), buffer.obs_space
    assert len(exported) == num
    other = ReplayBuffer(60, space, ACTIONS, frame_stack=buffer.described.frame_stack)
    import_episodes(other, exported)
    one, same = buffer.whole(), other.whole()
    for name in ("obs", "next_obs"):
        sides = (parts_of(name, space, getattr(batch, name)) for batch in (one, same))
        for own, again in zip(*sides, strict=True):
            assert np.array_equal(np.asarray(own), np.asarray(again))
    for name in ("action", "reward", "discount", "row"):
        assert getattr(one, name).tolist() == getattr(same, name).tolist()
