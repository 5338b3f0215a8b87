"""What a caller may get wrong beside the transitions themselves, and what is told then."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch.errors import ConfigError, DataError, EmptyBufferError
from rlbatch.replay import (
    Drawn,
    Forgetful,
    Laber,
    Prioritised,
    Recent,
    ReplayBuffer,
    Uniform,
)

OBS, ACTIONS = spaces.Box(-np.inf, np.inf, (3,), np.float32), spaces.Discrete(4)


def filled(num: int = 6, lanes: int | None = None, **more: Any) -> ReplayBuffer:
    """A buffer of 8 rows a lane to which `num` were given, in order."""
    buffer = ReplayBuffer(more.pop("capacity", 8), OBS, ACTIONS, lanes, **more)
    lead = () if lanes is None else (lanes,)
    for n in range(num):
        obs = np.full((*lead, 1, 3), n, np.float32)
        zeros = np.zeros((*lead, 1))
        buffer.add(obs, zeros.astype(np.int64), zeros + n, obs + 1, zeros > 0, zeros > 0)
    return buffer


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"capacity": 8.0}, r"^replay\.capacity: expected at least 1 row, got 8\.0\."),
        ({"capacity": "8"}, r"^replay\.capacity: expected at least 1 row, got 8\."),
        ({"n_step": 1.5}, r"^replay\.n_step: expected at least 1 step, got 1\.5\."),
        ({"validation": 2.5}, r"^replay\.validation: expected None or at least 2, got 2\.5\."),
        ({"lanes": True}, r"^replay\.lanes: expected None or at least 1, got True\."),
        ({"gamma": "0.9"}, r"^replay\.gamma: expected a number in \[0, 1\], got 0\.9\."),
        ({"seed": 1.9}, r"^replay\.seed: expected one integer .+ got 1\.9\."),
        ({"seed": "7"}, r"^replay\.seed: expected one integer .+ got 7\."),
        ({"seed": 2**63}, r"^replay\.seed: expected one integer .+ got 9223372036854775808\."),
        ({"sampler": "prioritised"}, r"^replay\.sampler: .+ Prioritised\(\), got 'prioritised'"),
        ({"sampler": Prioritised}, r"^replay\.sampler: .+ Prioritised\(\), got <class"),
        ({"device": "cuda:99"}, r"^replay\.device: expected a device .+ got cuda:99: no CUDA"),
    ],
)
def test_a_setting_of_another_kind_is_refused(told: dict[str, Any], message: str) -> None:
    if "device" in told and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    spaces_of: dict[str, Any] = {"capacity": 8, "obs_space": OBS, "action_space": ACTIONS}
    with pytest.raises(ConfigError, match=message):
        ReplayBuffer(**spaces_of | told)


def test_actions_that_do_not_start_at_0_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^replay\.action_space: expected actions that start at"):
        ReplayBuffer(8, OBS, spaces.Discrete(3, start=1))


def test_numpys_own_integers_are_integers(tmp_path: Any) -> None:
    told: Any = {"capacity": np.int64(8), "lanes": np.int64(2), "gamma": np.float32(0.5)}
    buffer = ReplayBuffer(obs_space=OBS, action_space=ACTIONS, **told)
    buffer.save(tmp_path / "buffer")
    assert ReplayBuffer.load(tmp_path / "buffer").gamma == 0.5


def test_a_half_life_without_end_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"half_life: expected at least 1 row, got inf"):
        Recent(half_life=float("inf"))  # type: ignore[arg-type]


def test_a_call_without_environments_is_refused() -> None:
    buffer, none = filled(), np.zeros(0)
    for valid in (None, none > 0):
        with pytest.raises(DataError, match=r"^replay\.reward: expected shape \[E\], got \(0,\)\."):
            buffer.add(np.zeros((0, 3), np.float32), none, none, none, none > 0, none > 0, valid)


@pytest.mark.parametrize(
    ("row", "td_error", "message"),
    [
        ([0, 1], [1.0], r"^replay\.td_error: expected shape \(2,\), as `row`, got \(1,\)\."),
        ([[0], [1]], [[1.0], [1.0]], r"^replay\.row: expected shape \[B\], got \(2, 1\)\."),
        ([0.5, 1.0], [1.0, 1.0], r"^replay\.row: expected integers, .+ got torch\.float32\. It"),
        ("rows", [1.0], r"^replay\.row: expected a tensor or an array, got str\."),
        ([6], [1.0], r"^replay"),
    ],
)
def test_priorities_that_fit_no_rows_are_refused_and_change_nothing(
    row: Any, td_error: Any, message: str
) -> None:
    buffer = filled(sampler=Prioritised())
    before = buffer.state_dict()
    with pytest.raises(DataError, match=message):
        buffer.update_priorities(row, td_error)
    assert all(torch.equal(own, before[name]) for name, own in buffer.state_dict().items())


def test_with_lanes_rows_without_a_lane_axis_are_refused() -> None:
    buffer = filled(lanes=2, sampler=Prioritised())
    with pytest.raises(DataError, match=r"^replay\.row: expected shape \[2, B\], got \(4,\)\."):
        buffer.update_priorities(torch.arange(4), torch.ones(4))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_td_errors_come_in_any_float_as_tensors_or_arrays(dtype: torch.dtype) -> None:
    one, other = (filled(sampler=Prioritised()) for _ in range(2))
    rows, errors = torch.tensor([0, 3]), torch.tensor([2.0, 0.5], dtype=dtype)
    one.update_priorities(rows, errors.requires_grad_())
    other.update_priorities(rows.numpy(), errors.detach().float().numpy())
    pair = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pair)


@pytest.mark.parametrize("told", [torch.tensor(1.0), torch.ones(3, 2), torch.ones(7)])
def test_a_surrogate_of_another_shape_is_refused(told: torch.Tensor) -> None:
    buffer = filled(lanes=2, sampler=Laber(ratio=1))
    buffer.surrogate(lambda batch: told)
    with pytest.raises(DataError, match=r"^replay\.td_error: expected shape \(2, 3\), as `row`"):
        buffer.sample(3)


class Own(Forgetful):
    """A sampler of one's own that gives what it was given."""

    kind = "own"

    def __init__(self, drawn: Any) -> None:
        self.drawn = drawn

    def start(self, lanes: int, capacity: int) -> Any:
        return self

    def draw(self, ring: Any, seeds: Any, counters: Any, sizes: Any) -> Any:
        return Drawn(*self.drawn)


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        (([[20, 2]],), r"\(lane 0, place 0\): expected a row that is held, got 20\."),
        (([[9, 2]],), r"\(lane 0, place 0\): expected a row that is held, got 9\."),
        (([[12, 3]],), r"\(lane 0, place 1\): expected a row that is held, got 3\."),
        (([[12, 13, 14]],), r": expected int64 numbers \[1, 2\], got .+\(1, 3\)"),
        (([[12, 13]], [[1.0]]), r": expected float32 weights \[1, 2\], got"),
    ],
)
def test_a_sampler_of_ones_own_can_only_give_rows_that_are_held(drawn: Any, message: str) -> None:
    arrays = [
        np.array(own, dtype) for own, dtype in zip(drawn, (np.int64, np.float32), strict=False)
    ]
    buffer = filled(18, sampler=Own(arrays))
    with pytest.raises(DataError, match=r"^replay\.sampler.?" + message):
        buffer.sample(2)


def test_a_sampler_of_ones_own_that_wants_to_be_told_is_told() -> None:
    calls = []

    class Told(Own):
        def added(self, ring: Any, before: Any) -> None:
            calls.append(int(before[0]))

    filled(3, sampler=Told(()))
    assert calls == [0, 1, 2]


def test_nothing_held_out_yet_is_told_as_that() -> None:
    with pytest.raises(EmptyBufferError, match=r"^replay\.held_out: expected at least 1 row held"):
        filled(validation=2).held_out(4, 0)


@pytest.mark.parametrize(
    "other",
    [{"capacity": 9}, {"gamma": 0.5}, {"n_step": 2}, {"seed": 1}, {"sampler": Uniform()}],
)
def test_a_state_of_other_settings_is_refused_by_name(other: dict[str, Any]) -> None:
    state, (name,) = filled(sampler=Prioritised()).state_dict(), other
    buffer = filled(0, **{"sampler": Prioritised()} | other)
    with pytest.raises(DataError, match=rf"^replay\.{name}s?: expected"):
        buffer.load_state_dict(state)
    assert len(buffer) == 0


def test_counts_below_0_are_refused() -> None:
    buffer = filled(lanes=2)
    state = buffer.state_dict()
    state["head"][1] = state["fill"][1] = -3
    with pytest.raises(DataError, match=r"^replay\.head: expected \[2\] counts"):
        buffer.load_state_dict(state)


@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda b: pickle.loads(pickle.dumps(b))]
)
@pytest.mark.parametrize("sampler", [Uniform(), Prioritised()])
def test_a_copy_goes_on_alone_as_its_original_would(clone: Any, sampler: Any) -> None:
    buffer, twin = (filled(sampler=sampler) for _ in range(2))
    buffer.sample(3, 7, reuse=True)
    buffer.update_priorities([2], [50.0])
    twin.update_priorities([2], [50.0])
    other = clone(buffer)
    for own in (other, twin):
        own.update_priorities([4], [1e6])
        own.add(
            np.ones((1, 3), np.float32), [1], [9.0], np.ones((1, 3), np.float32), [True], [False]
        )
    pairs = zip(other.sample(64), twin.sample(64), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert len(buffer) == 6


def test_rows_in_a_folder_are_not_copied(tmp_path: Any) -> None:
    with pytest.raises(ConfigError, match=r"^replay\.path: expected rows in memory, to be copied"):
        copy.deepcopy(filled(path=tmp_path / "folder"))
