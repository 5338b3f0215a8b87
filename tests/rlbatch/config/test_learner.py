"""Optimisers and learning rate schedules of a config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rlbatch.config import Experiment, build, read
from rlbatch.errors import ConfigError
from rlbatch.learner import (
    AdamSettings,
    AdamWSettings,
    LAMBSettings,
    LARSSettings,
    LrSchedule,
    OptimizerSettings,
    RMSPropSettings,
    SGDSettings,
)

Written = Callable[..., Path]

BASE = """\
env: {plug: "envs.probes:TwoStep"}
agent: {plug: "agents.dqn:DQN", hidden: [4]}
env_steps: 100
learn: {start: 10}
learner:
"""


def built(written: Written, line: str) -> Experiment:
    return build(read(written(f"{BASE}  {line}\n"), ["device=cpu"]), "x")


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("{eps: 1e-3}", AdamSettings(eps=1e-3)),
        ("{kind: adamw, weight_decay: 0.1}", AdamWSettings(weight_decay=0.1)),
        ("{kind: sgd, momentum: 0.9, nesterov: true}", SGDSettings(momentum=0.9, nesterov=True)),
        ("{kind: rmsprop, centered: false}", RMSPropSettings(centered=False)),
        ("{kind: lars, trust: 0.02}", LARSSettings(trust=0.02)),
        ("{kind: lamb, beta1: 0.5}", LAMBSettings(beta1=0.5)),
    ],
)
def test_every_kind_of_optimiser_is_built_and_reads_back(
    written: Written, options: str, settings: OptimizerSettings
) -> None:
    found = built(written, f"optimizer: {options}")
    assert found.train.learner.optimizer == settings
    assert build(read(written(found.text(), "again.yaml")), "x").train == found.train


def test_a_schedule_of_the_learning_rate_is_built_and_reads_back(written: Written) -> None:
    found = built(written, "lr_schedule: {warmup: 500, decay: cosine, over: 9_000, end: 0.1}")
    wanted = LrSchedule(warmup=500, decay="cosine", over=9000, end=0.1)
    assert found.train.learner.lr_schedule == wanted
    assert build(read(written(found.text(), "again.yaml")), "x").train == found.train


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "optimizer: {kind: lmab}",
            r"^x\.yaml:6:21: learner\.optimizer\.kind: expected one of adam, adamw, sgd, rmsprop, "
            r"lars, lamb, got 'lmab'\. Did you mean 'lamb'\?",
        ),
        (
            "optimizer: {kind: rmsprop, alpha: 1.0}",
            r"^x\.yaml:6:37: learner\.optimizer\.alpha: expected a number in \[0, 1\), got 1\.0\.",
        ),
        (
            "optimizer: {kind: lamb, momentum: 0.9}",
            r"^x\.yaml:6:27: learner\.optimizer\.momentum: expected a known key",
        ),
        (
            "lr_schedule: {warmup: 8, decay: linear, over: 0}",
            r"^x\.yaml:6:49: learner\.lr_schedule\.over: expected at least 1 row",
        ),
        (
            "lr_schedule: {decay: step}",
            r"^x\.yaml:6:24: learner\.lr_schedule\.decay: expected 'none', 'linear', 'cosine' or",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_place(
    written: Written, line: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        built(written, line)
