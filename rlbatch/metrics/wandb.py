"""Weights & Biases as a sink, behind the extra `wandb`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from rlbatch.errors import PlugError
from rlbatch.metrics.aggregate import over_lanes, per_lane
from rlbatch.types import Record


def require_extra() -> Any:
    """The wandb module.

    Raises:
        PlugError: the extra is not installed.
    """
    try:
        import wandb
    except ImportError:
        advice = "pip install 'rlbatch[wandb]'"
        raise PlugError("wandb", "the extra to be installed", "none", advice) from None
    return wandb


class WandbSink:
    """One W&B run: `seed_<k>/...` for each seed, `all/...` over them; the x axis is `env_step`.

    Lanes that differ have their arm's name before that.

    Raises:
        PlugError: the extra is not installed.
    """

    def __init__(
        self,
        folder: Path,
        project: str,
        config: Mapping[str, Any],
        mode: Literal["online", "offline", "disabled"],
        seeds: Sequence[int],
        arms: Sequence[str] | None = None,
    ) -> None:
        self._run = require_extra().init(
            project=project, name=folder.name, dir=str(folder), config=dict(config), mode=mode
        )
        self._run.define_metric("*", step_metric="env_step")
        self._arms = [f"{arm}/" if arm else "" for arm in arms or [""] * len(seeds)]
        self._seeds = list(seeds)

    def write(self, records: Sequence[Record]) -> None:
        scalars = per_lane(records)
        if not scalars:
            return
        told: dict[str, float] = {"env_step": max(scalar.env_step for scalar in scalars)}
        for lane, _, name, value in scalars:
            told[f"{self._arms[lane]}seed_{self._seeds[lane]}/{name}"] = value
        for arm in dict.fromkeys(self._arms):
            own = [scalar for scalar in scalars if self._arms[scalar.lane] == arm]
            for name, (middle, low, high) in over_lanes(own):
                bounds = {"": middle, "/low": low, "/high": high}
                told |= {
                    f"{arm}all/{name}{k}": float(v) for k, v in bounds.items() if v is not None
                }
        self._run.log(told)

    def close(self) -> None:
        self._run.finish()
