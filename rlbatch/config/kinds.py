"""What `batch.schedule.kind` may name: schedules that look at nothing, and controllers."""

from __future__ import annotations

from rlbatch.schedule import (
    AdaptiveScaling,
    Cyclic,
    Dispersion,
    Epsilon,
    ExcessLoss,
    Fixed,
    FollowNoise,
    FollowReturn,
    Geometric,
    Goodput,
    Linear,
    NormTest,
    Phased,
    PlateauDoubling,
    RandomSizes,
    Replayed,
    ReuseGuard,
)

OPEN = (Fixed, Linear, Geometric, Epsilon, Phased, Cyclic, RandomSizes, Replayed)
CLOSED = (
    AdaptiveScaling,
    FollowNoise,
    Dispersion,
    PlateauDoubling,
    FollowReturn,
    ReuseGuard,
    NormTest,
    ExcessLoss,
    Goodput,
)
