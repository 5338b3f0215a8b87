"""The buffer against a naive twin: Python lists that drop what is too old."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.replay import ReplayBuffer
from rlbatch.types import Batch

OBS = spaces.Box(-np.inf, np.inf, (3,), np.float32)
ACTIONS = spaces.Discrete(5)
GAMMA = 0.9
Bools = npt.NDArray[np.bool_]


@dataclass
class Twin:
    """One lane: stored transitions by insertion number, oldest first."""

    capacity: int
    rows: dict[int, tuple[float, ...]] = field(default_factory=dict)
    written: int = 0

    def add(self, row: tuple[float, ...]) -> None:
        self.rows[self.written] = row
        self.written += 1
        self.rows.pop(self.written - 1 - self.capacity, None)


@dataclass
class Case:
    """A buffer, and the twins of its lanes, that were given the same transitions."""

    buffer: ReplayBuffer
    twins: list[Twin]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    lanes, capacity = draw(st.integers(1, 3)), draw(st.integers(1, 9))
    generator = np.random.default_rng(draw(st.integers(0, 999)))
    seed = draw(st.integers(0, 99))
    buffer = ReplayBuffer(capacity, OBS, ACTIONS, lanes, seed=seed, gamma=GAMMA)
    twins = [Twin(capacity) for _ in range(lanes)]
    for num_envs in draw(st.lists(st.integers(1, 4), min_size=1, max_size=8)):
        add(buffer, twins, generator, (lanes, num_envs), draw(st.booleans()))
    return Case(buffer, twins)


def add(
    buffer: ReplayBuffer,
    twins: list[Twin],
    generator: np.random.Generator,
    lead: tuple[int, int],
    masked: bool,
) -> None:
    """Gives random transitions to a buffer and to its twins."""
    obs, next_obs = generator.normal(size=(2, *lead, 3)).astype(np.float32)
    action, reward = generator.integers(5, size=lead), generator.normal(size=lead)
    terminated, truncated = generator.random((2, *lead)) < 0.3
    valid: Bools = generator.random(lead) < (0.6 if masked else 1.0)
    buffer.add(obs, action, reward, next_obs, terminated, truncated, valid if masked else None)
    for lane, env in np.argwhere(valid):
        at = lane, env
        discount = 0.0 if terminated[at] else GAMMA
        numbers = (
            *obs[at],
            action[at],
            np.float32(reward[at]),
            *next_obs[at],
            np.float32(discount),
        )
        twins[lane].add(tuple(map(float, numbers)))


def row_of(batch: Batch, lane: int, b: int) -> tuple[float, ...]:
    """One drawn row as the twin keeps it."""
    one = Batch._make([*(column[lane, b] for column in batch[:-1]), batch.size[lane]])
    numbers = [*one.obs, one.action, one.reward, *one.next_obs, one.discount]
    return tuple(map(float, numbers))


@given(cases(), st.lists(st.integers(0, 20), min_size=3, max_size=3), st.integers(0, 2**40))
def test_each_drawn_row_is_the_one_of_its_number_and_the_rest_is_padding(
    case: Case, wanted: list[int], counter: int
) -> None:
    sizes = [size if twin.rows else 0 for size, twin in zip(wanted, case.twins, strict=False)]
    if not any(sizes):
        return
    batch = case.buffer.sample(sizes, counter)
    assert batch.reward.shape == (len(sizes), max(sizes))
    assert batch.size.tolist() == sizes
    assert all(column.isfinite().all() for column in batch)
    for lane, (size, twin) in enumerate(zip(sizes, case.twins, strict=True)):
        for b in range(max(sizes)):
            if b < size:
                assert row_of(batch, lane, b) == twin.rows[int(batch.row[lane, b])]
            assert batch.weight[lane, b] == (b < size)
            assert (batch.row[lane, b] == -1) == (b >= size)


@given(cases())
def test_the_whole_buffer_is_every_stored_row_once_and_oldest_first(case: Case) -> None:
    stored = [len(twin.rows) for twin in case.twins]
    assert case.buffer.stored().tolist() == stored
    assert len(case.buffer) == max(stored)
    if not any(stored):
        return
    whole = case.buffer.whole()
    for lane, twin in enumerate(case.twins):
        own = whole.row[lane, : stored[lane]].tolist()
        assert own == list(twin.rows)
        assert [row_of(whole, lane, b) for b in range(stored[lane])] == list(twin.rows.values())
        assert (whole.row[lane, stored[lane] :] == -1).all()
        assert (whole.weight[lane] == (whole.row[lane] >= 0)).all()


@given(cases(), st.integers(1, 40), st.integers(0, 40), st.integers(0, 2**40))
def test_a_small_draw_is_the_prefix_of_a_large_one_in_every_lane(
    case: Case, few: int, more: int, counter: int
) -> None:
    on = np.array([bool(twin.rows) for twin in case.twins], np.int64)
    if not on.any():
        return
    small = case.buffer.sample(few * on, counter)
    large = case.buffer.sample((few + more) * on, counter)
    for name, column in small._asdict().items():
        if name != "size":
            assert torch.equal(column, getattr(large, name)[:, :few])


@given(cases(), st.integers(1, 20), st.integers(0, 3))
def test_a_loaded_buffer_draws_what_the_saved_one_draws(case: Case, size: int, draws: int) -> None:
    if not all(twin.rows for twin in case.twins):
        return
    for _ in range(draws):
        case.buffer.sample(3)
    with TemporaryDirectory() as folder:
        case.buffer.save(Path(folder) / "buffer")
        loaded = ReplayBuffer.load(Path(folder) / "buffer")
    for _ in range(2):
        pairs = zip(case.buffer.sample(size), loaded.sample(size), strict=True)
        assert all(torch.equal(mine, other) for mine, other in pairs)


@given(cases(), st.integers(1, 12))
def test_the_newest_rows_are_those_that_were_stored_last(case: Case, size: int) -> None:
    kept = [list(twin.rows.items())[-size:] for twin in case.twins]
    if not any(kept):
        return
    batch = case.buffer.newest(size)
    assert batch.size.tolist() == [len(own) for own in kept]
    assert batch.reward.shape == (len(kept), max(map(len, kept)))
    assert all(column.isfinite().all() for column in batch)
    for lane, own in enumerate(kept):
        assert [
            (int(n), row_of(batch, lane, b)) for b, n in enumerate(batch.row[lane]) if n >= 0
        ] == own
        assert (batch.row[lane, len(own) :] == -1).all()
        assert (batch.weight[lane] == (batch.row[lane] >= 0)).all()


@given(cases(), st.integers(1, 20), st.integers(0, 2**40))
def test_peeking_shows_what_sampling_would_give_and_moves_nothing(
    case: Case, size: int, counter: int
) -> None:
    if not all(twin.rows for twin in case.twins):
        return
    before = case.buffer.state_dict()
    peeked, drawn = case.buffer.peek(size, counter), case.buffer.sample(size, counter)
    assert all(torch.equal(mine, other) for mine, other in zip(peeked, drawn, strict=True))
    after = case.buffer.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
