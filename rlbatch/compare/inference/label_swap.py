"""A test for what only a group of runs has: dispersion and risk across runs, collapse rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.compare.inference.permutation import swap_p
from rlbatch.compare.inference.resampling import Floats
from rlbatch.errors import DataError, require

Runs = npt.NDArray[np.intp]


def label_swap(
    statistic: Callable[[Floats], Any], treatment: Floats, control: Floats, rng: np.random.Generator
) -> float:
    """Two-sided p of a difference between groups: arm labels are swapped within each seed.

    Where the arms do not differ, the two curves of a seed could have come in either order. Each
    swap makes two new groups and the statistic is computed anew.

    Args:
        statistic: curves `[..., seeds, T]` -> `[...]`.
        treatment: `[seeds, T]`.
        control: `[seeds, T]`, the same seeds in the same order.
        rng: where the swaps come from above 14 seeds.

    Returns:
        Above 0, at most 1; see `swap_p`.

    Raises:
        DataError: arms of different shape, or a statistic without a finite value.
    """
    if treatment.shape != control.shape or treatment.ndim != 2:
        shape = f"the treatment's shape [seeds, T] {treatment.shape}"
        raise DataError("control", shape, control.shape)
    curves = np.concatenate([treatment, control])
    return label_swap_of_indices(lambda runs: statistic(curves[runs]), len(treatment), rng)


def label_swap_of_indices(
    statistic: Callable[[Runs], Any], num_seeds: int, rng: np.random.Generator
) -> float:
    """`label_swap` of a statistic that closes over its runs, as where there are several
    environments: a seed is then swapped in all of them at once.

    Args:
        statistic: `[..., seeds]` positions of runs -> `[...]`. Position i < `num_seeds` is seed
            i of the treatment, `num_seeds` + i the same seed of the control.
        num_seeds: paired seeds.
        rng: where the swaps come from above 14 seeds.

    Returns:
        Above 0, at most 1; see `swap_p`.

    Raises:
        DataError: a group for which the statistic has no finite value.
    """
    require(num_seeds >= 1, "num_seeds", "at least 1 paired seed", num_seeds)
    arms = np.arange(2 * num_seeds, dtype=np.intp).reshape(2, num_seeds)
    found = [float(statistic(arm)) for arm in arms]
    if not np.isfinite(found).all():
        raise DataError("statistic", "a finite number for each arm", found)

    def difference(treatment: Runs, control: Runs, axis: int) -> Floats:
        with np.errstate(invalid="ignore"):  # ∞ − ∞ has no value and counts as far
            return np.asarray(statistic(treatment) - statistic(control), np.float64)

    return swap_p(list(arms), difference, rng)
