"""What an optimiser's memory becomes when the batch size jumps."""

from __future__ import annotations

from typing import get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.errors import require
from rlbatch.learner.optimizers import Optimizer
from rlbatch.types import Moments


def fit_memory(optimizer: Optimizer, ratio: npt.NDArray[np.float64], how: Moments) -> None:
    """Fits moments, gathered at the batch size before, to the one from now on.

        keep        as they are: they find their new level within their own memory
        rescale     v → v / ratio, m kept; nothing for SGD and LARS, which have none
        reset       m and v, or the velocity, and the bias correction's memory start at zero

    v estimates E[g²] = |G|² + Σ/B. Where the noise Σ/B dominates, `rescale` takes v where it would
    come to; without it steps are √ratio too short as B grows, too long as it falls, for about
    1/(1 − β₂) updates. Where the signal |G|² dominates, or the jump is small, `keep` is right, and
    `rescale` errs by √ratio the other way. `reset` is for a jump after which old gradients say
    nothing, as between phases: it loses the momentum, and Adam's next step is lr · sign(g).

    Args:
        optimizer: changed in place.
        ratio: `[L]` B now over B before; lanes with 1 stay unchanged to the bit.
        how: one for all lanes.

    Raises:
        ConfigError: another `how`; ratios that are not `[L]`, finite and above 0.
    """
    require(how in get_args(Moments), "learner.jump", "keep, rescale or reset", how)
    told = torch.from_numpy(np.array(ratio, np.float64))
    lanes = optimizer.lanes
    met = told.shape == (lanes,) and bool((told.isfinite() & (told > 0.0)).all())
    require(met, "learner.jump", f"[{lanes}] ratios > 0", ratio)
    if how == "rescale":
        optimizer.rescale(told)
    elif how == "reset":
        _reset(optimizer, told != 1.0)


def _reset(optimizer: Optimizer, lanes: Tensor) -> None:
    """Back to a state without memory in the `lanes`, `[L]` bool."""
    for value in optimizer.state.values():
        value.masked_fill_(lanes.to(value.device)[:, None], 0.0)
