"""Several arrays in one transfer: they arrive as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rlbatch.replay.storage.parcel import Parcel, send

CPU = torch.device("cpu")


def test_arrays_arrive_with_their_shapes_dtypes_and_numbers() -> None:
    thirds = np.array([0.5, 1.5, 2.5], np.float32)
    sent: list[Any] = [np.arange(6).reshape(2, 3), thirds, np.array([[True], [False]])]
    for tensor, array in zip(send(CPU, *sent), sent, strict=True):
        assert tensor.numpy().dtype == array.dtype
        assert tensor.tolist() == array.tolist()


def test_what_was_sent_is_a_copy() -> None:
    array = np.zeros(2)
    (there,) = send(CPU, array)
    array[:] = 1.0
    assert there.tolist() == [0.0, 0.0]


def test_a_part_of_odd_bytes_does_not_shift_the_next() -> None:
    parcel = Parcel(CPU, ((3,), np.float32), ((0, 4), np.int64), ((1,), np.float64))
    thirds, none, one = parcel.arrays
    thirds[:], one[:] = 1.0 / 3.0, 0.1
    there = parcel.send()
    assert there[0].tolist() == thirds.tolist()
    assert there[1].shape == none.shape
    assert there[2].tolist() == [0.1]


def test_the_first_array_begins_its_storage() -> None:
    assert send(CPU, np.ones(3), np.ones(2))[0].storage_offset() == 0
