"""Seeds of single environments: each lane owns its own, whatever its neighbours do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rlbatch.seeding import Purpose, bits


def env_seeds(seeds: Sequence[int], per_lane: int) -> npt.NDArray[np.int64]:
    """One seed an environment, `[L, E]`; the first E of a lane do not depend on how many follow."""
    return bits(seeds, Purpose.RESET, 0, per_lane).view(np.int64)
