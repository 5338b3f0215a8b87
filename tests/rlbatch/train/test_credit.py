"""What a lane may spend: whole updates, or whole rows that never exceed those due."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.train.credit import Credit

ALL = np.array([True, True])
SECOND = np.array([False, True])


def updates_made(credit: Credit, due: int, rows: int) -> int:
    """Earns for every lane, then spends while it can."""
    credit.earn(due, ALL)
    made = 0
    while credit.can_pay(rows).all():
        credit.spend(rows, ALL)
        made += 1
    return made


def test_an_update_costs_one_whatever_its_size() -> None:
    credit = Credit("updates", 2, reference=128)
    assert [updates_made(credit, due, rows) for due, rows in [(1, 1), (3, 4096), (0, 1)]] == [
        1,
        3,
        0,
    ]


def test_twice_the_reference_updates_half_as_often() -> None:
    credit = Credit("samples", 2, reference=8)
    assert [updates_made(credit, 1, 16) for _ in range(6)] == [0, 1, 0, 1, 0, 1]


def test_half_the_reference_updates_twice_as_often() -> None:
    credit = Credit("samples", 2, reference=8)
    assert [updates_made(credit, 1, 4) for _ in range(3)] == [2, 2, 2]


def test_what_is_left_over_is_kept() -> None:
    credit = Credit("samples", 2, reference=8)
    assert [updates_made(credit, 1, 3) for _ in range(3)] == [2, 3, 3]  # 8 = 2 · 3 + 2, ...
    assert credit.held.tolist() == [0, 0]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), max_size=30))
def test_the_rows_drawn_never_exceed_those_due(moments: list[tuple[int, int]]) -> None:
    credit, due_rows, drawn = Credit("samples", 2, reference=8), 0, 0
    for due, rows in moments:
        due_rows += 8 * due
        drawn += rows * updates_made(credit, due, rows)
        assert drawn <= due_rows < drawn + rows  # and never a whole batch behind


def test_only_active_lanes_earn_and_only_those_that_learn_pay() -> None:
    credit = Credit("samples", 2, reference=8)
    credit.earn(2, SECOND)
    assert credit.held.tolist() == [0, 16]
    assert credit.can_pay(16).tolist() == [False, True]
    assert credit.can_pay(17).tolist() == [False, False]
    credit.spend(10, SECOND)
    assert credit.held.tolist() == [0, 6]


def test_credit_is_in_whole_numbers() -> None:
    assert Credit("samples", 2, reference=8).held.dtype == np.int64
