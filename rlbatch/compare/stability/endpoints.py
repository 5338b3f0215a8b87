"""One number per curve: how well a run did, as a whole and at its end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import integrate

from rlbatch.compare.stability.curves import Floats, enough, finite
from rlbatch.errors import DataError, require


def final_return(scores: npt.ArrayLike, *, evaluations: int = 1) -> Floats:
    """Mean return of the last `evaluations` evaluations.

    Args:
        scores: `[..., T]` return at each evaluation.

    Returns:
        `[...]` return.

    Raises:
        DataError: nan, or a curve shorter than `evaluations`.
    """
    require(evaluations >= 1, "final_return.evaluations", "at least 1", evaluations)
    values = finite(scores, "final_return")
    enough(values.shape[-1] if values.ndim else 0, "final_return", "evaluations", evaluations)
    return np.asarray(values[..., -evaluations:].mean(axis=-1))


def auc(scores: npt.ArrayLike, x: npt.ArrayLike) -> Floats:
    """Area under the evaluation curve per length of the axis:  ∫ y dx / (x_T − x_1), by trapezoids.

    A flat curve has its own height, along whatever axis.

    Args:
        scores: `[..., T]` return at each evaluation.
        x: `[T]`, or `[..., T]` where runs differ, of env steps, updates, samples or seconds; it
            may stand still, not go back.

    Returns:
        `[...]` return.

    Raises:
        DataError: nan, fewer than two evaluations, or an axis that goes back or nowhere.
    """
    values, axis = along(scores, x, "auc")
    enough(values.shape[-1], "auc", "evaluations")
    length = axis[..., -1] - axis[..., 0]
    if not np.all(length > 0):
        raise DataError("auc", "an axis that gets longer", f"x from {axis.min():g} on, standing")
    return np.asarray(integrate.trapezoid(values, axis, axis=-1) / length)


def worst_seed(values: npt.ArrayLike) -> Floats:
    """Least of the seeds' values.

    Args:
        values: `[..., seeds]`, such as the final return of each.

    Returns:
        `[...]`, in the unit of the values.

    Raises:
        DataError: nan, or no seed.
    """
    array = np.atleast_1d(finite(values, "worst_seed", ("seed",)))
    if not array.size:
        raise DataError("worst_seed", "at least 1 seed", 0)
    return np.asarray(array.min(axis=-1))


def along(scores: npt.ArrayLike, x: npt.ArrayLike, where: str) -> tuple[Floats, Floats]:
    """The scores `[..., T]` and the axis `[T]` or `[..., T]`, refused where the axis goes back."""
    values, axis = finite(scores, where), finite(x, where)
    if values.ndim < 1 or axis.ndim < 1 or axis.shape not in (values.shape, values.shape[-1:]):
        expected = "x [T] or [..., T], one per score"
        raise DataError(where, expected, f"x {axis.shape} for scores {values.shape}")
    if (np.diff(axis, axis=-1) < 0).any():
        raise DataError(where, "x that never goes back", "one that does", "Sort the evaluations.")
    return values, axis
