"""The tuning step: which arm of a sweep learned most, on seeds that are never reported."""

from __future__ import annotations

import numpy as np

from rlbatch.compare.runs.run import Run
from rlbatch.compare.stability import auc


def best_arm(run: Run) -> dict[str, float]:
    """The numbers of the arm with the highest mean area under the curve over its seeds.

    Args:
        run: of a sweep. Of equal arms the first counts.
    """
    means = [float(np.mean(_areas(own))) for own in run.by_arm()]
    return run.by_arm()[int(np.argmax(means))].arms[0]


def _areas(run: Run) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return auc(run.returns, run.axes["env_steps"][0])
