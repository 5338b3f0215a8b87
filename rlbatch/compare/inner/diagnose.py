"""All inner signs of a finished run, in its diagnostics.json."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rlbatch.compare.built import Built
from rlbatch.compare.inner import signs, units
from rlbatch.compare.inner.lane import Restored, lane_network, restore
from rlbatch.compare.inner.overestimation import overestimation
from rlbatch.compare.inner.probe import ProbeSet, as_batch, digest
from rlbatch.compare.inner.robustness import robustness
from rlbatch.compare.inner.sharpness import sharpness
from rlbatch.contract import Agent, MakeEnv
from rlbatch.errors import require
from rlbatch.train.evaluate import EVALUATION_SEED
from rlbatch.train.folder import write_json
from rlbatch.types import Batch

CHECKPOINT, FILE = "final", "diagnostics.json"
SIGNS = {  # is it experimental?
    "q_max": False,
    "soft_divergence": False,
    "overestimation": False,
    "dormant_ratio": False,
    "td_error": False,
    "srank": True,
    "sharpness": True,
}
Numbers = dict[str, float | None]


def diagnose(
    run: Path, built: Built, probe: ProbeSet, variants: Mapping[str, MakeEnv], episodes: int
) -> dict[str, Any]:
    """Signs and robustness of a finished run's final parameters, lane by lane.

    Args:
        run: the run folder.
        built: what its config says.
        probe: the set common to all regimes.
        variants: perturbed environments by name.
        episodes: a lane, for overestimation and for each variant.

    Returns:
        Plain JSON: the probe set's digest, and per_seed lists with one number a lane, None where it
        does not exist: in every sign of a lane whose parameters are not finite, in those that a
        network lacks the layers for, and where a sign itself overflows.

    Raises:
        ConfigError: no episodes.
        FileError: no final checkpoint, or one that does not fit.
    """
    require(episodes >= 1, "diagnose.episodes", "at least 1", episodes)
    restored = restore(built, run, CHECKPOINT)
    found = _signs(restored, built, probe, episodes)
    returns = robustness(restored.learner, built, variants, episodes)
    return {
        "probe": digest(probe),
        "checkpoint": CHECKPOINT,
        "signs": {
            name: {"per_seed": [lane[name] for lane in found], "experimental": experimental}
            for name, experimental in SIGNS.items()
        },
        "robustness": {
            name: {"per_seed": _where(restored.finite, own)} for name, own in returns.items()
        },
    }


def write_diagnostics(run: Path, diagnostics: Mapping[str, Any]) -> Path:
    """Writes what `diagnose` found into the run folder, whole or not at all."""
    write_json(run / FILE, diagnostics)
    return run / FILE


def lane_signs(agent: Agent, network: nn.Module, batch: Batch, gamma: float) -> Numbers:
    """The signs that one lane's network shows on the probe set alone.

    Args:
        agent: the learning rule.
        network: one lane.
        batch: the probe set, columns `[N, ...]`.
        gamma: discount of the run.
    """
    seen = units.watch(network, batch.obs)
    with torch.no_grad():
        values = agent.values(network(batch.obs))
    return {
        "q_max": signs.q_max(values),
        "soft_divergence": signs.soft_divergence(values, batch.reward, gamma),
        "dormant_ratio": units.dormant_ratio(seen.activity),
        "td_error": signs.td_error(agent, network, batch),
        "srank": units.srank(seen.features),
        "sharpness": sharpness(agent, network, batch).value,
    }


def _signs(restored: Restored, built: Built, probe: ProbeSet, episodes: int) -> list[Numbers]:
    """Every sign of every lane."""
    learner, gamma = restored.learner, built.train.replay.gamma
    batch = as_batch(probe, gamma, built.device)
    starts = [EVALUATION_SEED] * learner.lanes
    env = built.make_env(seeds=starts, per_lane=episodes, device=built.device)
    longest = built.train.evaluate.max_length
    excess = overestimation(learner.values, env, gamma, longest).tolist()
    found: list[Numbers] = []
    for lane, finite in enumerate(restored.finite):
        own: Numbers = dict.fromkeys(SIGNS)
        if finite:
            own |= lane_signs(restored.agent, lane_network(restored, lane), batch, gamma)
            own["overestimation"] = excess[lane]
        found.append({name: _number(value) for name, value in own.items()})
    return found


def _where(finite: Sequence[bool], numbers: Sequence[float]) -> list[float | None]:
    return [_number(own) if ok else None for ok, own in zip(finite, numbers, strict=True)]


def _number(value: float | None) -> float | None:
    """The number, or None where it is none."""
    return None if value is None or not math.isfinite(value) else value
