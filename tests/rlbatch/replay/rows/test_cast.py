"""What fits a field comes as it is meant, and what does not is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import DataError
from rlbatch.replay import ReplayBuffer
from rlbatch.replay.rows.cast import as_array, as_field
from rlbatch.replay.rows.layout import Field

INTEGERS = "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"


def cast(value: Any, dtype: str, *shape: int) -> np.ndarray[Any, Any]:
    return as_field(value, Field("obs", dtype, shape, 0), ())


def test_a_list_of_integers_is_taken_as_bytes() -> None:
    array = cast([[0, 255]], "uint8", 1, 2)
    assert array.dtype == np.uint8
    assert array.tolist() == [[0, 255]]


@given(st.sampled_from(INTEGERS), st.sampled_from(INTEGERS), st.data())
def test_integers_come_unchanged_or_not_at_all(
    source: str, dtype: str, data: st.DataObject
) -> None:
    own, wanted = np.iinfo(source), np.iinfo(dtype)
    number = data.draw(st.integers(own.min, own.max) | st.sampled_from([own.min, own.max]))
    array = np.array([0, number], source)
    if wanted.min <= number <= wanted.max:
        assert cast(array, dtype, 2).tolist() == [0, number]
    else:
        told = rf"^replay\.obs: expected numbers that fit {dtype}, got {number}\."
        with pytest.raises(DataError, match=told):
            cast(array, dtype, 2)


def test_the_first_integer_that_does_not_fit_is_named() -> None:
    with pytest.raises(DataError, match=r"expected numbers that fit uint8, got 256\."):
        cast([[0, 1], [256, -1]], "uint8", 2, 2)
    with pytest.raises(DataError, match=r"expected numbers that fit uint8, got -1\."):
        cast(-1, "uint8")


def test_integers_are_floats_where_floats_have_them() -> None:
    assert cast([1, 2**24], "float32", 2).tolist() == [1.0, 2.0**24]
    for number, dtype in [(2**24 + 1, "float32"), (70_000, "float16")]:
        with pytest.raises(DataError, match=rf"numbers that fit {dtype}, got {number}\."):
            cast([1, number], dtype, 2)


def test_bools_are_integers_and_nothing_else_is_bool() -> None:
    assert cast([True, False], "uint8", 2).tolist() == [1, 0]
    for value in ([1, 0], [1.0, 0.0]):
        with pytest.raises(DataError, match=r"^replay\.obs: expected dtype bool, got "):
            cast(value, "bool", 2)


@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_floats_are_no_integers(dtype: str) -> None:
    with pytest.raises(DataError, match=rf"^replay\.obs: expected dtype {dtype}, got float64\."):
        cast([0.0, 1.0], dtype, 2)


def test_a_float_that_overflows_is_infinite() -> None:
    assert cast([1.5, -1e39], "float32", 2).tolist() == [1.5, -np.inf]


def test_of_a_tensor_with_a_gradient_the_values_are_taken() -> None:
    weights = torch.tensor([1.5, 2.5], requires_grad=True)
    assert cast(weights * 2, "float32", 2).tolist() == [3.0, 5.0]
    assert cast([*weights], "float32", 2).tolist() == [1.5, 2.5]
    assert weights.requires_grad


def test_bfloat16_comes_as_float32() -> None:
    half = torch.tensor([1.5, 2.0**100], dtype=torch.bfloat16)
    for value in (half, [*half], half.requires_grad_()):
        array = as_array("obs", value, "")
        assert array.dtype == np.float32
        assert array.tolist() == [1.5, 2.0**100]
    with pytest.raises(DataError, match=r"expected dtype uint8, got float32"):
        cast(half, "uint8", 2)


def test_ragged_tensors_in_a_list_are_refused() -> None:
    with pytest.raises(DataError, match=r"expected shape \(2, 2\), got a ragged list"):
        cast([torch.zeros(2), torch.zeros(1)], "float32", 2, 2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_buffer_takes_what_a_network_gives(dtype: torch.dtype) -> None:
    buffer = ReplayBuffer(9, spaces.Box(-9, 9, (1,), np.float32), spaces.Discrete(2))
    obs = torch.tensor([[0.5], [1.5]], dtype=dtype, requires_grad=True)
    off = torch.tensor([False, False])
    buffer.add(obs, torch.tensor([0, 1]), obs[:, 0], obs + 1, off, off)
    assert buffer.whole().next_obs.tolist() == [[1.5], [2.5]]
    assert buffer.whole().reward.tolist() == [0.5, 1.5]


def test_a_buffer_of_bytes_takes_lists() -> None:
    buffer = ReplayBuffer(9, spaces.Box(0, 255, (2,), np.uint8), spaces.Discrete(2))
    buffer.add([[0, 1]], [1], [0.5], [[254, 255]], [False], [False])
    assert buffer.whole().next_obs.tolist() == [[254, 255]]
    with pytest.raises(DataError, match=r"^replay\.next_obs: expected numbers that fit uint8, got"):
        buffer.add([[0, 1]], [1], [0.5], [[255, 256]], [False], [False])
    assert len(buffer) == 1
