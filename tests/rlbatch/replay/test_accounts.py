"""Accounts by hand, against closed forms, and against a twin that keeps dictionaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import DataError
from rlbatch.replay import Laber, Prioritised, ReplayBuffer
from rlbatch.replay.accounts import Accounts
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.storage.ring import Ring, Rows

LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
TWO = spaces.Discrete(2)
LAYOUT = Layout.of(LINE, TWO)


def append(ring: Ring, *lanes: list[int]) -> None:
    """Writes rows of these episodes to each lane."""
    most = max(map(len, lanes))
    valid = np.arange(most) < np.array([len(own) for own in lanes])[:, None]
    packed = np.zeros((*valid.shape, 1), LAYOUT.struct)
    packed["episode"][valid, 0] = [episode for own in lanes for episode in own]
    ring.append(packed.view(np.int64), valid)


def begun(*lanes: list[int], capacity: int = 4) -> tuple[Ring, Accounts]:
    """A ring with rows of these episodes, and accounts of it."""
    ring = Ring(len(lanes), capacity, LAYOUT.words)
    append(ring, *lanes)
    return ring, Accounts(ring, LAYOUT)


def drawn(*lanes: list[int]) -> Rows:
    """Insertion numbers `[L, B]` of a draw, with padding."""
    most = max(map(len, lanes))
    return np.array([own + [-1] * (most - len(own)) for own in lanes], np.int64)


def told(accounts: Accounts | None) -> list[dict[str, float]]:
    """The reading of accounts that are kept."""
    assert accounts is not None
    return accounts.read()


def filled(
    rows: int = 20, length: int = 5, capacity: int = 20, lanes: int | None = None, **keywords: Any
) -> ReplayBuffer:
    """A buffer that counts, given episodes of some length."""
    buffer = ReplayBuffer(capacity, LINE, TWO, lanes, **({"accounting": True} | keywords))
    lead = (1,) if lanes is None else (lanes, 1)
    for n in range(rows):
        ends = np.full(lead, False), np.full(lead, n % length == length - 1)
        obs = np.full((*lead, 1), n, np.float32)
        buffer.add(obs, np.zeros(lead, int), np.zeros(lead), obs + 1, *ends)
    return buffer


def test_a_reading_by_hand() -> None:
    """Rows 2, 3, 4, 5 are held, of episodes 0, 1, 1, 1; 2, 5, 5 and 4 are drawn."""
    _, accounts = begun([0, 0, 0, 1, 1, 1])
    accounts.note(drawn([2, 5, 5, 4]))
    assert accounts.read() == [
        {
            "turnover": 6 / 4,
            "draws_per_row": 1.0,
            "never_drawn": 1 / 4,
            "sample_age": (3 + 0 + 0 + 1) / 4,
            "unique_share": 3 / 4,
            "episodes": 2.0,
            "same_episode_share": 6 / 12,
        }
    ]


def test_a_row_that_is_overwritten_takes_its_count_with_it() -> None:
    ring, accounts = begun([0, 0, 0, 0])
    accounts.note(drawn([0, 0, 0, 1, 3]))
    append(ring, [0, 0])
    held = accounts.read()[0]
    assert (held["draws_per_row"], held["never_drawn"]) == (1 / 4, 3 / 4)


def test_counts_go_on_over_readings_and_what_was_drawn_since_starts_anew() -> None:
    _, accounts = begun([0, 0, 0, 0])
    accounts.note(drawn([0, 0, 0, 0]))
    first, second = accounts.read()[0], accounts.read()[0]
    assert set(first) - set(second) == {
        "sample_age",
        "unique_share",
        "episodes",
        "same_episode_share",
    }
    assert second == {"turnover": 1.0, "draws_per_row": 1.0, "never_drawn": 3 / 4}


def test_ages_are_those_at_the_draw_and_their_mean_is_over_all_draws() -> None:
    ring, accounts = begun([0, 0, 0])
    accounts.note(drawn([0, 2]))  # ages 2 and 0
    append(ring, [0])
    accounts.note(drawn([0]))  # age 3
    assert accounts.read()[0]["sample_age"] == pytest.approx(5 / 3)


def test_episodes_are_those_of_the_rows_as_they_were_drawn() -> None:
    ring, accounts = begun([0, 1, 2, 3])
    accounts.note(drawn([0, 1, 2]))
    append(ring, [4, 4, 4, 4])
    reading = accounts.read()[0]
    assert (reading["episodes"], reading["same_episode_share"]) == (3.0, 0.0)


def test_a_batch_is_told_alone_however_large_the_one_before_was() -> None:
    _, accounts = begun([0, 1, 2, 3])
    accounts.note(drawn([0, 1, 2, 3]))
    accounts.note(drawn([3, 3]))
    reading = accounts.read()[0]
    assert (reading["unique_share"], reading["episodes"]) == (1 / 2, 1.0)
    assert reading["same_episode_share"] == 1.0


def test_a_batch_of_one_row_has_no_pairs_and_an_empty_lane_tells_no_rows() -> None:
    _, accounts = begun([0], [])
    accounts.note(drawn([0], []))
    one, empty = accounts.read()
    assert "same_episode_share" not in one
    assert one["unique_share"] == 1.0
    assert empty == {"turnover": 0.0}


def test_each_lane_is_counted_on_its_own_and_an_idle_one_keeps_its_last_batch() -> None:
    _, accounts = begun([0, 0, 0, 0], [0, 0])
    accounts.note(drawn([0, 3], [1]))
    accounts.note(drawn([], [0, 0]))
    first, second = accounts.read()
    assert (first["draws_per_row"], second["draws_per_row"]) == (2 / 4, 3 / 2)
    assert (first["sample_age"], second["sample_age"]) == (3 / 2, 2 / 3)
    assert (first["unique_share"], second["unique_share"]) == (1.0, 1 / 2)


def test_only_what_the_sampler_draws_is_counted() -> None:
    buffer = filled(validation=2)
    buffer.peek(4, 0), buffer.newest(4), buffer.whole(), buffer.held_out(4, 0)
    assert "sample_age" not in told(buffer.accounts)[0]
    buffer.sample(4)
    buffer.sample(4, counter=9)
    assert told(buffer.accounts)[0]["draws_per_row"] == 8 / len(buffer)


def test_the_large_draw_of_laber_is_not_counted() -> None:
    buffer = filled(sampler=Laber(ratio=4))
    buffer.surrogate(lambda batch: batch.reward + 1.0)
    buffer.sample(10)
    assert told(buffer.accounts)[0]["draws_per_row"] == 10 / 20


def test_a_draw_that_is_refused_is_not_counted() -> None:
    buffer = filled(rows=0)
    with pytest.raises(LookupError):
        buffer.sample(4)
    assert told(buffer.accounts) == [{"turnover": 0.0}]


def test_nothing_is_counted_unless_it_is_asked_for() -> None:
    buffer = filled(accounting=False)
    buffer.sample(4)
    assert buffer.accounts is None
    assert not [name for name in buffer.state_dict() if name.startswith("accounts")]


def test_uniform_draws_have_the_shares_that_probability_gives_them() -> None:
    """N = 20 rows in 4 episodes of 5, B = 30, 400 draws; within 5 standard errors."""
    buffer, rows, size, draws = filled(), 20, 30, 400
    readings = []
    for _ in range(draws):
        buffer.sample(size)
        readings += told(buffer.accounts)
    mean = {name: np.mean([own[name] for own in readings]) for name in readings[0]}
    error = {n: 5 * np.std([own[n] for own in readings]) / np.sqrt(draws) for n in readings[0]}
    distinct = rows * (1 - (1 - 1 / rows) ** size)
    assert abs(mean["unique_share"] - distinct / size) < error["unique_share"]
    assert abs(mean["same_episode_share"] - 1 / 4) < error["same_episode_share"]
    assert abs(mean["sample_age"] - (rows - 1) / 2) < error["sample_age"]
    assert readings[-1]["draws_per_row"] == draws * size / rows


def test_rows_never_drawn_become_fewer_by_one_factor_a_draw() -> None:
    """(1 − 1/N)^n of them are left after n draws, N = 2000 and n = 3000."""
    buffer = filled(rows=2000, capacity=2000)
    for _ in range(30):
        buffer.sample(100)
    left = (1 - 1 / 2000) ** 3000
    assert told(buffer.accounts)[0]["never_drawn"] == pytest.approx(left, abs=5 * 0.008)


def test_prioritised_draws_gather_in_fewer_rows_than_uniform_ones() -> None:
    buffer = filled(sampler=Prioritised(alpha=1.0))
    buffer.update_priorities(torch.arange(20), torch.tensor([100.0] + [0.0] * 19))
    buffer.sample(64)
    reading = told(buffer.accounts)[0]
    assert reading["unique_share"] == 1 / 64
    assert reading["sample_age"] == 19.0


@pytest.mark.parametrize("lanes", [None, 2])
def test_a_loaded_buffer_counts_on(tmp_path: Path, lanes: int | None) -> None:
    buffer = filled(rows=27, lanes=lanes)
    buffer.sample(8)
    buffer.save(tmp_path / "buffer")
    loaded = ReplayBuffer.load(tmp_path / "buffer")
    buffer.sample(3)
    loaded.sample(3)
    readings = told(buffer.accounts), told(loaded.accounts)
    assert readings[0] == readings[1]
    assert readings[0][0]["draws_per_row"] == 11 / 20


def test_what_was_drawn_since_the_last_reading_is_saved_too() -> None:
    buffer, other = filled(), filled(rows=3)
    buffer.sample(30)
    other.load_state_dict(buffer.state_dict())
    assert told(other.accounts) == told(buffer.accounts)


def test_a_state_without_accounts_starts_them_from_zero_and_theirs_are_ignored_elsewhere() -> None:
    plain, counting = filled(rows=30, accounting=False), filled()
    counting.sample(8)
    counting.load_state_dict(plain.state_dict())
    assert told(counting.accounts) == [{"turnover": 1.5, "draws_per_row": 0.0, "never_drawn": 1.0}]
    plain.load_state_dict(filled(rows=3).state_dict())
    assert len(plain) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"times": torch.zeros(1, 19, dtype=torch.int32)},
        {"times": torch.zeros(2, 20, dtype=torch.int32)},
        {"last": torch.zeros(1, 2, 3, dtype=torch.int64)},
        {"last": torch.zeros(8, dtype=torch.int64)},
        {"last": torch.zeros(1, 2, dtype=torch.int64)},
        {"tally": torch.zeros(1, 3, dtype=torch.int64)},
        {"tally": torch.tensor([[-1, 0, 0, 0]])},
        {"tally": torch.tensor([[21, 0, 0, 0]])},
        {"tally": torch.tensor([[20, -1, 8, 8]])},
        {"tally": torch.tensor([[20, 0, 9, 9]])},
        {"tally": torch.tensor([[20, 0, 8, 0]])},
        {"tally": None},
    ],
)
def test_accounts_that_do_not_fit_are_refused_and_change_nothing(change: dict[str, Any]) -> None:
    buffer = filled(rows=7)
    buffer.sample(4)
    other = filled()
    other.sample(8)
    wrong = other.state_dict() | {f"accounts.{name}": own for name, own in change.items()}
    with pytest.raises(DataError, match=r"^replay\.accounts"):
        buffer.load_state_dict({name: own for name, own in wrong.items() if own is not None})
    reading = told(buffer.accounts)[0]
    assert (len(buffer), reading["draws_per_row"], reading["turnover"]) == (7, 4 / 7, 7 / 20)


@dataclass
class Twin:
    """One lane: episodes and counts by insertion number."""

    capacity: int
    written: int = 0
    episodes: dict[int, int] = field(default_factory=dict)
    times: Counter[int] = field(default_factory=Counter)
    ages: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)  # episodes
    rows: list[int] = field(default_factory=list)

    def append(self, episodes: list[int]) -> None:
        for episode in episodes:
            self.episodes[self.written] = episode
            self.episodes.pop(self.written - self.capacity, None)
            self.written += 1

    def note(self, numbers: list[int]) -> None:
        self.times.update(numbers)
        self.ages += [self.written - 1 - n for n in numbers]
        if numbers:
            self.rows, self.last = numbers, [self.episodes[n] for n in numbers]

    def read(self) -> dict[str, float]:
        reading = {"turnover": self.written / self.capacity}
        if held := list(self.episodes):
            reading["draws_per_row"] = sum(self.times[n] for n in held) / len(held)
            reading["never_drawn"] = sum(self.times[n] == 0 for n in held) / len(held)
        if self.ages:
            reading["sample_age"] = sum(self.ages) / len(self.ages)
            reading["unique_share"] = len(set(self.rows)) / len(self.rows)
            reading["episodes"] = len(set(self.last))
        if len(self.last) > 1:
            pairs = [one == other for one, other in permutations(self.last, 2)]
            reading["same_episode_share"] = sum(pairs) / len(pairs)
        self.ages, self.last, self.rows = [], [], []
        return reading


@given(st.data())
def test_accounts_tell_what_dictionaries_tell(data: st.DataObject) -> None:
    lanes, capacity = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 6))
    slots = data.draw(st.integers(capacity, capacity + 3))
    ring = Ring(lanes, capacity, LAYOUT.words, np.zeros((lanes, slots, LAYOUT.words), np.int64))
    accounts, twins = Accounts(ring, LAYOUT), [Twin(capacity) for _ in range(lanes)]
    for _ in range(data.draw(st.integers(1, 8))):
        new = data.draw(st.lists(EPISODES, min_size=lanes, max_size=lanes))
        append(ring, *new)
        for twin, own in zip(twins, new, strict=True):
            twin.append(own)
        if data.draw(st.booleans()):
            picks = [data.draw(picks_of(twin)) for twin in twins]
            accounts.note(drawn(*picks))
            for twin, own in zip(twins, picks, strict=True):
                twin.note(own)
        if data.draw(st.booleans()):
            expected = [pytest.approx(twin.read()) for twin in twins]
            assert accounts.read() == expected
    assert accounts.read() == [pytest.approx(twin.read()) for twin in twins]


EPISODES = st.lists(st.integers(0, 3), max_size=9)


def picks_of(twin: Twin) -> st.SearchStrategy[list[int]]:
    """Some rows that a twin holds."""
    held = list(twin.episodes)
    return st.lists(st.sampled_from(held), max_size=6) if held else st.just([])
