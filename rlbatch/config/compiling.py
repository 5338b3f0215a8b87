"""What `compile: auto` becomes."""

from __future__ import annotations

import torch

from rlbatch.errors import require
from rlbatch.learner.compiler import lack, require_compiler
from rlbatch.train import TrainSettings
from rlbatch.train.worth import compiling_pays


def settled(told: str, train: TrainSettings, device: torch.device) -> tuple[bool, tuple[str, ...]]:
    """Whether to compile, and what a user should know of it.

    `auto` compiles for a CPU where the run is long enough to pay for it.

    Raises:
        ConfigError: `on` where nothing can be compiled, or no batch is as large as another.
    """
    if told == "on":
        advice = "Say compile: off."
        require(not train.batch.whole, "compile", "few batch sizes", "rows: buffer", advice)
        if device.type == "cpu":
            require_compiler()
    if told != "auto":
        return told == "on", ()
    if device.type != "cpu" or not compiling_pays(train):
        return False, ()
    return (False, (f"compile: off, as {lack()}",)) if lack() else (True, ())
