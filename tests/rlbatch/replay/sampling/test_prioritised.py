"""Prioritised sampling: a naive twin, frequencies, weights by hand, what is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbatch.errors import ConfigError, DataError, EmptyBufferError
from rlbatch.replay.sampling.prioritised import Prioritised, PrioritisedSampler
from rlbatch.replay.sampling.sampler import Drawn
from rlbatch.replay.sampling.sum_tree import Floats
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.seeding import Purpose, uniform


@dataclass
class Case:
    """A ring and its sampler, driven as the buffer drives them."""

    settings: Prioritised
    capacity: int
    lanes: int = 1
    ring: Ring = field(init=False)
    sampler: PrioritisedSampler = field(init=False)

    def __post_init__(self) -> None:
        self.ring = Ring(self.lanes, self.capacity, 1)
        self.sampler = self.settings.start(self.lanes, self.capacity)

    def add(self, *rows: int) -> None:
        """Stores so many rows in each lane."""
        before, valid = self.ring.head.copy(), np.arange(max(rows)) < np.array(rows)[:, None]
        self.ring.append(np.zeros((*valid.shape, 1), np.int64), valid)
        self.sampler.added(self.ring, before)

    def update(self, numbers: Any, td_error: Any) -> None:
        """TD errors of the only lane, or of all."""
        rows, errors = np.atleast_2d(numbers), np.atleast_2d(np.asarray(td_error, np.float64))
        self.sampler.update(self.ring, rows, errors)

    def draw(self, *sizes: int, counter: int = 0) -> Drawn:
        """Lane k draws with seed k and the k-th counter from `counter` on."""
        seeds, counters = np.arange(self.lanes), counter + np.arange(self.lanes)
        return self.sampler.draw(self.ring, seeds, counters, np.array(sizes))

    def weights(self, size: int, counter: int = 0) -> tuple[Rows, Floats]:
        """Rows and weights of the only lane."""
        numbers, weight = self.draw(size, counter=counter)
        assert weight is not None
        return numbers[0], weight[0].astype(np.float64)


def case_of(*td_error: float, capacity: int = 8, **settings: Any) -> Case:
    """One lane of rows with these TD errors."""
    case = Case(Prioritised(**settings), capacity)
    case.add(len(td_error))
    case.update(np.arange(len(td_error)), td_error)
    return case


def remembered(case: Case) -> dict[str, Any]:
    return {name: array.tolist() for name, array in case.sampler.state().items()}


@dataclass
class Twin:
    """One lane: p of each row held, by insertion number."""

    capacity: int
    settings: Prioritised
    p: dict[int, float] = field(default_factory=dict)
    head: int = 0
    highest: float = 1.0
    stale: int = 0

    def add(self) -> None:
        self.p.pop(self.head - self.capacity, None)
        self.p[self.head] = self.highest
        self.head += 1

    def update(self, number: int, td_error: float) -> None:
        if number < 0:
            return
        if number not in self.p:
            self.stale += 1
            return
        self.p[number] = abs(td_error) + self.settings.eps
        self.highest = max(self.highest, self.p[number])

    def draw(self, u: Floats) -> tuple[Rows, Floats]:
        rows = np.array(sorted(self.p, key=lambda number: number % self.capacity))
        share = np.array([self.p[number] for number in rows]) ** self.settings.alpha
        share /= share.sum()
        places = share.cumsum().searchsorted(u, side="right")
        weight = (len(rows) * share[places]) ** -self.settings.beta
        return rows[places], weight / weight.mean()


@given(st.data())
def test_rows_and_weights_are_those_of_the_naive_twin(data: st.DataObject) -> None:
    lanes, capacity = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 40))
    case = Case(Prioritised(eps=0.01), capacity, lanes)
    twins = [Twin(capacity, case.settings) for _ in range(lanes)]
    generator = np.random.default_rng(data.draw(st.integers(0, 999)))
    for rows in data.draw(st.lists(st.integers(1, 50), min_size=1, max_size=6)):
        more = [int(generator.integers(rows + 1)) for _ in twins]
        more[0] = rows
        case.add(*more)
        numbers = generator.integers(-1, np.maximum(case.ring.head, 1)[:, None], (lanes, 9))
        numbers[case.ring.head == 0] = -1
        td_error = generator.normal(size=numbers.shape) * 3
        case.update(numbers, td_error)
        for lane, twin in enumerate(twins):
            for _ in range(more[lane]):
                twin.add()
            for number, error in zip(numbers[lane], td_error[lane], strict=True):
                twin.update(int(number), float(error))
    assert case.sampler.stale.tolist() == [twin.stale for twin in twins]
    drawn = case.draw(*(20 if twin.p else 0 for twin in twins), counter=5)
    assert drawn.weight is not None
    for lane, twin in enumerate(twins):
        if twin.p:
            expected, weight = twin.draw(uniform(lane, Purpose.DRAW, 5 + lane, 20))
            assert drawn.numbers[lane].tolist() == expected.tolist()
            np.testing.assert_allclose(drawn.weight[lane], weight, rtol=1e-5)


@pytest.mark.parametrize("stratified", [False, True])
def test_rows_come_as_often_as_their_priorities_say(stratified: bool) -> None:
    case = case_of(1.0, -2.0, 3.0, -4.0, 0.5, alpha=0.7, stratified=stratified)
    counts = np.bincount(case.weights(100_000)[0], minlength=5)
    share = (np.array([1.0, 2.0, 3.0, 4.0, 0.5]) + 1e-6) ** 0.7
    assert stats.chisquare(counts, 100_000 * share / share.sum()).pvalue > 0.01


def test_alpha_0_draws_uniformly_and_weighs_all_alike() -> None:
    numbers, weight = case_of(1.0, 100.0, 0.0, alpha=0.0).weights(30_000)
    assert stats.chisquare(np.bincount(numbers)).pvalue > 0.01
    assert (weight == 1.0).all()


def test_weights_of_three_rows_by_hand() -> None:
    """P = 1/7, 2/7, 4/7 of 3 rows: (3 P)^−1/2 is √(7/3), √(7/6), √(7/12)."""
    case = case_of(0.5, 1.5, 3.5, alpha=1.0, beta=0.5, eps=0.5)
    numbers, weight = case.weights(64)
    raw = np.sqrt(np.array([7 / 3, 7 / 6, 7 / 12]))[numbers]
    assert set(numbers) == {0, 1, 2}
    np.testing.assert_allclose(weight, raw / raw.mean(), rtol=1e-6)


def test_maximum_weights_are_at_most_1_as_in_the_paper() -> None:
    case = case_of(0.5, 1.5, 3.5, alpha=1.0, beta=0.5, eps=0.5, normalise="max")
    numbers, weight = case.weights(64)
    np.testing.assert_allclose(weight, np.sqrt([1.0, 0.5, 0.25])[numbers], rtol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 31, 1000])
def test_own_rows_weigh_1_on_average_whatever_the_batch_size(size: int) -> None:
    case = case_of(1e-3, 0.1, 5.0, 700.0, beta=1.0)
    assert case.weights(size)[1].mean() == pytest.approx(1.0, abs=1e-6)


def test_with_beta_1_the_weighted_mean_is_the_uniform_mean() -> None:
    case = case_of(0.3, 1.0, 2.0, 4.0, beta=1.0)
    value = np.array([10.0, -3.0, 5.0, 40.0])
    numbers, weight = case.weights(200_000)
    leaves = case.sampler.tree.leaves[0, :4]
    raw = (leaves.sum() / (4 * leaves))[numbers]  # 1 / (N · P)
    assert (raw * value[numbers]).mean() == pytest.approx(value.mean(), rel=0.01)
    np.testing.assert_allclose(weight, raw / raw.mean(), rtol=1e-5)
    share = np.array([0.3, 1.0, 2.0, 4.0]) ** 0.6
    biased = (share * value).sum() / share.sum()  # 19.1, not 13
    assert value[numbers].mean() == pytest.approx(biased, rel=0.01)


def test_a_row_that_taught_nothing_is_almost_never_drawn() -> None:
    case = case_of(0.0, 1.0, 1.0, alpha=1.0, eps=1e-12)
    assert set(case.weights(100_000)[0]) == {1, 2}


def test_new_rows_get_the_highest_priority_so_far_and_1_at_first() -> None:
    case = Case(Prioritised(alpha=1.0, eps=0.5), 8)
    case.add(2)
    case.update([0], [0.0])
    case.add(1)
    case.update([1, 1], [-6.5, 2.0])
    case.add(1)
    assert case.sampler.tree.leaves[0, :5].tolist() == [0.5, 2.5, 1.0, 7.0, 0.0]


def test_a_lane_raises_the_priority_of_its_own_new_rows_alone() -> None:
    case = Case(Prioritised(alpha=1.0, eps=1.0), 4, lanes=2)
    case.add(1, 1)
    case.update([[-1], [0]], [[99.0], [4.0]])
    case.add(1, 1)
    assert case.sampler.tree.leaves[:, :2].tolist() == [[1.0, 1.0], [5.0, 5.0]]
    assert case.sampler.updates.tolist() == [0, 1]


def test_a_row_overwritten_loses_its_priority_to_the_new_one() -> None:
    case = case_of(9.0, 9.0, 0.0, capacity=3, alpha=1.0, eps=1.0)
    case.sampler.highest[:] = 2.0
    case.add(2)
    assert case.sampler.tree.leaves[0, :3].tolist() == [2.0, 2.0, 1.0]


def test_rows_gone_are_never_drawn_after_the_ring_went_round() -> None:
    case = case_of(*[50.0] * 5, capacity=5)
    case.add(3)
    assert set(case.weights(5000)[0]) == {3, 4, 5, 6, 7}
    case.add(23)
    assert set(case.weights(5000)[0]) == {26, 27, 28, 29, 30}


def test_rows_never_written_are_never_drawn() -> None:
    assert set(case_of(1.0, 1.0, 1.0, capacity=1000).weights(5000)[0]) == {0, 1, 2}


def test_td_errors_of_rows_gone_are_counted_and_change_nothing() -> None:
    case = case_of(1.0, 1.0, 1.0, capacity=3)
    case.add(2)
    before = case.sampler.tree.leaves.copy(), case.sampler.highest.copy()
    case.update([0, 1, -1, 0], [99.0, 99.0, 99.0, 99.0])
    assert case.sampler.stale.tolist() == [3]
    assert np.array_equal(case.sampler.tree.leaves, before[0])
    assert np.array_equal(case.sampler.highest, before[1])


def test_of_two_td_errors_for_one_row_the_later_stays() -> None:
    case = case_of(1.0, 1.0, alpha=1.0, eps=0.5)
    case.update([1, 0, 1, 1], [7.0, 3.0, 8.0, 2.0])
    assert case.sampler.tree.leaves[0, :2].tolist() == [3.5, 2.5]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_td_error_that_is_not_finite_is_refused_and_nothing_changes(bad: float) -> None:
    case = case_of(1.0, 2.0, 3.0)
    before = remembered(case)
    with pytest.raises(DataError, match=r"td_error \(lane 0, row 2\): expected a finite number"):
        case.update([0, 2, 1], [5.0, bad, 5.0])
    assert remembered(case) == before


def test_what_stands_in_padding_does_not_matter() -> None:
    case = case_of(1.0, 2.0)
    before = case.sampler.tree.leaves.copy()
    case.update([-1, -1], [math.nan, math.inf])
    assert np.array_equal(case.sampler.tree.leaves, before)


def test_a_row_never_stored_and_shapes_that_differ_are_refused() -> None:
    case = case_of(1.0, 2.0)
    with pytest.raises(DataError, match="a row below 2, got 2"):
        case.update([2], [1.0])
    with pytest.raises(DataError, match=r"shape \(1, 2\), got \(1, 3\)"):
        case.update([0, 1], [1.0, 1.0, 1.0])
    with pytest.raises(DataError, match=r"shape \[1, B\], got \(2, 1\)"):
        case.update([[0], [0]], [[1.0], [1.0]])


def test_td_errors_as_large_and_as_small_as_float64_give_finite_weights() -> None:
    case = case_of(1e308, 5e-324, 1.0, alpha=1.0, beta=1.0, eps=1e-300)
    numbers, weight = case.weights(1000)
    assert set(numbers) == {0}
    assert np.isfinite(weight).all()
    case.update([0], [0.0])
    assert np.isfinite(case.weights(1000)[1]).all()


@pytest.mark.parametrize("td_error", [1e308, 0.0])
def test_neither_huge_nor_vanishing_priorities_break_the_sum(td_error: float) -> None:
    case = case_of(*[td_error] * 8, alpha=2.0, beta=1.0, eps=1e-300)
    assert 0.0 < case.sampler.tree.totals[0] < math.inf
    numbers, weight = case.weights(1000)
    assert set(numbers) == set(range(8))
    np.testing.assert_allclose(weight, 1.0, rtol=1e-6)


def test_draws_are_nested_and_stratified_ones_are_not() -> None:
    plain, parts = (case_of(*range(1, 9), stratified=even) for even in (False, True))
    assert plain.weights(512)[0][:32].tolist() == plain.weights(32)[0].tolist()
    assert parts.weights(512)[0][:32].tolist() != parts.weights(32)[0].tolist()


def test_stratified_draws_take_one_row_from_each_equal_part() -> None:
    case = case_of(1.0, 1.0, 1.0, 1.0, stratified=True)
    assert case.weights(4)[0].tolist() == [0, 1, 2, 3]
    assert case.weights(8)[0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_one_counter_repeats_and_another_differs() -> None:
    case = case_of(*range(1, 9))
    assert case.weights(64, 3)[0].tolist() == case.weights(64, 3)[0].tolist()
    assert case.weights(64, 3)[0].tolist() != case.weights(64, 4)[0].tolist()


def test_a_lane_draws_what_it_would_draw_alone() -> None:
    both, alone = Case(Prioritised(), 8, lanes=2), Case(Prioritised(), 8)
    both.add(5, 8)
    alone.add(5)
    both.update([[0, 1, -1], [7, 3, 2]], [[3.0, 0.1, 0.0], [9.0, 8.0, 7.0]])
    alone.update([0, 1], [3.0, 0.1])
    together, own = both.draw(6, 9), alone.draw(6)
    assert together.weight is not None
    assert own.weight is not None
    assert together.numbers[0].tolist() == [*own.numbers[0].tolist(), -1, -1, -1]
    assert together.weight[0].tolist() == [*own.weight[0].tolist(), 0.0, 0.0, 0.0]


def test_an_idle_lane_is_padding_and_may_be_empty() -> None:
    case = Case(Prioritised(), 4, lanes=2)
    case.add(3, 0)
    numbers, weight = case.draw(2, 0)
    assert weight is not None
    assert weight.dtype == np.float32
    assert numbers[1].tolist() == [-1, -1]
    assert weight[1].tolist() == [0.0, 0.0]


def test_an_empty_lane_that_must_give_rows_is_named() -> None:
    case = Case(Prioritised(), 4, lanes=2)
    case.add(3, 0)
    with pytest.raises(EmptyBufferError, match="0 in lane 1"):
        case.draw(2, 1)


def test_beta_goes_in_a_straight_line_with_each_lanes_own_updates() -> None:
    case = Case(Prioritised(beta=0.2, beta_end=1.0, beta_updates=4), 4, lanes=2)
    case.add(1, 1)
    seen = [case.sampler.beta.tolist()]
    for _ in range(5):
        case.update([[0], [-1]], [[1.0], [1.0]])
        seen.append(case.sampler.beta.tolist())
    np.testing.assert_allclose([lanes[0] for lanes in seen], [0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert [lanes[1] for lanes in seen] == [0.2] * 6


def test_beta_moves_the_weights_and_stays_where_it_is_without_updates_to_rise_over() -> None:
    moving, still = (case_of(1.0, 5.0, beta=0.0, beta_updates=span) for span in (1, None))
    assert (still.weights(64)[1] == 1.0).all()
    assert moving.weights(64)[1].std() > 0.1


def test_a_state_taken_back_gives_the_same_draws_and_goes_on_alike() -> None:
    one, other = (Case(Prioritised(beta_updates=9), 20, lanes=2) for _ in range(2))
    one.add(27, 11)
    one.update([[20, 9, 3], [5, -1, 5]], [[4.0, 0.2, 1.0], [3.0, 1.0, 7.0]])
    other.ring.head[:], other.ring.fill[:] = one.ring.head, one.ring.fill
    other.sampler.load(other.ring, {k: v.copy() for k, v in one.sampler.state().items()})
    assert one.sampler.beta.tolist() == other.sampler.beta.tolist() != [0.4, 0.4]
    for case in (one, other):
        case.add(3, 2)
        case.update([[25], [6]], [[2.0], [0.0]])
    assert remembered(one) == remembered(other)
    mine, theirs = one.draw(99, 50), other.draw(99, 50)
    assert mine.weight is not None
    assert theirs.weight is not None
    assert np.array_equal(mine.numbers, theirs.numbers)
    assert np.array_equal(mine.weight, theirs.weight)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("leaves", np.ones((1, 4))),
        ("leaves", np.full((1, 16), math.nan)),
        ("leaves", np.zeros((1, 16))),
        ("leaves", np.ones((1, 16))),
        ("highest", np.zeros(1)),
        ("stale", np.zeros(3, np.int64)),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(name: str, array: Any) -> None:
    case = case_of(1.0, 2.0)
    before = remembered(case)
    with pytest.raises(DataError, match=rf"replay\.sampler\.{name}"):
        case.sampler.load(case.ring, {**case.sampler.state(), name: array})
    with pytest.raises(DataError, match="got nothing"):
        case.sampler.load(case.ring, {})
    assert remembered(case) == before


def test_after_many_updates_the_total_is_that_of_a_tree_made_anew() -> None:
    case, generator = Case(Prioritised(), 700), np.random.default_rng(0)
    for _ in range(400):
        case.add(7)
        numbers = generator.integers(0, case.ring.head[0], 256)
        case.update(numbers, generator.normal(size=256) * 10)
    total = case.sampler.tree.totals[0]
    case.sampler.load(case.ring, {k: v.copy() for k, v in case.sampler.state().items()})
    assert case.sampler.tree.totals[0] == total
    assert total == pytest.approx(math.fsum(case.sampler.tree.leaves[0]), rel=1e-14)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": -0.1},
        {"alpha": math.nan},
        {"beta": 1.5},
        {"beta_end": -1.0},
        {"beta_updates": 0},
        {"eps": 0.0},
        {"eps": math.inf},
        {"normalise": "sum"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"replay\.sampler\.{next(iter(wrong))}: expected"):
        Prioritised(**wrong)
