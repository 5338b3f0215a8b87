"""Which signals a run produces, so that a controller without one is refused before it starts."""

from __future__ import annotations

from rlbatch.contract import Controller
from rlbatch.errors import ConfigError, nearest
from rlbatch.schedule import BatchPlan

UPDATES = ("loss", "td_error", "grad_norm", "td_square", "divergence", "lr")  # since the last
EPISODES = ("return", "length")  # decision
NOISE = (
    "noise_scale",
    "noise_low",
    "noise_high",
    "grad_trace",
    "grad_square",
    "noise_effective",
)
ACCOUNTS = (
    "turnover",
    "draws_per_row",
    "never_drawn",
    "sample_age",
    "unique_share",
    "episodes",
    "same_episode_share",
)
LOGGED = (*ACCOUNTS, "churn", "td_recent_gap")  # as of the last log point
HELD_OUT = ("val_td",)  # likewise


def require_signals(plan: BatchPlan, *, noise: bool, held_out: bool) -> None:
    """Refuses a controller that needs what the run does not measure.

    Args:
        plan: what decides B.
        noise: is the noise scale measured?
        held_out: are episodes held out?

    Raises:
        ConfigError: it names the signal.
    """
    controller = plan.schedule
    if not isinstance(controller, Controller):
        return
    there = {*UPDATES, *EPISODES, *LOGGED, *NOISE * noise, *HELD_OUT * held_out}
    for name in controller.signals:
        if name not in there:
            got = f"one that does not produce it ({type(controller).__name__} needs it)"
            raise ConfigError("batch.schedule", f"a run with {name}", got, _advice(name, there))


def _advice(name: str, there: set[str]) -> str:
    if name in NOISE:
        return "Set learner.noise_scale: {}."
    if name in HELD_OUT:
        return "Set replay.validation: 10, which holds every tenth episode out."
    return nearest(name, there)
