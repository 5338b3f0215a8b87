"""n-step returns by hand. Transition n has n in every column, and γ = ½.

A step is written one lane a text, one environment a word: "3" is transition 3, "3t" ends its
episode, "3c" is cut by a time limit, "3x" does not count.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from gymnasium import spaces

from rlbatch.errors import ConfigError, DataError
from rlbatch.replay.looks import everything
from rlbatch.replay.rows.door import Door
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.rows.n_step import NStep
from rlbatch.replay.storage.ring import Ring, Rows

LAYOUT = Layout.of(spaces.Box(-np.inf, np.inf, (1,), np.float32), spaces.Discrete(2**25))
Bools = npt.NDArray[np.bool_]


class Row(NamedTuple):
    """What a packed row says; obs n, action n, reward Σ, next_obs m for transition m's."""

    obs: int
    action: int
    reward: float
    next_obs: int
    discount: float


def one(first: int, reward: float, last: int, discount: float) -> Row:
    """The row that transitions `first` to `last` make."""
    return Row(first, first, reward, last, discount)


def packed(*lanes: str) -> tuple[Rows, Bools, Bools]:
    """One step as the door makes it: rows, ended, valid."""
    words = np.array([lane.split() for lane in lanes])
    n = np.array([[int(re.sub(r"\D", "", word)) for word in lane] for lane in words])
    terminated, truncated, left_out = (np.char.find(words, flag) >= 0 for flag in "tcx")
    columns = {"obs": n[..., None], "action": n, "reward": n, "next_obs": n[..., None] + 0.5}
    floats = {name: x if name == "action" else x.astype(np.float32) for name, x in columns.items()}
    ends = {"terminated": terminated, "truncated": truncated, "valid": ~left_out}
    return Door(LAYOUT, len(lanes), 0.5).pack({**floats, **ends}, np.zeros(len(lanes), np.int64))[
        :3
    ]


def read(rows: Rows) -> list[Row]:
    """Packed rows `[M, words]` in numbers."""
    fields = rows.view(LAYOUT.struct)[:, 0]
    names = ("obs", "action", "reward", "next_obs", "discount")
    obs, action, reward, next_obs, discount = (fields[name].reshape(-1).tolist() for name in names)
    halves = [int(number - 0.5) for number in next_obs]
    return [Row(*row) for row in zip(obs, action, reward, halves, discount, strict=True)]


def fold(n_step: NStep, *lanes: str) -> list[list[Row]]:
    """What leaves each lane after one step."""
    rows, valid = n_step.fold(*packed(*lanes))
    return [read(rows[lane][valid[lane]]) for lane in range(len(lanes))]


def played(steps: int, words: str) -> list[list[Row]]:
    """What leaves the only environment of the only lane after each transition."""
    n_step = NStep(1, steps, 0.5, LAYOUT)
    return [fold(n_step, word)[0] for word in words.split()]


def test_a_window_of_three_by_hand() -> None:
    """1 + 2/2 + 3/4 = 2.75, 2 + 3/2 + 4/4 = 4.5, and γ³ = 1/8."""
    assert played(3, "1 2 3 4") == [[], [], [one(1, 2.75, 3, 0.125)], [one(2, 4.5, 4, 0.125)]]


def test_termination_closes_all_windows_oldest_first_and_without_a_bootstrap() -> None:
    closed = [one(2, 4.5, 4, 0.0), one(3, 5.0, 4, 0.0), one(4, 4.0, 4, 0.0)]
    assert played(3, "1 2 3 4t")[2:] == [[one(1, 2.75, 3, 0.125)], closed]


def test_truncation_bootstraps_from_its_own_observation_with_the_real_exponent() -> None:
    closed = [one(2, 4.5, 4, 0.125), one(3, 5.0, 4, 0.25), one(4, 4.0, 4, 0.5)]
    assert played(3, "1 2 3 4c")[-1] == closed


@pytest.mark.parametrize("end", "tc")
def test_nothing_of_an_episode_leaks_into_the_next(end: str) -> None:
    after = played(3, f"1 2 3 4{end} 5 6 7 8")[4:]
    assert after == [[], [], [one(5, 5 + 3 + 1.75, 7, 0.125)], [one(6, 6 + 3.5 + 2, 8, 0.125)]]


def test_a_first_transition_that_is_terminal_is_a_window_of_one() -> None:
    assert played(3, "1t 2t 3 4c") == [
        [one(1, 1.0, 1, 0.0)],
        [one(2, 2.0, 2, 0.0)],
        [],
        [one(3, 5.0, 4, 0.25), one(4, 4.0, 4, 0.5)],
    ]


def test_an_episode_shorter_than_the_window_leaves_whole_at_its_end() -> None:
    assert played(9, "2 4 8c") == [
        [],
        [],
        [one(2, 6.0, 8, 0.125), one(4, 8.0, 8, 0.25), one(8, 8.0, 8, 0.5)],
    ]


def test_an_end_that_is_both_terminated_and_truncated_does_not_bootstrap() -> None:
    assert played(2, "1 2tc")[1] == [one(1, 2.0, 2, 0.0), one(2, 2.0, 2, 0.0)]


def test_the_end_of_another_environment_does_not_cut_mine() -> None:
    n_step = NStep(1, 3, 0.5, LAYOUT)
    assert fold(n_step, "1 11") == [[]]
    assert fold(n_step, "2 12t") == [[one(11, 17.0, 12, 0.0), one(12, 12.0, 12, 0.0)]]
    assert fold(n_step, "3 13") == [[one(1, 2.75, 3, 0.125)]]


def test_the_end_of_another_lane_does_not_cut_mine() -> None:
    n_step = NStep(2, 3, 0.5, LAYOUT)
    assert fold(n_step, "1", "11") == [[], []]
    assert fold(n_step, "2c", "12") == [[one(1, 2.0, 2, 0.25), one(2, 2.0, 2, 0.5)], []]
    assert fold(n_step, "3", "13") == [[], [one(11, 11 + 6 + 3.25, 13, 0.125)]]


def test_rows_of_a_lane_are_ordered_by_environment_and_then_by_age() -> None:
    n_step = NStep(1, 2, 0.5, LAYOUT)
    assert fold(n_step, "1 11 21") == [[]]
    assert [row.obs for row in fold(n_step, "2t 12 22c")[0]] == [1, 2, 11, 21, 22]


def test_a_reset_row_between_episodes_changes_nothing() -> None:
    with_reset = played(3, "1 2t 9x 3 4 5")
    assert with_reset.pop(2) == []
    assert with_reset == played(3, "1 2t 3 4 5")


def test_an_idle_lane_pauses_and_goes_on_in_the_middle_of_its_window() -> None:
    n_step = NStep(2, 3, 0.5, LAYOUT)
    lanes = [("1", "11"), ("9x", "12"), ("9x", "13"), ("2", "14"), ("3", "15")]
    rows = [fold(n_step, *step)[0] for step in lanes]
    assert rows == [[], [], [], [], [one(1, 2.75, 3, 0.125)]]


def test_an_episode_whose_last_row_is_left_out_ends_all_the_same() -> None:
    closed = [one(1, 2.0, 2, 0.25), one(2, 2.0, 2, 0.5)]
    assert played(3, "1 2 9xc 3 4 5") == [[], [], closed, [], [], [one(3, 6.25, 5, 0.125)]]


def test_what_is_left_out_at_the_end_of_a_full_window_brings_no_row_twice() -> None:
    assert played(2, "1 2 3 9xt")[2:] == [[one(2, 3.5, 3, 0.25)], [one(3, 3.0, 3, 0.5)]]


def test_one_step_is_the_identity_to_the_bit_and_any_number_of_environments_fits() -> None:
    n_step = NStep(2, 1, 0.5, LAYOUT)
    for step in (("1 2t 3x", "4 5c 6"), ("1", "4t")):
        rows, _, valid = packed(*step)
        out, kept = n_step.fold(*packed(*step))
        assert np.array_equal(out, rows)
        assert np.array_equal(kept, valid)


def test_what_does_not_count_in_the_answer_is_zeros_and_there_is_always_a_row() -> None:
    n_step = NStep(2, 2, 0.5, LAYOUT)
    rows, valid = n_step.fold(*packed("1", "11"))
    assert valid.tolist() == [[False], [False]]
    assert not rows.any()
    rows, valid = n_step.fold(*packed("2t", "12"))
    assert valid.tolist() == [[True, True], [True, False]]
    assert not rows[1, 1].any()


def test_rewards_are_summed_wider_than_they_are_stored() -> None:
    """2²⁴ + 1 is no float32, so a float32 sum would lose each 1; 2²⁴ + 2 is one."""
    n_step = NStep(1, 3, 1.0, LAYOUT)
    fold(n_step, "1")
    fold(n_step, "1")
    assert fold(n_step, str(2**24))[0][0].reward == 2**24 + 2


def test_a_window_is_not_cut_where_the_ring_wraps() -> None:
    n_step, ring = NStep(1, 3, 0.5, LAYOUT), Ring(1, 4, LAYOUT.words)
    for n in range(1, 10):
        ring.append(*n_step.fold(*packed(str(n))))
    rows = np.zeros((1, 4, LAYOUT.words), np.int64)
    ring.gather(everything(ring).drawn.numbers, rows, np.zeros((1, 4), np.float32))
    assert ring.head.tolist() == [7]
    assert read(rows[0]) == [one(n, 1.75 * n + 1, n + 2, 0.125) for n in (4, 5, 6, 7)]


def test_a_loaded_state_goes_on_in_the_middle_of_a_window() -> None:
    whole, later = NStep(1, 3, 0.5, LAYOUT), NStep(1, 3, 0.5, LAYOUT)
    for step in ("1 11t", "2 12"):
        fold(whole, step)
    later.load({name: array.copy() for name, array in whole.state().items()})
    for step in ("3 13", "4t 14", "5 15c"):
        assert fold(later, step) == fold(whole, step)


def test_a_loaded_state_is_a_copy() -> None:
    one_of_two, other = NStep(1, 2, 0.5, LAYOUT), NStep(1, 2, 0.5, LAYOUT)
    fold(one_of_two, "1")
    other.load(one_of_two.state())
    fold(one_of_two, "9t")
    assert fold(other, "2") == [[one(1, 2.0, 2, 0.25)]]


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    n_step = NStep(1, 2, 0.5, LAYOUT)
    fold(n_step, "1")
    for lanes, steps in ((2, 2), (1, 3)):
        with pytest.raises(DataError, match=r"replay\.n_step\.(rows|count): expected \["):
            n_step.load(NStep(lanes, steps, 0.5, LAYOUT).state())
    for count in (np.array([[-1]]), np.zeros((1, 2), np.int64), np.array(0)):
        with pytest.raises(DataError, match=r"replay\.n_step\.(rows|count): expected \["):
            n_step.load({**n_step.state(), "count": count})
    with pytest.raises(DataError, match="expected rows and count, got nothing"):
        n_step.load({})
    assert fold(n_step, "2") == [[one(1, 2.0, 2, 0.25)]]


def test_the_number_of_environments_may_change_between_episodes_only() -> None:
    n_step = NStep(1, 2, 0.5, LAYOUT)
    fold(n_step, "1")
    with pytest.raises(DataError, match=r"expected 1 environments, .*, got 2"):
        fold(n_step, "2 12")
    assert fold(n_step, "2t") == [[one(1, 2.0, 2, 0.0), one(2, 2.0, 2, 0.0)]]
    assert fold(n_step, "3 13t") == [[one(13, 13.0, 13, 0.0)]]


def test_a_reward_whose_sums_may_not_be_finite_is_refused_and_nothing_is_changed() -> None:
    n_step = NStep(1, 2, 0.5, LAYOUT)
    fold(n_step, "1 11")
    rows, ended, valid = packed("2 12")
    rows.view(LAYOUT.struct)["reward"][0, 1] = -3e38
    with pytest.raises(DataError, match=r"replay\.reward \(lane 0, env 1\): expected a magnitude"):
        n_step.fold(rows, ended, valid)
    n_step.fold(rows, ended, np.zeros_like(valid))  # what does not count may be anything
    assert fold(n_step, "2 12") == [[one(1, 2.0, 2, 0.25), one(11, 17.0, 12, 0.25)]]


@pytest.mark.parametrize("steps", [0, -1])
def test_a_window_of_no_step_is_refused(steps: int) -> None:
    with pytest.raises(ConfigError, match=r"replay\.n_step: expected at least 1 step, got"):
        NStep(1, steps, 0.5, LAYOUT)
