"""What a caller tells of rows: their numbers and TD errors, or one clear error."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.errors import DataError

Told = Tensor | npt.ArrayLike
WHOLE = (torch.int64, torch.int32)


def told_of(row: Told, td_error: Told, lanes: int | None) -> tuple[Tensor, Tensor]:
    """Rows and TD errors of one shape, `[B]`, or `[L, B]` with lanes; arrays become tensors.

    Raises:
        DataError: other shapes, or row numbers that are no integers.
    """
    numbers = row if isinstance(row, Tensor) else _tensor("row", row)
    errors = td_error if isinstance(td_error, Tensor) else _tensor("td_error", td_error)
    if numbers.dtype not in WHOLE:
        told = "replay.row", "integers, as in `batch.row`", numbers.dtype
        raise DataError(*told, "It comes first, the TD error second.")
    fits = numbers.ndim == 1 if lanes is None else numbers.ndim == 2 and len(numbers) == lanes
    if not fits:
        wanted = "[B]" if lanes is None else f"[{lanes}, B]"
        raise DataError("replay.row", f"shape {wanted}", tuple(numbers.shape))
    if errors.shape != numbers.shape:
        wanted = f"shape {tuple(numbers.shape)}, as `row`"
        raise DataError("replay.td_error", wanted, tuple(errors.shape))
    return numbers, errors.float() if errors.dtype == torch.bfloat16 else errors


def array_of(tensor: Tensor, lanes: int) -> npt.NDArray[Any]:
    """`[L, B]` on the host."""
    plain = tensor.is_cpu and not tensor.requires_grad
    array: npt.NDArray[Any] = tensor.numpy() if plain else tensor.numpy(force=True)
    return array.reshape(lanes, -1)


def _tensor(name: str, value: object) -> Tensor:
    try:
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        raise DataError(f"replay.{name}", "a tensor or an array", type(value).__name__) from None
