"""The sum tree against a naive twin, and where rounding would lead a careless one astray."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.replay.sampling.sum_tree import Floats, SumTree
from rlbatch.replay.storage.ring import Rows

CAPACITIES = [1, 2, 15, 16, 17, 255, 256, 257, 5000]


def tree_of(*lanes: list[float]) -> SumTree:
    """A tree whose lanes have these leaves."""
    tree = SumTree(len(lanes), len(lanes[0]))
    tree.set(np.tile(np.arange(len(lanes[0])), (len(lanes), 1)), np.array(lanes, np.float64))
    return tree


def found(tree: SumTree, *targets: float) -> list[int]:
    """The slots of some targets in the first lane."""
    rows = np.full((len(tree.totals), len(targets)), -1.0)
    rows[0] = targets
    slots: list[int] = tree.find(rows)[0].tolist()
    return slots


def column(number: int) -> Rows:
    return np.array([number], np.int64)


@st.composite
def grown(draw: st.DrawFn) -> tuple[SumTree, Floats]:
    """A tree and the leaves of its twin; whole numbers, so that all sums are exact."""
    lanes, capacity = draw(st.integers(1, 3)), draw(st.integers(1, 300))
    generator = np.random.default_rng(draw(st.integers(0, 999)))
    tree, twin = SumTree(lanes, capacity), np.zeros((lanes, capacity))
    for runs in draw(st.lists(st.booleans(), min_size=1, max_size=6)):
        if runs:
            first = generator.integers(0, 1000, lanes)
            past = first + generator.integers(0, 2 * capacity + 1, lanes)
            values = generator.integers(0, 5, lanes).astype(np.float64)
            tree.set_run(first, past, values)
            for lane in range(lanes):
                twin[lane, np.arange(first[lane], past[lane]) % capacity] = values[lane]
        else:
            slots = generator.integers(-1, capacity, (lanes, draw(st.integers(1, 20))))
            leaves = generator.integers(0, 5, slots.shape).astype(np.float64)
            tree.set(slots, leaves)
            for (lane, b), slot in np.ndenumerate(slots):
                if slot >= 0:
                    twin[lane, slot] = leaves[lane, b]
    return tree, twin


@given(grown())
def test_every_target_is_found_where_the_naive_twin_finds_it(case: tuple[SumTree, Floats]) -> None:
    tree, twin = case
    assert np.array_equal(tree.leaves[:, : twin.shape[1]], twin)
    assert tree.totals.tolist() == twin.sum(1).tolist()
    for lane, leaves in enumerate(twin):
        targets = np.full((len(twin), 2 * int(leaves.sum())), -1.0)
        targets[lane] = np.arange(targets.shape[1]) / 2
        expected = leaves.cumsum().searchsorted(targets[lane], side="right")
        assert tree.find(targets)[lane].tolist() == expected.tolist()


def test_three_leaves_by_hand() -> None:
    tree = tree_of([1.0, 0.0, 2.0])
    assert tree.totals.tolist() == [3.0]
    assert found(tree, 0.0, 0.999, 1.0, 2.999, -1.0) == [0, 0, 2, 2, -1]


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_a_single_leaf_reaches_the_total_from_both_ends(capacity: int) -> None:
    for slot in (0, capacity - 1):
        tree = SumTree(1, capacity)
        tree.set(np.array([[slot]]), np.array([[3.0]]))
        assert tree.totals.tolist() == [3.0]
        assert found(tree, 0.0, 2.9) == [slot, slot]


def test_of_two_values_for_one_leaf_the_later_stays() -> None:
    tree = SumTree(1, 4)
    tree.set(np.array([[2, 2, -1, 2]]), np.array([[5.0, 7.0, 9.0, 3.0]]))
    assert tree.leaves[0, :4].tolist() == [0.0, 0.0, 3.0, 0.0]
    assert tree.totals.tolist() == [3.0]


def test_a_run_goes_round_and_a_longer_one_sets_each_leaf_once() -> None:
    tree = SumTree(1, 5)
    tree.set_run(column(3), column(6), np.ones(1))
    assert tree.leaves[0, :5].tolist() == [1.0, 0.0, 0.0, 1.0, 1.0]
    tree.set_run(column(2), column(100), np.full(1, 2.0))
    assert tree.totals.tolist() == [10.0]
    assert not tree.leaves[0, 5:].any()


def test_an_empty_lane_gives_padding_and_its_neighbour_gives_rows() -> None:
    tree = tree_of([0.0, 0.0], [0.0, 1.0])
    assert tree.find(np.array([[0.0], [0.0]])).tolist() == [[-1], [1]]


def test_lanes_do_not_touch_each_other() -> None:
    alone, both = tree_of([1.0, 2.0, 3.0]), tree_of([1.0, 2.0, 3.0], [7.0, 0.0, 7.0])
    both.set(np.array([[-1], [1]]), np.array([[99.0], [5.0]]))
    assert both.totals.tolist() == [6.0, 19.0]
    targets = np.arange(6.0)
    assert both.find(np.stack([targets, targets]))[0].tolist() == found(alone, *targets)


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_targets_at_and_past_the_end_find_the_last_leaf_that_is_not_0(capacity: int) -> None:
    tree, fill = SumTree(1, capacity), (capacity + 1) // 2
    tree.set_run(column(0), column(fill), np.full(1, 0.1))
    total = tree.totals[0]
    ends = np.nextafter(total, 0.0), total, np.nextafter(total, 9e9), 2 * total, math.inf
    assert found(tree, *ends) == [fill - 1] * 5


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_a_leaf_of_0_is_never_found_however_sums_are_rounded(capacity: int) -> None:
    generator = np.random.default_rng(capacity)
    leaves = 10.0 ** generator.uniform(-12, 12, capacity) * (generator.random(capacity) < 0.3)
    leaves[capacity // 2] = 0.1
    tree = tree_of(leaves.tolist())
    edges = leaves.cumsum()
    near = [edges, np.nextafter(edges, 0.0), np.nextafter(edges, 1e300), generator.random(9999)]
    targets = np.concatenate([*near[:3], near[3] * tree.totals[0]])
    slots = np.array(found(tree, *targets))
    assert (leaves[slots] > 0).all()
    before, slack = edges[slots] - leaves[slots], 1e-13 * edges[-1]
    inside = targets < edges[-1]
    assert (before[inside] - slack <= targets[inside]).all()
    assert (targets[inside] <= edges[slots][inside] + slack).all()


def test_a_rest_that_rounds_up_to_its_whole_node_stays_in_it() -> None:
    """1.5 + big rounds to big + 2; a target of big + 1 leaves big − 0.5, which rounds to big."""
    big = 1.5 * 2.0**52
    tree = tree_of([1.5] + [0.0] * 15 + [big] + [0.0] * 31)
    assert tree.totals.tolist() == [big + 2]
    assert found(tree, big + 1) == [16]


def churned(tree: SumTree, fill: int, updates: int, **scale: Any) -> None:
    """Gives random slots below `fill` random values, 500 a call."""
    generator = np.random.default_rng(3)
    for _ in range(updates // 500):
        slots = generator.integers(0, fill, (1, 500))
        tree.set(slots, 10.0 ** generator.uniform(size=slots.shape, **scale))


def test_after_a_million_updates_no_slot_is_past_the_fill() -> None:
    tree = SumTree(1, 1000)
    churned(tree, 900, 1_000_000, low=-12, high=12)
    total = tree.totals[0]
    near = [math.nextafter(total, 0.0), total, *(total * (1 - 2.0**-k) for k in range(20, 54))]
    assert max(found(tree, *near)) < 900
    assert max(found(tree, *(np.random.default_rng(4).random(100_000) * total))) < 900


def test_after_ten_million_updates_the_total_is_the_sum_of_the_leaves_to_the_bit() -> None:
    tree = SumTree(1, 1000)
    churned(tree, 1000, 10_000_000, low=-3, high=3)
    anew = tree_of(tree.leaves[0, :1000].tolist())
    assert tree.totals.tolist() == anew.totals.tolist()
    assert tree.totals[0] == pytest.approx(math.fsum(tree.leaves[0]), rel=1e-14)
    tree.set_run(column(0), column(1000), np.full(1, 3.0))
    assert tree.totals.tolist() == [3000.0]


def test_all_leaves_replaced_are_all_leaves_set() -> None:
    leaves = np.random.default_rng(0).random((2, 320))
    leaves[:, 307:] = 0
    tree, anew = tree_of(*leaves[:, :307].tolist()), SumTree(2, 307)
    anew.replace(leaves)
    assert anew.totals.tolist() == tree.totals.tolist()
    targets = np.random.default_rng(1).random((2, 99)) * 100
    assert np.array_equal(anew.find(targets), tree.find(targets))
