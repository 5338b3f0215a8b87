"""An episode in plain NumPy, laid out as in Gymnasium's and Minari's datasets."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Episode(NamedTuple):
    """One episode, or the part of it that a buffer holds, T steps long.

    With plain observations `np.savez(path, **episode._asdict())` keeps it, and
    `Episode(**np.load(path))` has it back; docs/replay.md has recipes for several, and nested ones.
    """

    lane: int
    obs: Any  # [T+1, *obs], the final one last; of a nested space a dict or tuple of arrays
    action: npt.NDArray[np.int64]  # [T]
    reward: npt.NDArray[np.float32]  # [T]
    terminated: bool  # at the last step
    truncated: bool  # at the last step; neither: it goes on, or its end is not known
