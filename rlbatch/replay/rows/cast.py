"""What a caller hands in as an array that fits a field, or one clear error."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.errors import DataError
from rlbatch.replay.rows.layout import Field

as_dtype = functools.cache(np.dtype)  # a name is slow to look up


def as_field(value: object, field: Field, lead: tuple[int, ...]) -> npt.NDArray[Any]:
    """`value` as an array `[*lead, *field.shape]` of the dtype of `field`.

    Integers may come in any other integer dtype, and in floats, where every number fits; bools as
    integers; floats in other floats, and what overflows is infinite then. Floats are no integers,
    and nothing but bools is bool.

    Raises:
        DataError: another shape, a dtype of another kind, or a number that does not fit.
    """
    wanted = (*lead, *field.shape)
    array = as_array(field.name, value, wanted)
    if array.shape != wanted:
        raise DataError(f"replay.{field.name}", f"shape {wanted}", array.shape)
    dtype = as_dtype(field.dtype)
    if array.dtype == dtype:
        return array
    whole = array.dtype.kind in "iu"
    if not (whole and dtype.kind in "iu") and not np.can_cast(array.dtype, dtype, "same_kind"):
        raise DataError(f"replay.{field.name}", f"dtype {field.dtype}", array.dtype)
    with np.errstate(over="ignore"):  # what overflows is infinite, and refused as such
        cast = array.astype(dtype)
    if whole and not np.can_cast(array.dtype, dtype):
        _refuse_changed(field, array, cast)
    return cast


def _refuse_changed(field: Field, array: npt.NDArray[Any], cast: npt.NDArray[Any]) -> None:
    """Raises on the first integer that is another number since it was cast."""
    changed = cast != array
    if changed.any():
        first = array.reshape(-1)[changed.argmax()]
        raise DataError(f"replay.{field.name}", f"numbers that fit {field.dtype}", first)


def as_array(name: str, value: object, wanted: object) -> npt.NDArray[Any]:
    """Any tensor, array, number or nested list as an array, or DataError.

    Of a tensor the values are taken, wherever it lies; what NumPy has no dtype for, bfloat16, comes
    as float32.
    """
    if isinstance(value, Tensor):
        known = value.float() if value.dtype == torch.bfloat16 else value
        return known.numpy(force=True)
    if isinstance(value, list | tuple) and value and isinstance(value[0], Tensor):
        value = [as_array(name, own, wanted) for own in value]
    try:
        return np.asarray(value)
    except ValueError:
        raise DataError(f"replay.{name}", f"shape {wanted}", "a ragged list") from None
