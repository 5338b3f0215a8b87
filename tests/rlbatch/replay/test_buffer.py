"""The buffer by hand. Transition n has n in every column that can hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch.errors import ConfigError, DataError, EmptyBufferError, FileError
from rlbatch.files import save_tensors
from rlbatch.replay import Replay, ReplayBuffer
from rlbatch.types import Batch

LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
TWO = spaces.Discrete(2)
BOOL: Any = np.bool_  # which Gymnasium takes and its annotations do not know


def transitions(*numbers: int, **changed: Any) -> dict[str, Any]:
    """One transition per environment, numbered; columns `[E, ...]`."""
    n = np.array(numbers, np.float32)
    columns: dict[str, Any] = {
        "obs": n[:, None],
        "action": np.array(numbers) % 2,
        "reward": n + 0.25,
        "next_obs": n[:, None] + 0.5,
        "terminated": np.array(numbers) % 3 == 2,
        "truncated": np.zeros(len(numbers), bool),
    }
    return {**columns, **changed}


def in_lanes(*lanes: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Columns of single lanes as `[L, E, ...]`."""
    return {name: np.stack([lane[name] for lane in lanes]) for name in lanes[0]} | changed


def filled(numbers: int, capacity: int = 8, **keywords: Any) -> ReplayBuffer:
    """A buffer without lanes that was given transitions 0, 1, 2, ..."""
    buffer = ReplayBuffer(capacity, LINE, TWO, gamma=0.9, **keywords)
    for n in range(numbers):
        buffer.add(**transitions(n))
    return buffer


def same(one: Batch, other: Batch) -> bool:
    """Are all columns equal, to the bit?"""
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_every_column_of_a_drawn_row_is_that_of_its_number() -> None:
    batch = filled(5).sample(64)
    n = batch.row.float()
    assert torch.equal(batch.obs, n[:, None])
    assert torch.equal(batch.next_obs, n[:, None] + 0.5)
    assert torch.equal(batch.action, batch.row % 2)
    assert torch.equal(batch.reward, n + 0.25)
    assert torch.equal(batch.discount, torch.where(batch.row % 3 == 2, 0.0, 0.9))


def test_a_batch_says_its_size_and_weighs_every_row_alike() -> None:
    batch = filled(5).sample(7)
    assert batch.size.item() == 7
    assert torch.equal(batch.weight, torch.ones(7))
    assert batch.obs.shape == (7, 1)
    dtypes = [column.dtype for column in batch]
    assert dtypes[:4] == [torch.float32, torch.int64, torch.float32, torch.float32]
    assert dtypes[4:] == [torch.float32, torch.float32, torch.int64, torch.int64]


def test_termination_ends_the_bootstrap_and_truncation_does_not() -> None:
    ends = {"terminated": [False, True, False, True], "truncated": [False, False, True, True]}
    buffer = ReplayBuffer(4, LINE, TWO, gamma=0.5)
    buffer.add(**transitions(0, 1, 2, 3, **ends))
    assert buffer.whole().discount.tolist() == [0.5, 0.0, 0.5, 0.0]


def test_the_oldest_rows_are_overwritten_and_numbers_go_on() -> None:
    buffer = filled(11, capacity=4)
    assert len(buffer) == 4
    assert buffer.whole().row.tolist() == [7, 8, 9, 10]
    assert buffer.whole().obs[:, 0].tolist() == [7.0, 8.0, 9.0, 10.0]
    assert set(buffer.sample(64).row.tolist()) == {7, 8, 9, 10}


def test_one_call_may_bring_more_than_fits() -> None:
    buffer = ReplayBuffer(3, LINE, TWO)
    buffer.add(**transitions(*range(8)))
    assert buffer.whole().row.tolist() == [5, 6, 7]
    assert buffer.whole().obs[:, 0].tolist() == [5.0, 6.0, 7.0]


def test_a_buffer_of_one_row_holds_the_newest() -> None:
    assert set(filled(3, capacity=1).sample(16).row.tolist()) == {2}


def test_rows_never_written_are_never_drawn() -> None:
    assert set(filled(3, capacity=1000).sample(500).row.tolist()) == {0, 1, 2}


def test_invalid_rows_are_left_out_whatever_they_hold() -> None:
    buffer = ReplayBuffer(8, LINE, TWO)
    rows = transitions(0, 1, 2, reward=[0.0, np.nan, 2.0], action=[0, -7, 1])
    buffer.add(**rows, valid=[True, False, True])
    assert buffer.whole().obs[:, 0].tolist() == [0.0, 2.0]
    assert buffer.whole().row.tolist() == [0, 1]


def test_lanes_fill_at_their_own_pace() -> None:
    buffer = ReplayBuffer(3, LINE, TWO, lanes=2)
    for n in range(5):
        both = in_lanes(transitions(n), transitions(10 + n))
        buffer.add(**both, valid=[[n % 2 == 0], [True]])
    whole = buffer.whole()
    assert buffer.stored().tolist() == [3, 3]
    assert whole.obs[..., 0].tolist() == [[0.0, 2.0, 4.0], [12.0, 13.0, 14.0]]
    assert whole.row.tolist() == [[0, 1, 2], [2, 3, 4]]


def test_the_length_is_that_of_the_fullest_lane() -> None:
    buffer = ReplayBuffer(9, LINE, TWO, lanes=2)
    assert len(buffer) == 0
    buffer.add(**in_lanes(transitions(0, 1), transitions(2, 3)), valid=[[True, False], [True] * 2])
    assert len(buffer) == 2
    assert buffer.stored().tolist() == [1, 2]


def test_a_lane_draws_what_it_would_draw_alone() -> None:
    buffer = ReplayBuffer(8, LINE, TWO, lanes=3, seed=4)
    alone = ReplayBuffer(8, LINE, TWO, seed=5)
    for n in range(10):
        buffer.add(**in_lanes(*[transitions(100 * lane + n) for lane in range(3)]))
        alone.add(**transitions(100 + n))
    lanes, own = buffer.sample(32), alone.sample(32)
    assert all(torch.equal(many[1], one) for many, one in zip(lanes, own, strict=True))


def test_lanes_may_be_seeded_one_by_one() -> None:
    one = ReplayBuffer(8, LINE, TWO, lanes=2, seed=[5, 9])
    other = ReplayBuffer(8, LINE, TWO, lanes=2, seed=[9, 5])
    for buffer in (one, other):
        buffer.add(**in_lanes(transitions(0, 1, 2, 3), transitions(0, 1, 2, 3)))
    assert torch.equal(one.sample(32).row, other.sample(32).row.flip(0))


def test_two_seeds_differ_and_one_seed_repeats() -> None:
    rows = [filled(8, seed=seed).sample(32).row for seed in (1, 1, 2)]
    assert torch.equal(rows[0], rows[1])
    assert not torch.equal(rows[0], rows[2])


def test_two_lanes_differ() -> None:
    buffer = ReplayBuffer(8, LINE, TWO, lanes=2)
    buffer.add(**in_lanes(transitions(*range(8)), transitions(*range(8))))
    drawn = buffer.sample(32).row
    assert not torch.equal(drawn[0], drawn[1])


def test_successive_draws_differ_and_a_named_draw_repeats() -> None:
    buffer = filled(8)
    assert not torch.equal(buffer.sample(32).row, buffer.sample(32).row)
    assert same(buffer.sample(32, counter=7), buffer.sample(32, counter=7))
    assert not torch.equal(buffer.sample(32, counter=7).row, buffer.sample(32, counter=8).row)


def test_a_named_draw_does_not_move_the_buffers_own_counter() -> None:
    one, other = filled(8), filled(8)
    other.sample(32, counter=7)
    assert same(one.sample(32), other.sample(32))


def test_each_lane_may_name_its_own_draw() -> None:
    buffer = ReplayBuffer(8, LINE, TWO, lanes=2)
    buffer.add(**in_lanes(transitions(*range(8)), transitions(*range(8))))
    mixed = buffer.sample(16, counter=[3, 4]).row
    assert torch.equal(mixed[0], buffer.sample(16, counter=3).row[0])
    assert torch.equal(mixed[1], buffer.sample(16, counter=4).row[1])


def test_a_small_draw_is_the_prefix_of_a_large_one() -> None:
    buffer = filled(8)
    few, many = buffer.sample(32, counter=3), buffer.sample(512, counter=3)
    assert torch.equal(few.row, many.row[:32])
    assert torch.equal(few.obs, many.obs[:32])


def test_a_lane_that_wants_less_is_padded_with_rows_of_no_weight() -> None:
    buffer = ReplayBuffer(8, LINE, TWO, lanes=3)
    buffer.add(**in_lanes(*[transitions(1, 2, 3)] * 3))
    batch = buffer.sample([2, 4, 0], counter=0)
    assert batch.size.tolist() == [2, 4, 0]
    assert batch.weight.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    assert ((batch.row == -1) == (batch.weight == 0)).all()
    assert torch.equal(batch.row[1], buffer.sample(4, counter=0).row[1])
    assert not any(column[batch.row == -1].any() for column in batch[:6])  # zeros, thus finite


def test_rows_are_drawn_uniformly() -> None:
    rows = filled(25, capacity=10).sample(10_000).row
    counts = torch.bincount(rows - 15, minlength=10)
    assert len(counts) == 10
    assert ((counts - 1000.0) ** 2 / 1000).sum() < 27.9  # χ² of 9 degrees, p = 0.001


def test_wide_rows_in_large_batches_are_copied_whole() -> None:
    space = spaces.Box(0, 2**15 - 1, (50,), np.int16)
    buffer = ReplayBuffer(70, space, TWO, lanes=2)
    obs = np.arange(2 * 100 * 50, dtype=np.int16).reshape(2, 100, 50)
    ends = np.zeros((2, 100), bool)
    buffer.add(obs, ends.astype(int), ends.astype(float), obs[:, ::-1], ends, ends)
    batch = buffer.sample([300, 200], counter=1)
    for lane, size in enumerate((300, 200)):
        rows = batch.row[lane, :size].numpy()
        assert rows.min() >= 30
        assert (batch.obs[lane, :size].numpy() == obs[lane, rows]).all()
        assert (batch.next_obs[lane, :size].numpy() == obs[lane, 99 - rows]).all()


def test_rows_of_one_batch_are_independent_of_each_other() -> None:
    rows = filled(4, capacity=4).sample(16_001).row
    pairs = torch.bincount(rows[:-1] * 4 + rows[1:], minlength=16)
    assert ((pairs - 1000.0) ** 2 / 1000).sum() < 37.7  # χ² of 15 degrees, p = 0.001


def test_a_batch_is_the_callers_own() -> None:
    buffer = filled(8)
    before = Batch(*(column.clone() for column in buffer.sample(4, counter=1)))
    for column in buffer.sample(4, counter=1):
        column.zero_()
    assert same(buffer.sample(4, counter=1), before)


def test_what_was_added_is_the_buffers_own() -> None:
    buffer, rows = ReplayBuffer(4, LINE, TWO), transitions(0, 1)
    buffer.add(**rows)
    rows["obs"][:] = 99.0
    assert buffer.whole().obs[:, 0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    "convert",
    [
        lambda column: column,
        lambda column: column.tolist(),
        torch.from_numpy,
        lambda column: column.astype(np.float64) if column.dtype.kind == "f" else column,
        lambda column: np.asfortranarray(column)[::-1][::-1],
        lambda column: column.astype(np.int32) if column.dtype.kind == "i" else column,
    ],
    ids=["numpy", "python", "torch", "float64", "strided", "int32"],
)
def test_arrays_lists_and_tensors_of_any_float_or_integer_are_taken(convert: Any) -> None:
    buffer, plain = ReplayBuffer(4, LINE, TWO), ReplayBuffer(4, LINE, TWO)
    plain.add(**transitions(0, 1, 2))
    buffer.add(**{name: convert(column) for name, column in transitions(0, 1, 2).items()})
    assert same(buffer.whole(), plain.whole())


def test_integer_rewards_are_taken() -> None:
    buffer = ReplayBuffer(4, LINE, TWO)
    buffer.add(**transitions(0, 1, reward=[3, -4]))
    assert buffer.whole().reward.tolist() == [3.0, -4.0]


@pytest.mark.parametrize(
    ("space", "obs"),
    [
        (spaces.Box(0, 255, (2, 3, 1), np.uint8), np.arange(24).reshape(4, 2, 3, 1)),
        (spaces.Box(0, 1, (3,), BOOL), np.arange(12).reshape(4, 3) % 2 == 1),
        (spaces.Box(-9, 9, (5,), np.int16), np.arange(-9, 11).reshape(4, 5) % 10),
        (spaces.Box(-1, 1, (2, 2), np.float64), np.arange(16).reshape(4, 2, 2) / 3),
        (spaces.Box(-1, 1, (), np.float32), np.arange(4) / 8),
        (spaces.Discrete(7), np.arange(4)),
    ],
    ids=["uint8", "bool", "int16", "float64", "scalar", "discrete"],
)
def test_observations_of_every_kind_come_back_as_they_were(space: Any, obs: Any) -> None:
    obs = obs.astype(space.dtype)
    buffer = ReplayBuffer(4, space, TWO)
    buffer.add(**transitions(0, 1, 2, 3, obs=obs, next_obs=obs[::-1]))
    whole = buffer.whole()
    assert torch.equal(whole.obs, torch.from_numpy(obs))
    assert torch.equal(whole.next_obs, torch.from_numpy(obs[::-1].copy()))
    assert whole.action.tolist() == [0, 1, 0, 1]
    assert whole.reward.tolist() == [0.25, 1.25, 2.25, 3.25]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", ["obs", "reward", "next_obs"])
def test_a_number_that_is_not_finite_is_refused_by_lane_and_step(column: str, bad: float) -> None:
    buffer = ReplayBuffer(9, LINE, TWO, lanes=2)
    buffer.add(**in_lanes(transitions(0, 1), transitions(2, 3)))
    rows = in_lanes(transitions(4, 5), transitions(6, 7))
    rows[column][1, 1] = bad
    named = rf"^replay\.{column} \(lane 1, env 1, step 3\): expected finite numbers, got .+\. Noth"
    with pytest.raises(DataError, match=named):
        buffer.add(**rows)
    assert buffer.stored().tolist() == [2, 2]
    assert buffer.whole().row.tolist() == [[0, 1], [0, 1]]


def test_the_step_of_a_refused_row_counts_stored_rows_only() -> None:
    buffer = ReplayBuffer(9, LINE, TWO)
    rows = transitions(0, 1, 2, reward=[0.0, 0.0, np.nan])
    with pytest.raises(DataError, match=r"lane 0, env 2, step 1\)"):
        buffer.add(**rows, valid=[False, True, True])


def test_a_number_too_large_for_float32_is_refused() -> None:
    with pytest.raises(DataError, match=r"replay\.reward"):
        ReplayBuffer(9, LINE, TWO).add(**transitions(0, reward=[1e300]))


@pytest.mark.parametrize("action", [-1, 2, 2**40])
def test_an_action_that_does_not_exist_is_refused(action: int) -> None:
    message = (
        rf"^replay\.action \(lane 0, env 1, step 1\): expected an action in 0\.\.1, got {action}\."
    )
    with pytest.raises(DataError, match=message):
        ReplayBuffer(9, LINE, TWO).add(**transitions(0, 1, action=[0, action]))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "obs",
            np.zeros((2, 2), np.float32),
            r"replay\.obs: expected shape \(2, 1\), got \(2, 2\)",
        ),
        ("obs", np.zeros(2, np.float32), r"replay\.obs: expected shape \(2, 1\), got \(2,\)"),
        ("obs", [["a"], ["b"]], r"replay\.obs: expected dtype float32, got"),
        ("obs", [[0.0], [0.0, 1.0]], r"replay\.obs: expected shape"),
        ("next_obs", np.zeros((3, 1)), r"replay\.next_obs: expected shape \(2, 1\), got \(3, 1\)"),
        ("action", [0.0, 1.0], r"replay\.action: expected dtype int64, got float64"),
        ("action", [0], r"replay\.action: expected shape \(2,\), got \(1,\)"),
        ("action", [[0], [1]], r"replay\.action: expected shape \(2,\), got \(2, 1\)"),
        ("reward", 1.0, r"replay\.reward: expected shape \[E\], got \(\)"),
        ("reward", [[1.0], [1.0]], r"replay\.reward: expected shape \[E\], got \(2, 1\)"),
        ("reward", [[1.0], [1.0, 2.0]], r"replay\.reward: expected shape"),
        ("reward", [1j, 1j], r"replay\.reward: expected dtype float32, got complex128"),
        ("terminated", [0.0, 1.0], r"replay\.terminated: expected dtype bool, got float64"),
        ("truncated", [False], r"replay\.truncated: expected shape \(2,\), got \(1,\)"),
        ("valid", [1, 0], r"replay\.valid: expected dtype bool, got int64"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_stored(
    column: str, value: Any, message: str
) -> None:
    buffer = ReplayBuffer(9, LINE, TWO)
    with pytest.raises(DataError, match=f"^{message}"):
        buffer.add(**transitions(0, 1, **{column: value}))
    assert len(buffer) == 0


def test_another_number_of_lanes_is_refused() -> None:
    buffer = ReplayBuffer(9, LINE, TWO, lanes=2)
    with pytest.raises(DataError, match=r"^replay\.reward: expected shape \[2, E\], got \(3, 1\)"):
        buffer.add(**in_lanes(*[transitions(0)] * 3))


def test_floats_are_refused_where_observations_are_bytes() -> None:
    buffer = ReplayBuffer(9, spaces.Box(0, 255, (1,), np.uint8), TWO)
    with pytest.raises(DataError, match=r"^replay\.obs: expected dtype uint8, got float32"):
        buffer.add(**transitions(0))


def test_nothing_can_be_drawn_from_an_empty_buffer() -> None:
    message = r"^replay: expected at least 1 stored row, got 0.*\. Add transitions first\."
    with pytest.raises(EmptyBufferError, match=message):
        filled(0).sample(1)
    with pytest.raises(EmptyBufferError, match=message):
        filled(0).whole()


def test_an_empty_lane_may_stay_idle_but_gives_no_rows() -> None:
    buffer = ReplayBuffer(9, LINE, TWO, lanes=2)
    buffer.add(**in_lanes(transitions(0), transitions(1)), valid=[[True], [False]])
    assert buffer.sample([4, 0]).size.tolist() == [4, 0]
    with pytest.raises(EmptyBufferError, match="lane 1"):
        buffer.sample([4, 1])


@pytest.mark.parametrize("size", [0, -1, 1.5, "apple", None, True, [1, 2]])
def test_a_size_that_cannot_be_meant_is_refused(size: Any) -> None:
    with pytest.raises(ConfigError, match=r"^replay\.sample"):
        filled(3).sample(size)


@pytest.mark.parametrize("sizes", [[0, 0], [4, -1], [1, 2, 3]])
def test_sizes_of_lanes_that_cannot_be_meant_are_refused(sizes: list[int]) -> None:
    buffer = ReplayBuffer(9, LINE, TWO, lanes=2)
    buffer.add(**in_lanes(transitions(0), transitions(1)))
    with pytest.raises(ConfigError, match=r"^replay\.sample"):
        buffer.sample(sizes)


def test_a_counter_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^replay\.sample\.counter"):
        filled(3).sample(2, counter=[1, 2])


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"capacity": 0}, r"^replay\.capacity: expected at least 1 row, got 0\."),
        ({"lanes": 0}, r"^replay\.lanes: expected None or at least 1, got 0\."),
        ({"gamma": 1.1}, r"^replay\.gamma: expected a number in \[0, 1\], got 1\.1\."),
        ({"gamma": float("nan")}, r"^replay\.gamma: expected a number in \[0, 1\], got nan\."),
        ({"seed": [1, 2, 3]}, r"^replay\.seed: expected one integer .+ got \[1, 2, 3\]\."),
        ({"obs_space": spaces.Text(3)}, r"^replay\.obs_space: expected a Box, Discrete, MultiB"),
        ({"action_space": LINE}, r"^replay\.action_space: expected a Discrete space, got .+ DQN"),
    ],
)
def test_a_buffer_that_cannot_be_meant_is_refused(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ReplayBuffer(**{"capacity": 9, "obs_space": LINE, "action_space": TWO, **keywords})


@pytest.mark.parametrize(("name", "bad"), [("capacity", 0), ("gamma", -0.1), ("gamma", 1.01)])
def test_settings_that_cannot_be_meant_are_refused(name: str, bad: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^replay\.{name}: expected .+, got {bad}\."):
        Replay(**{name: bad})


def test_the_bytes_held_are_those_of_the_rows() -> None:
    small, large = (filled(0, capacity=capacity) for capacity in (100, 200))
    assert large.nbytes - small.nbytes == 100 * 32  # 8 + 4 · 4 bytes a row
    assert "0 of 100 rows" in repr(small)


def test_a_saved_buffer_goes_on_as_if_it_had_never_been_away(tmp_path: Path) -> None:
    buffer = filled(11, capacity=4, seed=3)
    buffer.sample(8)
    buffer.save(tmp_path / "buffer")
    loaded = ReplayBuffer.load(tmp_path / "buffer")
    for n in range(11, 17):
        assert same(loaded.whole(), buffer.whole())
        assert same(loaded.sample(32), buffer.sample(32))
        buffer.add(**transitions(n))
        loaded.add(**transitions(n))


def test_a_loaded_buffer_has_the_settings_of_the_saved_one(tmp_path: Path) -> None:
    obs_space = spaces.Box(np.array([-np.inf, 0]), np.array([1, np.inf]), dtype=np.float64)
    buffer = ReplayBuffer(5, obs_space, spaces.Discrete(3), lanes=2, seed=[4, 1], gamma=0.7)
    buffer.save(tmp_path / "buffer")
    loaded = ReplayBuffer.load(tmp_path / "buffer")
    assert (loaded.capacity, loaded.lanes, loaded.gamma) == (5, 2, 0.7)
    assert (loaded.obs_space, loaded.action_space) == (obs_space, spaces.Discrete(3))
    assert loaded.stored().tolist() == [0, 0]


def test_a_discrete_space_that_does_not_start_at_zero_comes_back(tmp_path: Path) -> None:
    space = spaces.Discrete(3, start=2)
    ReplayBuffer(5, space, TWO).save(tmp_path / "buffer")
    assert ReplayBuffer.load(tmp_path / "buffer").obs_space == space


def test_the_state_of_ragged_lanes_goes_out_and_in() -> None:
    buffer, other = (ReplayBuffer(4, LINE, TWO, lanes=2) for _ in range(2))
    for n in range(5):
        buffer.add(**in_lanes(transitions(n), transitions(n)), valid=[[True], [n < 2]])
    other.add(**in_lanes(*[transitions(*range(50, 57))] * 2))
    other.load_state_dict(buffer.state_dict())
    assert other.stored().tolist() == [4, 2]
    assert same(other.whole(), buffer.whole())
    assert same(other.sample(9), buffer.sample(9))


def test_a_state_does_not_change_with_the_buffer_it_was_taken_from() -> None:
    buffer, other = filled(4, capacity=4), filled(0, capacity=4)
    state = buffer.state_dict()
    buffer.add(**transitions(4, 5))
    other.load_state_dict(state)
    assert other.whole().row.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"rows": torch.zeros(1, 9, 3, dtype=torch.int64)},
        {"rows": torch.zeros(2, 3, 3, dtype=torch.int64)},
        {"rows": torch.zeros(1, 3, 5, dtype=torch.int64)},
        {"rows": torch.zeros(1, 2, 3, dtype=torch.int64)},
        {"fill": torch.tensor([2])},
        {"fill": torch.tensor([3, 3]), "head": torch.tensor([3, 3])},
        {"draws": torch.tensor([1, 2, 3])},
    ],
    ids=["capacity", "lanes", "width", "too few", "fill", "heads", "draws"],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(
    change: dict[str, torch.Tensor],
) -> None:
    buffer = filled(5)
    before = buffer.whole()
    with pytest.raises(DataError, match=r"^replay\."):
        buffer.load_state_dict({**filled(3).state_dict(), **change})
    assert same(buffer.whole(), before)


def test_a_file_that_is_no_whole_buffer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "buffer"
    filled(5).save(path)
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:40], b"", whole[:-9] + b"\xff" + whole[-8:]):
        path.write_bytes(broken)
        with pytest.raises(FileError, match="buffer: expected"):
            ReplayBuffer.load(path)


def test_another_tensor_file_or_none_is_refused(tmp_path: Path) -> None:
    save_tensors(tmp_path / "other", {"x": torch.ones(1)}, {"lr": 1})
    with pytest.raises(FileError, match="expected a replay buffer, got another tensor file"):
        ReplayBuffer.load(tmp_path / "other")
    with pytest.raises(FileError, match="nothing there"):
        ReplayBuffer.load(tmp_path / "absent")


def test_the_newest_of_an_empty_buffer_and_of_no_rows_are_refused() -> None:
    with pytest.raises(EmptyBufferError, match="expected at least 1 stored row, got 0"):
        filled(0).newest(3)
    with pytest.raises(ConfigError, match=r"^replay\.newest: expected at least 1 row, got 0"):
        filled(5).newest(0)


def test_the_newest_rows_of_a_buffer_without_lanes_come_oldest_first() -> None:
    batch = filled(11, capacity=8).newest(3)
    assert (batch.row.tolist(), batch.size.item()) == ([8, 9, 10], 3)
    assert batch.obs[:, 0].tolist() == [8.0, 9.0, 10.0]
    assert filled(11, capacity=8).newest(99).row.tolist() == list(range(3, 11))
