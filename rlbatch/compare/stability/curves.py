"""Evaluation curves: what is refused, and what every stability metric is made from."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError, require

Floats = npt.NDArray[np.float64]
Compat = Literal["google"] | None  # "google": the published code, defects and all


def finite(
    values: npt.ArrayLike, where: str, axes: tuple[str, ...] = ("seed", "evaluation")
) -> Floats:
    """The values as float64; refuses nan and inf, told by the names of the last axes."""
    array = np.asarray(values, dtype=np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        named = zip(reversed(axes), reversed(index), strict=False)
        place = ", ".join(reversed([f"{axis} {i}" for axis, i in named]))
        advice = "Cut every curve before it diverges, or leave that seed out."
        raise DataError(where, "finite numbers", f"{array[index]} at {place}", advice)
    return array


def enough(size: int, where: str, of: str, least: int = 2) -> None:
    """Refuses fewer than `least` of something."""
    if size < least:
        raise DataError(where, f"at least {least} {of}", size, f"Give more {of}.")


def curves(scores: npt.ArrayLike, steps: npt.ArrayLike, where: str) -> tuple[Floats, Floats]:
    """The scores `[..., T]` and steps `[T]` as float64, or a DataError that says what is wrong."""
    dates = finite(steps, where, ("step",))
    if dates.ndim != 1 or not (np.diff(dates) > 0).all():
        raise DataError(where, "strictly increasing steps [T]", f"steps {np.shape(steps)}")
    array = finite(scores, where)
    if array.ndim < 1 or array.shape[-1] != dates.size:
        expected = f"scores [..., {dates.size}], one per step"
        raise DataError(where, expected, f"shape {array.shape}")
    enough(dates.size, where, "evaluations")
    return array, dates


def differences(scores: Floats, steps: Floats) -> Floats:
    """Slope between neighbouring evaluations, dated at the later one.

        d_i = (y_i − y_{i−1}) / (t_i − t_{i−1})

    Args:
        scores: `[..., T]` return.
        steps: `[T]` env steps.

    Returns:
        `[..., T − 1]` return per env step.
    """
    return np.diff(scores, axis=-1) / np.diff(steps)


def drawdown(scores: Floats) -> Floats:
    """How far each evaluation lies below the best so far:  max_{s≤t} y_s − y_t  ≥ 0.

    Args:
        scores: `[..., T]` return.

    Returns:
        `[..., T]` return.
    """
    return np.maximum.accumulate(scores, axis=-1) - scores


def curve_range(scores: npt.ArrayLike) -> Floats:
    """The published normaliser of a curve:  P95(y) − y₀.

    Chan et al. 2020, "Measuring the Reliability of Reinforcement Learning Algorithms"
    (https://arxiv.org/abs/1912.05663). It is 0 on a flat curve and negative on one that only
    falls, so it is offered, and used by compat="google" alone.

    Args:
        scores: `[..., T]` return.

    Returns:
        `[...]` return.
    """
    array = finite(scores, "curve_range")
    return np.asarray(np.percentile(array, 95, axis=-1) - array[..., 0])


def divisor(scores: Floats, scale: float | None, compat: Compat, where: str) -> Floats:
    """What a metric is divided by: the caller's `scale`, `[]`, or each curve's range, `[...]`.

    A range of 0 becomes nan: there the published code divides by it.
    """
    if compat == "google":
        advice = "The published code has a normaliser of its own: leave out one of the two."
        require(scale is None, f"{where}.scale", "none with compat='google'", scale, advice)
        found = curve_range(scores)
        return np.where(found == 0.0, np.nan, found)
    advice = "Give one constant per environment, such as the width of its score range."
    positive = scale is not None and bool(np.isfinite(scale)) and scale > 0
    require(positive, f"{where}.scale", "a return above 0", scale, advice)
    return np.asarray(scale, dtype=np.float64)
