"""Bytes at an address: compared, copied and cleared wherever they begin and however many."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.replay.frames.addresses import clear, copy, equal

LONG = 3 * 64 * 8 + 13  # bytes: whole runs of words, then words, then bytes


@numba.njit
def copied(to: Any, source: Any, nbytes: Any) -> None:
    copy(np.int64(to.ctypes.data), np.int64(source.ctypes.data), nbytes)


@numba.njit
def cleared(to: Any, nbytes: Any) -> None:
    clear(np.int64(to.ctypes.data), nbytes)


def octets(num: int) -> Any:
    return np.random.default_rng(0).integers(1, 256, num).astype(np.uint8)


@given(st.integers(1, LONG), st.integers(0, 7), st.data())
def test_bytes_are_equal_unless_one_of_them_differs(
    num: int, start: int, data: st.DataObject
) -> None:
    one = octets(LONG + 8)[start:]
    other = one.copy()
    other[num:] = 0  # what lies behind does not count
    assert equal(one.ctypes.data, other.ctypes.data, num)
    other[data.draw(st.integers(0, num - 1))] ^= 1
    assert not equal(one.ctypes.data, other.ctypes.data, num)


@given(st.integers(0, 40), st.integers(0, 7))
def test_just_so_many_bytes_are_copied(num: int, start: int) -> None:
    source, to = octets(64)[start:], np.zeros(64, np.uint8)
    copied(to, source, num)
    assert to.tolist() == source[:num].tolist() + [0] * (64 - num)


@given(st.integers(0, 40), st.integers(0, 7))
def test_just_so_many_bytes_are_cleared(num: int, start: int) -> None:
    to = octets(64)
    cleared(to[start:], num)
    assert (to == 0).nonzero()[0].tolist() == list(range(start, start + num))
