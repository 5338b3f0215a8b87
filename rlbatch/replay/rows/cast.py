"""What a caller hands in as an array that fits a field, or one clear error."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rlbatch.errors import DataError
from rlbatch.replay.rows.layout import Field

as_dtype = functools.cache(np.dtype)  # a name is slow to look up


def as_field(value: object, field: Field, lead: tuple[int, ...]) -> npt.NDArray[Any]:
    """`value` as an array `[*lead, *field.shape]` of the dtype of `field`, or DataError."""
    wanted = (*lead, *field.shape)
    array = as_array(field.name, value, wanted)
    if array.shape != wanted:
        raise DataError(f"replay.{field.name}", f"shape {wanted}", array.shape)
    if array.dtype == as_dtype(field.dtype):
        return array
    if not np.can_cast(array.dtype, field.dtype, "same_kind"):
        raise DataError(f"replay.{field.name}", f"dtype {field.dtype}", array.dtype)
    narrower = array.dtype.kind in "iu" and not np.can_cast(array.dtype, field.dtype)
    if narrower and not np.array_equal(array, array.astype(field.dtype)):
        raise DataError(f"replay.{field.name}", f"numbers that fit {field.dtype}", array.dtype)
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused as such
        return array.astype(field.dtype)


def as_array(name: str, value: object, wanted: object) -> npt.NDArray[Any]:
    """Any tensor, array, number or nested list as an array, or DataError."""
    if isinstance(value, Tensor):
        return value.numpy(force=True)
    try:
        return np.asarray(value)
    except ValueError:
        raise DataError(f"replay.{name}", f"shape {wanted}", "a ragged list") from None
