"""Is what a controller needs ever measured in this run? If not, its B would hold for ever."""

from __future__ import annotations

from rlbatch.contract import Controller
from rlbatch.errors import require
from rlbatch.learner import HardTarget
from rlbatch.learner.noise import NoiseMeter
from rlbatch.replay.accounts import Accounts
from rlbatch.train.settings import TrainSettings
from rlbatch.train.signals import ACCOUNTS, NOISE


def require_measurable(
    settings: TrainSettings, noise: NoiseMeter | None, accounts: Accounts | None
) -> None:
    """Refuses a controller that would wait for ever, as what it needs is never measured.

    Args:
        settings: of the run, with a controller.
        noise: the learner's meter.
        accounts: of the buffer's draws; None where they are not counted.

    Raises:
        ConfigError: it names what stands in the way.
    """
    plan = settings.batch
    assert isinstance(plan.schedule, Controller)
    for name in set(plan.schedule.signals) & set(ACCOUNTS):
        got = "one whose draws are not counted (rows on a device, or whole-buffer batches)"
        require(accounts is not None, "batch.schedule", f"a run with {name}", got)
    if noise is not None and set(plan.schedule.signals) & set(NOISE):
        where, wanted = "batch.schedule.low", f"at least {noise.least} rows, to measure the noise"
        require(plan.schedule.low >= noise.least, where, wanted, plan.schedule.low)
        _require_time(settings, noise)


def _require_time(settings: TrainSettings, noise: NoiseMeter) -> None:
    """Between two hard copies the meter must come to two measurements."""
    target, learn = settings.learner.target, settings.learn
    if not isinstance(target, HardTarget) or noise.settings.at_sync == "average":
        return
    updates = target.period * learn.count / learn.every
    wanted = f"average, or at least {3 * noise.every} updates between copies of the target"
    got = f"restart with {updates:g}"
    require(updates >= 3 * noise.every, "learner.noise_scale.at_sync", wanted, got)
