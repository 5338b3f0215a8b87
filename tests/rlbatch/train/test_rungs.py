"""Once every rung has been seen, nothing is compiled or recorded anew when B moves."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from numba.core.registry import CPUDispatcher

from rlbatch.schedule import BatchPlan, Cyclic
from rlbatch.train import Trainer


def compiled() -> int:
    """Kernels that numba has made for a kind of arguments."""
    return sum(len(o.signatures) for o in gc.get_objects() if type(o) is CPUDispatcher)


def test_a_second_way_over_the_rungs_makes_nothing_new(
    make_trainer: Callable[..., Trainer],
) -> None:
    plan = BatchPlan(schedule=Cyclic(low=4, high=32, period=40))
    trainer = make_trainer(batch=plan, env_steps=400, log_every=0.005)
    forward: Any = trainer.learner._forward
    kernels, replays = list[int](), list[int]()
    for moment in trainer.records():
        if moment[0].kind == "train" and trainer.learner.updates[0] >= 120:  # thrice up and down
            kernels += [] if kernels else [compiled()]
            replays.append(len(forward._values._replays))
    assert len(replays) > 10
    assert len(set(replays)) == 1
    assert kernels == [compiled()]  # they grow only: as many at the end, so as many all along
