"""Priorities on a device, here the CPU: rows and weights of the sum tree's sampler."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbatch.errors import DataError, EmptyBufferError
from rlbatch.replay.sampling.prioritised import Prioritised, PrioritisedSampler
from rlbatch.replay.sampling.prioritised_device import PrioritisedOnDevice
from rlbatch.replay.sampling.start import started
from rlbatch.replay.storage.device import DeviceRing
from rlbatch.replay.storage.ring import Ring

CPU = torch.device("cpu")
EXACT: Any = {"alpha": 1.0, "eps": 0.5}  # with whole TD errors no sum is rounded


@dataclass
class Case:
    """A sampler on the device and one on the host, driven alike."""

    settings: Prioritised
    capacity: int = 8
    lanes: int = 1
    ring: Ring = field(init=False)
    host: PrioritisedSampler = field(init=False)
    device: PrioritisedOnDevice = field(init=False)

    def __post_init__(self) -> None:
        self.ring = Ring(self.lanes, self.capacity, 1)
        self.host = self.settings.start(self.lanes, self.capacity)
        self.device = PrioritisedOnDevice(self.settings, self.lanes, self.capacity, CPU)

    def add(self, *rows: int) -> None:
        """Stores so many rows in each lane."""
        before, valid = self.ring.head.copy(), np.arange(max(rows)) < np.array(rows)[:, None]
        self.ring.append(np.zeros((*valid.shape, 1), np.int64), valid)
        self.host.added(self.ring, before)
        self.device.added(self.ring, before)

    def tell(self, numbers: Any, td_error: Any) -> None:
        """TD errors of the only lane, or of all, to the device alone."""
        rows, errors = np.atleast_2d(numbers), np.atleast_2d(np.asarray(td_error, np.float64))
        self.device.update(self.ring, torch.from_numpy(rows), torch.from_numpy(errors))

    def update(self, numbers: Any, td_error: Any) -> None:
        """TD errors of the only lane, or of all, to both."""
        self.tell(numbers, td_error)
        rows, errors = np.atleast_2d(numbers), np.atleast_2d(np.asarray(td_error, np.float64))
        self.host.update(self.ring, rows, errors)

    def draw(self, *sizes: int, counter: int = 0) -> tuple[Any, Any]:
        """Rows and weights of the device."""
        drawn = self.device.draw(self.ring, *self._told(sizes, counter))
        assert drawn.sizes.tolist() == list(sizes)
        return drawn.numbers.numpy(), drawn.weight.numpy()

    def draw_on_host(self, *sizes: int, counter: int = 0) -> tuple[Any, Any]:
        """The same of the host."""
        rows, weight = self.host.draw(self.ring, *self._told(sizes, counter))
        return rows, weight

    def _told(self, sizes: tuple[int, ...], counter: int) -> tuple[Any, Any, Any]:
        return np.arange(self.lanes), np.full(self.lanes, counter), np.array(sizes)


def case_of(*td_error: float, capacity: int = 8, **settings: Any) -> Case:
    """One lane of rows with these TD errors."""
    case = Case(Prioritised(**settings), capacity)
    case.add(len(td_error))
    case.update(np.arange(len(td_error)), td_error)
    return case


@given(st.data())
def test_rows_weights_and_state_are_those_of_the_sum_tree(data: st.DataObject) -> None:
    lanes, capacity = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 40))
    normalise = data.draw(st.sampled_from(["mean", "max"]))
    more: Any = {"normalise": normalise, "stratified": data.draw(st.booleans())}
    case = Case(Prioritised(beta_updates=3, **EXACT, **more), capacity, lanes)
    case.add(*[1] * lanes)
    for counter in range(data.draw(st.integers(1, 5))):
        case.add(*data.draw(st.lists(st.integers(0, 50), min_size=lanes, max_size=lanes)))
        sizes = data.draw(st.lists(st.integers(0, 9), min_size=lanes, max_size=lanes))
        rows, weight = case.draw(*sizes, counter=counter)
        rows_there, weight_there = case.draw_on_host(*sizes, counter=counter)
        assert rows.tolist() == rows_there.tolist()
        np.testing.assert_allclose(weight, weight_there, rtol=1e-6)
        td_error = data.draw(st.lists(st.integers(-99, 99), min_size=9, max_size=9))
        case.update(rows, np.tile(td_error[: rows.shape[1]], (lanes, 1)))
    state, expected = case.device.state(), case.host.state()
    assert {k: v.tolist() for k, v in state.items()} == {k: v.tolist() for k, v in expected.items()}
    np.testing.assert_allclose(case.device.beta.numpy(), case.host.beta, rtol=0.0)


@pytest.mark.parametrize("capacity", [100, 20_000])  # of one group a lane, and of many
def test_many_rows_of_any_priority_are_drawn_as_by_the_sum_tree(capacity: int) -> None:
    case = Case(Prioritised(alpha=0.6, eps=0.01), capacity, 2)
    case.add(capacity, capacity // 2)
    rows = np.array([np.arange(capacity), np.arange(capacity) % (capacity // 2)])
    case.update(rows, np.random.default_rng(0).standard_exponential(rows.shape))
    (ours, weight), (theirs, weight_there) = case.draw(500, 500), case.draw_on_host(500, 500)
    assert ours.tolist() == theirs.tolist()
    np.testing.assert_allclose(weight, weight_there, rtol=1e-6)


def test_rows_are_drawn_in_proportion_to_their_priority() -> None:
    case = case_of(0.5, 1.5, 4.5, 0.5, alpha=1.0, eps=0.5)
    rows, _ = case.draw(20_000)
    expected = np.array([1.0, 2.0, 5.0, 1.0]) / 9.0 * rows.size
    assert stats.chisquare(np.bincount(rows[0]), expected).pvalue > 1e-3


def test_weights_by_hand() -> None:
    case = case_of(1.0, 4.0, alpha=1.0, eps=1e-12, beta=1.0)
    rows, weight = case.draw(6)
    raw = np.where(rows[0] == 0, 1.0, 1.0 / 4.0)
    np.testing.assert_allclose(weight[0], raw / raw.mean(), rtol=1e-6)


def test_of_two_td_errors_for_one_row_the_later_stays() -> None:
    case = case_of(0.0, 0.0, 0.0, **EXACT)
    case.tell([1, 2, 1, 0, 1, 2], [9, 9, 3, 4, 2, 7])
    assert case.device.state()["leaves"][0, :3].tolist() == [4.5, 2.5, 7.5]


def test_a_slot_stands_once_and_where_it_stood_last() -> None:
    case = Case(Prioritised(), capacity=4, lanes=2)  # the CPU would write in order, others may not
    slots = torch.tensor([[1, 2, 1, 4, 2], [0, 0, 0, 4, 1]])
    for _ in range(2):
        left = case.device._without_earlier(slots)
        assert left.tolist() == [[4, 4, 1, 4, 2], [4, 4, 0, 4, 1]]


def test_an_earlier_td_error_counts_as_the_highest_all_the_same() -> None:
    case = case_of(0.0, **EXACT)
    case.update([0, 0], [9, 3])
    case.add(1)
    assert case.device.state()["leaves"][0, :2].tolist() == [3.5, 9.5]


def test_rows_overwritten_since_are_ignored_and_counted() -> None:
    case = case_of(0.0, 0.0, capacity=2, **EXACT)
    case.add(1)
    case.tell([0, 1, -1], [5, 6, 7])
    assert case.device.state()["leaves"][0, :2].tolist() == [1.0, 6.5]  # row 2 lies where 0 did
    assert (case.device.stale.tolist(), case.device.unsound.tolist()) == ([1], [0])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_td_error_that_is_not_finite_is_no_news_and_counted(bad: float) -> None:
    case = case_of(1.0, 2.0, **EXACT)
    case.tell([0, 1], [bad, 4])
    assert case.device.state()["leaves"][0, :2].tolist() == [1.5, 4.5]
    assert (case.device.unsound.tolist(), case.device.stale.tolist()) == ([1], [0])
    assert case.device.highest.tolist() == [4.5]


def test_a_later_td_error_that_is_not_finite_leaves_the_earlier_one() -> None:
    case = case_of(1.0, **EXACT)
    case.tell([0, 0], [3, math.nan])
    assert case.device.state()["leaves"][0, 0] == 3.5


def test_a_row_never_stored_is_no_news_and_counted() -> None:
    case = case_of(1.0, 2.0, **EXACT)
    case.tell([2, 1], [9, 4])
    assert case.device.state()["leaves"][0, :3].tolist() == [1.5, 4.5, 0.0]
    assert case.device.unsound.tolist() == [1]


def test_padding_changes_nothing_whatever_its_td_error() -> None:
    case = case_of(1.0, 2.0, **EXACT)
    case.tell([-1, -1], [math.nan, 9])
    assert case.device.state()["leaves"][0, :3].tolist() == [1.5, 2.5, 0.0]
    assert (case.device.updates.tolist(), case.device.unsound.tolist()) == ([1], [0])


def test_a_lane_that_takes_no_part_keeps_its_beta() -> None:
    case = Case(Prioritised(beta=0.4, beta_end=1.0, beta_updates=2), lanes=2)
    case.add(1, 1)
    case.update([[0], [-1]], [[1.0], [1.0]])
    assert case.device.beta.tolist() == case.host.beta.tolist() == [0.7, 0.4]


def test_priorities_stay_within_bounds() -> None:
    case = case_of(0.0, alpha=2.0)
    case.tell([0], [1e300])
    assert case.device.state()["leaves"][0, 0] == 1e140


def test_nothing_told_changes_nothing() -> None:
    case = case_of(1.0, **EXACT)
    case.tell(np.empty((1, 0), np.int64), np.empty((1, 0)))
    assert case.device.state()["leaves"][0, 0] == 1.5


def test_an_idle_lane_gets_padding() -> None:
    case = Case(Prioritised(), lanes=2)
    case.add(3, 0)
    rows, weight = case.draw(2, 0)
    assert rows[1].tolist() == [-1, -1]
    assert weight.tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_an_empty_lane_is_refused() -> None:
    with pytest.raises(EmptyBufferError, match="0 in lane 0"):
        Case(Prioritised()).draw(1)


def test_td_errors_of_another_shape_are_refused() -> None:
    case = case_of(1.0, 2.0)
    with pytest.raises(DataError, match="td_error"):
        case.tell([0, 1], [1.0])


def test_state_goes_from_the_host_to_the_device_and_back() -> None:
    case = case_of(1.0, 2.0, 3.0, beta_updates=4)
    for source, goal in ((case.host, case.device), (case.device, case.host)):
        fresh = Case(case.settings)
        to: Any = fresh.host if goal is case.host else fresh.device
        to.load(case.ring, source.state())
        told = {name: array.tolist() for name, array in to.state().items()}
        assert told == {name: array.tolist() for name, array in source.state().items()}
        assert to.beta.tolist() == source.beta.tolist()


def test_a_state_that_does_not_fit_is_refused_and_nothing_changed() -> None:
    case = case_of(1.0, 2.0)
    state: Any = {name: array.copy() for name, array in case.device.state().items()}
    with pytest.raises(DataError, match="leaves"):
        case.device.load(case.ring, state | {"leaves": -state["leaves"]})
    assert case.device.state()["leaves"].tolist() == state["leaves"].tolist()


def test_the_ring_decides_which_sampler_it_is() -> None:
    assert isinstance(started(Prioritised(), DeviceRing(1, 4, 1, CPU)), PrioritisedOnDevice)
    assert isinstance(started(Prioritised(), Ring(1, 4, 1)), PrioritisedSampler)
