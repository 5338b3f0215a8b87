"""The low-pass filter that takes the wiggles off a curve before runs are compared."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import signal

from rlbatch.compare.stability.curves import Compat, Floats, curves
from rlbatch.errors import DataError

ORDER = 8
PERIODS = 3  # a curve must be longer; a start-up transient has died down 40-fold by then
JITTER = 0.05  # share by which distances between evaluations may differ from their mean
WHERE = "lowpass"


def lowpass(
    scores: npt.ArrayLike, steps: npt.ArrayLike, period: float, *, compat: Compat = None
) -> Floats:
    """The curve without what swings faster than `period`: Butterworth, order 8, zero phase.

        gain at frequency f  =  1 / (1 + (f · period)¹⁶)      (forwards, then backwards)

    In second-order sections: one polynomial of degree 8 loses all its digits at low cut-offs.
    After Chan et al. 2020 (https://arxiv.org/abs/1912.05663), who give the cut-off as the share
    2 · (distance of evaluations) / period of the Nyquist frequency, 0.01 in the paper.

    Args:
        scores: `[..., T]` return at each evaluation.
        steps: `[T]` env steps at equal distances.
        period: cut-off in env steps; a swing of this period comes out half as large.
        compat: "google": the published form, one polynomial (`ba`) and at most 27 points of pad.

    Returns:
        `[..., T]` return.

    Raises:
        DataError: a curve not over three periods long, a period within two evaluations, uneven
            steps, or nan.
    """
    scores, steps = curves(scores, steps, WHERE)
    distance = _distance(steps)
    if not (math.isfinite(period) and period > 2 * distance):
        advice = "Evaluate more often, or filter with a longer period."
        expected = f"a period of more than two evaluations ({2 * distance:g} env steps)"
        raise DataError(WHERE, expected, f"{period:g}", advice)
    if compat == "google":
        return _published(scores, 2 * distance / period)
    pad = math.ceil(round(PERIODS * period / distance, 6))
    if steps.size <= pad:
        expected = f"more than {pad} evaluations ({PERIODS} periods of {period:g} env steps)"
        advice = "Filter with a shorter period, or evaluate more often."
        raise DataError(WHERE, expected, steps.size, advice)
    sections = signal.butter(ORDER, 2 * distance / period, output="sos")
    return np.asarray(signal.sosfiltfilt(sections, scores, axis=-1, padlen=pad))


def _distance(steps: Floats) -> float:
    """Env steps between evaluations; refuses uneven ones."""
    gaps = np.diff(steps)
    mean = float(gaps.mean())
    worst = float(gaps[np.abs(gaps - mean).argmax()])
    if abs(worst - mean) > JITTER * mean:
        advice = "Leave out the odd evaluation."
        expected = f"evaluations at equal distances (about {mean:g} env steps)"
        raise DataError(WHERE, expected, f"one of {worst:g}", advice)
    return mean


def _published(scores: Floats, cutoff: float) -> Floats:
    """The filter of the published code; `cutoff` is a share of the Nyquist frequency."""
    b, a = signal.butter(ORDER, cutoff)
    pad = min(scores.shape[-1] - 1, 3 * max(len(a), len(b)))
    return np.asarray(signal.filtfilt(b, a, scores, axis=-1, padlen=pad))
